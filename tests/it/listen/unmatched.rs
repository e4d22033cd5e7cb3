//! Signed deliveries that find no place: they come to another path, or of no job of the log.

use crate::support::delivery::{Delivery, PATH};
use crate::support::processes::Process;
use crate::support::{Server, World, http, listings};

#[test]
fn a_signed_delivery_of_no_job_of_the_log_is_warned_of_and_counted() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(0);
    let receiver = Process::listen(&world, &["--jobs", "jobs.jsonl", "--json"]);
    for id in ["vgen_lost", "vgen_lost", "vgen_gone"] {
        assert_eq!(receiver.deliver(&Delivery::completed(id)), 200);
    }
    let ended = receiver.stop().expect(143);
    assert_eq!(ended.stderr.matches("not applied: no job").count(), 1);
    assert_eq!(ended.json()["not_applied"], 2);
}

#[test]
fn a_signed_delivery_to_another_path_is_warned_of_once_and_counted() {
    let world = World::new();
    let receiver = Process::listen(&world, &[]);
    let good = Delivery::completed("vgen_1");
    let other = format!("{PATH}/");
    for _ in 0..2 {
        let request = http::request("POST", &other, &good.headers, &good.body);
        assert_eq!(receiver.send(&request), 404);
    }
    // Anyone on the internet looks for other things.
    assert_eq!(receiver.send(&http::request("POST", "/x", &[], b"")), 404);
    let ended = receiver.stop().expect(143).stderr;
    let warning = format!("a signed delivery came to {other} and was refused");
    assert_eq!(ended.matches(&warning).count(), 1, "{ended}");
    assert_eq!(ended.matches("was refused").count(), 1, "{ended}");
    assert!(ended.contains("0 failed, 3 refused"), "{ended}");
}
