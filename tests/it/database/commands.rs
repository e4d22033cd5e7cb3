//! `listen --exec` on several receivers: the command runs once for each end of a clip, and what is not come
//! to is reported.

use std::fs::OpenOptions;

use super::empty_log;
use crate::support::delivery::{Delivery, completed};
use crate::support::http::{self, Connection};
use crate::support::processes::{Process, eventually};
use crate::support::proxy::Proxy;
use crate::support::{Server, World};

/// Two clips of one listing are under way, and one of another; their ids.
fn under_way(log: &str) -> (Server, World, Vec<String>) {
    let server = Server::accepting();
    let world = World::facing(&server).with_var("CREATIVEAI_JOBS", log);
    let sheet = "listing_id,image_url,video_prompt\n\
                 LST-1,https://cdn.example.com/1.jpg,Pan\n\
                 LST-1,https://cdn.example.com/2.jpg,Pan\n\
                 LST-2,https://cdn.example.com/3.jpg,Pan\n";
    world.write("listings.csv", sheet);
    world.run(&["submit", "listings.csv"]).expect(0);
    let jobs = world.run(&["status", "--json"]).expect(0).json();
    let jobs = jobs.as_array().unwrap().iter();
    let ids = jobs.map(|job| job["generation_id"].as_str().unwrap().to_owned());
    (server, world, ids.collect())
}

fn failed(id: &str) -> Delivery {
    let mut failed = completed(id);
    failed["status"] = "failed".into();
    Delivery::of(&failed)
}

/// A command that adds to a list who has run it, for which clip and why.
fn noting(world: &World, receiver: &str) -> String {
    format!(
        "echo {receiver} $CREATIVEAI_GENERATION_ID $CREATIVEAI_STATUS >> {}",
        world.path("list").display()
    )
}

/// The list, sorted.
fn noted(world: &World) -> Vec<String> {
    let text = std::fs::read_to_string(world.path("list")).unwrap_or_default();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn wait_for_noted(world: &World, count: usize) {
    eventually("the command has run", || noted(world).len() >= count);
}

#[test]
fn a_clip_of_a_listing_that_another_receiver_works_on_waits_for_it() {
    let Some((_database, log)) = empty_log() else {
        return;
    };
    let (_server, world, ids) = under_way(&log);
    world.shell("mkfifo gate").expect(0);
    let listen = |name: &str, before: &str| {
        let command = format!("{before}{}", noting(&world, name));
        Process::listen(&world, &["--jobs", &log, "--exec", &command])
    };
    let gate = format!("read x < {}; ", world.path("gate").display());
    let first = listen("first", &gate);
    assert_eq!(first.deliver(&Delivery::completed(&ids[0])), 200);
    // Opened once the command reads.
    let gate = OpenOptions::new().write(true).open(world.path("gate"));
    // A receiver that ends meanwhile reports what it has left, one that goes on does it.
    let second = listen("second", "");
    assert_eq!(second.deliver(&Delivery::completed(&ids[1])), 200);
    let ended = second.stop().expect(143);
    for words in [
        "the command was not run for 1 clip that ended",
        "publish",
        "command run for 0 clips, failed for 0, not run for 1",
    ] {
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
    let last = listen("last", "");
    assert_eq!(last.deliver(&Delivery::completed(&ids[1])), 200);
    assert_eq!(noted(&world), [""; 0]);
    drop(gate);
    wait_for_noted(&world, 2);
    let (first, last) = (first.stop().expect(143), last.stop().expect(143));
    for ended in [first, last] {
        let words = "command run for 1 clip, failed for 0\n";
        assert!(ended.stderr.ends_with(words), "{}", ended.stderr);
    }
    let runs = [("first", &ids[0]), ("last", &ids[1])];
    let runs = runs.map(|(name, id)| format!("{name} {id} completed"));
    assert_eq!(noted(&world), runs);
}

#[test]
fn a_clip_that_failed_is_reported_once_whichever_receivers_are_informed() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let (_server, world, ids) = under_way(&log);
    let command = noting(&world, "one");
    let more = ["--jobs", &log, "--exec", &command];
    let [first, second] = [0, 1].map(|_| Process::listen(&world, &more));
    // The first one cannot keep it.
    database.sql("ALTER TABLE creativeai.captures RENAME TO elsewhere");
    assert_eq!(first.deliver(&failed(&ids[0])), 503);
    database.sql("ALTER TABLE creativeai.elsewhere RENAME TO captures");
    assert_eq!(second.deliver(&failed(&ids[0])), 200);
    wait_for_noted(&world, 1);
    // It gets the same later, and something else.
    assert_eq!(first.deliver(&failed(&ids[0])), 200);
    assert_eq!(first.deliver(&Delivery::completed(&ids[2])), 200);
    wait_for_noted(&world, 2);
    // It may still come out.
    assert_eq!(second.deliver(&Delivery::completed(&ids[0])), 200);
    wait_for_noted(&world, 3);
    for receiver in [first, second] {
        receiver.stop().expect(143);
    }
    let mut runs = vec![
        format!("one {} completed", ids[2]),
        format!("one {} completed", ids[0]),
        format!("one {} failed", ids[0]),
    ];
    runs.sort();
    assert_eq!(noted(&world), runs);
}

#[test]
fn an_end_whose_commit_is_not_heard_of_is_come_to_without_another_delivery() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let (_server, world, ids) = under_way(&log);
    let proxy = Proxy::before(database.server.folder());
    let jobs = proxy.log(&database, "shop");
    let command = noting(&world, "alone");
    let receiver = Process::listen(&world, &["--jobs", &jobs, "--exec", &command]);
    // So that the delivery's commit is the next one but one: what others have written is read first.
    let ready = http::request("GET", "/readyz", &[], b"");
    assert_eq!(receiver.send(&ready), 200);
    let (reading, has_read) = proxy.hold_next();
    let code = std::thread::scope(|scope| {
        let (addr, request) = (receiver.addr, failed(&ids[0]).request());
        let delivered =
            scope.spawn(move || Connection::open(addr).unwrap().request(&request).unwrap());
        reading.wait();
        let (reached, let_go) = proxy.hold_next();
        has_read.open();
        reached.wait();
        proxy.away();
        let_go.open();
        delivered.join().unwrap()
    });
    assert_eq!(code, 503);
    let kept = database.sql("SELECT count(*) FROM creativeai.captures");
    assert_eq!(kept, "1");
    assert_eq!(noted(&world), [""; 0]);
    proxy.back();
    wait_for_noted(&world, 1);
    receiver.stop().expect(143);
    assert_eq!(noted(&world), [format!("alone {} failed", ids[0])]);
}

#[test]
fn an_end_that_another_receiver_has_written_is_come_to_when_it_is_delivered_again() {
    let Some((_database, log)) = empty_log() else {
        return;
    };
    let (_server, world, ids) = under_way(&log);
    let writing = Process::listen(&world, &["--jobs", &log]);
    let deliveries = [Delivery::completed(&ids[0]), failed(&ids[2])];
    for delivery in &deliveries {
        assert_eq!(writing.deliver(delivery), 200);
    }
    writing.run.kill();
    let command = noting(&world, "next");
    let next = Process::listen(&world, &["--jobs", &log, "--exec", &command]);
    for delivery in deliveries.iter().chain(&deliveries) {
        assert_eq!(next.deliver(delivery), 200);
    }
    wait_for_noted(&world, 2);
    next.stop().expect(143);
    let mut runs = vec![
        format!("next {} completed", ids[0]),
        format!("next {} failed", ids[2]),
    ];
    runs.sort();
    assert_eq!(noted(&world), runs);
}
