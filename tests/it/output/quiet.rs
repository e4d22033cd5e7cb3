//! `--quiet`: nothing on success, everything on failure.

use crate::support::{Server, Step, World, listings};

#[test]
fn a_success_is_silent_even_with_warnings() {
    let server = Server::scripted(vec![Step::accept_as("simmering")]);
    let world = World::facing(&server);
    // A row twice, one with a mistake, and a status no one knows: three warnings.
    let rows = format!(
        "{}{}X,ftp://x,pan,,\n",
        listings(2),
        listings(1).split_once('\n').unwrap().1
    );
    world.write("listings.csv", rows);
    for args in [
        &["submit", "listings.csv", "--skip-invalid"][..],
        &["submit", "listings.csv", "--skip-invalid", "--dry-run"],
        &["reconcile"],
        &["retry", "--failed"],
        &["retry", "--failed", "--dry-run"],
        &["status"],
        &["status", "--summary"],
        &["status", "--id", "LST-1"],
        &["config"],
        &["compact"],
        &["report", "-o", "report.html"],
        &["resolve", "LST-1", "--dismiss"],
    ] {
        let args: Vec<&str> = args.iter().copied().chain(["-q"]).collect();
        let run = world.run(&args).expect(0);
        assert_eq!(
            (run.stdout.as_str(), run.stderr.as_str()),
            ("", ""),
            "{args:?}"
        );
    }
    assert_eq!(server.bills().len(), 2);
}

#[test]
fn agreeing_beforehand_is_silent_too() {
    let server = Server::scripted(vec![Step::reply(500, "")]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv"]).expect(3);
    let run = world.run(&["retry", "--unknown", "--yes", "-q"]).expect(0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
}

#[test]
fn a_failure_is_reported_with_its_warnings() {
    let server = Server::scripted(vec![Step::reply(400, "no such photo")]);
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    let run = world.run(&["submit", "listings.csv", "-q"]).expect(1);
    assert!(run.stderr.contains("no such photo"), "{}", run.stderr);
    let run = world.run(&["submit", "none.csv", "-q"]).expect(74);
    assert!(run.stderr.contains("none.csv"), "{}", run.stderr);
}

#[test]
fn what_is_made_to_be_kept_is_written_all_the_same() {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(1));
    world.run(&["submit", "listings.csv", "-q"]).expect(0);
    for args in [
        &["status", "--csv"][..],
        &["status", "--json"],
        &["report", "-o", "-"],
        &["completions", "bash"],
        &["help", "log"],
    ] {
        let args: Vec<&str> = args.iter().copied().chain(["-q"]).collect();
        assert!(!world.run(&args).expect(0).stdout.is_empty(), "{args:?}");
    }
}
