//! Where orders go: never with a rehearsal's key, and through a proxy that may fail.

use crate::support::{Server, Step, World, listings, skip};

#[test]
fn a_rehearsals_key_is_never_sent_to_another_computer() {
    let world = World::new().with_var("CREATIVEAI_API_KEY", "sandbox");
    world.write("listings.csv", listings(1));
    let ended = world.run(&["submit", "listings.csv"]).expect(78);
    assert!(
        ended.stderr.contains("nothing was sent"),
        "{}",
        ended.stderr
    );
    assert_eq!(world.log().text, "");
}

#[test]
fn a_proxy_that_fails_is_named_without_its_password() {
    // One that refuses, and one that is not there.
    let refusing = Server::answering(|_| Step::reply(407, ""));
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for (variable, proxy) in [("HTTPS_PROXY", refusing.url()), ("ALL_PROXY", gone)] {
        let with_password = proxy.replace("http://", "http://me:hunter2@");
        let world = World::new().with_var(variable, &with_password);
        world.write("listings.csv", listings(1));
        let submit = ["submit", "listings.csv", "--timeout", "3s"];
        let ended = world.run(&submit);
        if ended.code() == 78 && ended.stderr.contains("certificates") {
            skip("this computer has no certificates");
            return;
        }
        let ended = ended.expect(75);
        for words in [&*proxy, variable, "not sent yet, nothing was charged"] {
            assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
        }
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
        assert!(!world.log().text.contains("hunter2"));
    }
}
