//! Whole rounds on several computers: each clip is ordered, fetched and published once.

use super::{assert_each_once, empty_log};
use crate::run::vendor;
use crate::support::{World, listings};

#[test]
fn rounds_of_several_computers_at_the_same_time_do_everything_once() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let server = vendor(|_| false);
    let computer = || {
        let world = World::facing(&server).with_var("CREATIVEAI_JOBS", &log);
        world.write("listings.csv", listings(6));
        world
    };
    let worlds = [computer(), computer(), computer()];
    let list = worlds[0].path("list");
    let publish = format!("echo $CREATIVEAI_JOB >> {}", list.display());
    let round = ["run", "listings.csv", "--skip", "check", "--exec", &publish];
    let runs: Vec<_> = worlds.iter().map(|world| world.start(&round)).collect();
    for run in runs {
        let ended = run.wait();
        assert!([0, 75].contains(&ended.code()), "{}", ended.stderr);
    }
    // What one has left to another is there by now.
    let at_end = worlds[2].run(&round).expect(0);
    assert!(at_end.stderr.contains("6 ready"), "{}", at_end.stderr);
    assert_each_once(&server, 6);
    let count = |status: &str| {
        let query = "SELECT count(*), count(DISTINCT job) FROM creativeai.lines WHERE status";
        database.sql(&format!("{query} = '{status}'"))
    };
    assert_eq!(count("downloaded"), "6|6");
    assert_eq!(count("published"), "6|6");
    let published = std::fs::read_to_string(&list).unwrap();
    assert_eq!(published.lines().count(), 6, "{published}");
    assert!(worlds[2].path("report.html").is_file());
}

#[test]
fn what_was_said_of_a_round_is_not_said_again_by_the_next() {
    let Some((_, log)) = empty_log() else {
        return;
    };
    let server = vendor(|_| true);
    let world = World::facing(&server).with_var("CREATIVEAI_JOBS", &log);
    world.write("listings.csv", listings(1));
    let round = ["run", "listings.csv", "--skip", "check", "--json"];
    let given_up = || {
        let json = world.run(&round).json();
        json["newly_given_up"].as_u64().unwrap()
    };
    let mut counts = Vec::new();
    for _ in 0..5 {
        counts.push(given_up());
    }
    assert_eq!(counts.iter().sum::<u64>(), 1, "{counts:?}");
}
