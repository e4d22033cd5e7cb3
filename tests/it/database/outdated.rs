//! What a person or a run has decided on is not all that there is by the time it gets into the log.

use super::people::wait_for_waiting;
use super::{empty_log, world};
use crate::support::postgres::Database;

use crate::support::{Ended, Running, Server, Step, World, listings};

fn computer(server: &Server, log: &str, count: usize) -> World {
    let world = World::facing(server).with_var("CREATIVEAI_JOBS", log);
    world.write("listings.csv", listings(count));
    world
}

/// A computer, and what is run on it.
type Command<'a> = (&'a World, &'a [&'a str]);

/// Runs both commands so that each has read the log before the other one writes; the first one writes first.
fn beside(database: &Database, commands: [(&World, &[&str]); 2]) -> [Ended; 2] {
    let mut lock = database.session();
    lock.run("BEGIN; SELECT FROM creativeai.logs FOR UPDATE");
    let mut waiting = 0;
    let running = commands.map(|(world, args)| {
        let run = world.start(args);
        waiting += 1;
        wait_for_waiting(database, &waiting.to_string());
        run
    });
    lock.run("ROLLBACK");
    running.map(Running::wait)
}

#[test]
fn of_two_people_who_decide_about_one_attempt_the_second_one_has_to_look_again() {
    for second in [
        &["--not-accepted"][..],
        &["--dismiss"],
        &["--generation-id", "vgen_8"],
    ] {
        let Some((database, log)) = empty_log() else {
            return;
        };
        let silent = Server::start(|_| Step::close().billed());
        let worlds = [computer(&silent, &log, 1), computer(&silent, &log, 1)];
        worlds[0].run(&["submit", "listings.csv"]).expect(3);
        let first = ["resolve", "LST-1", "--generation-id", "vgen_7"];
        let second = [&["resolve", "LST-1"][..], second].concat();
        let [first, second] = beside(&database, [(&worlds[0], &first), (&worlds[1], &second)]);
        first.expect(0);
        let second = second.expect(75);
        for words in ["written about job", "nothing was changed", "decide again"] {
            assert!(second.stderr.contains(words), "{}", second.stderr);
        }
        let job = worlds[1].run(&["status", "--json"]).expect(0).json();
        assert_eq!(job[0]["status"], "pending");
        assert_eq!(job[0]["generation_id"], "vgen_7");
    }
}

#[test]
fn of_two_renames_that_meet_the_second_one_has_to_look_again() {
    for (names, later) in [
        ([["LST-1", "LST-9"], ["LST-2", "LST-9"]], 2),
        ([["LST-1", "LST-7"], ["LST-1", "LST-8"]], 2),
    ] {
        let Some((database, log)) = empty_log() else {
            return;
        };
        let server = Server::accepting();
        let worlds = [computer(&server, &log, 2), computer(&server, &log, 2)];
        worlds[0].run(&["submit", "listings.csv"]).expect(0);
        let [first, second] = names.map(|[old, new]| ["rename", old, new]);
        let [one, other] = beside(&database, [(&worlds[0], &first), (&worlds[1], &second)]);
        one.expect(0);
        let other = other.expect(75);
        let unchanged = "nothing was changed";
        assert!(other.stderr.contains(unchanged), "{}", other.stderr);
        // As if it had come later at once.
        worlds[1].run(&second).expect(later);
    }
}

#[test]
fn a_rehearsal_and_live_jobs_that_begin_at_once_do_not_share_an_empty_log() {
    for rehearsal_is_first in [true, false] {
        let Some((database, log)) = empty_log() else {
            return;
        };
        let server = Server::accepting();
        let live = computer(&server, &log, 2);
        let rehearsal = world().with_var("CREATIVEAI_JOBS", &log);
        rehearsal.write("listings.csv", listings(1));
        let rehearse = ["submit", "listings.csv", "--sandbox", "--jobs", &log];
        let order = ["submit", "listings.csv", "--jobs", &log];
        let (mut first, mut second): (Command<'_>, Command<'_>) =
            ((&rehearsal, &rehearse), (&live, &order));
        let (mut posts, mut words) = (0, "live jobs never enter");
        if !rehearsal_is_first {
            std::mem::swap(&mut first, &mut second);
            (posts, words) = (2, "never writes to a live log");
        }
        let [one, other] = beside(&database, [first, second]);
        one.expect(0);
        let other = other.expect(78);
        assert!(other.stderr.contains(words), "{}", other.stderr);
        assert_eq!(server.posts().len(), posts);
        // The log stays as usable as it was.
        first.0.run(first.1).expect(0);
        second.0.run(second.1).expect(78);
    }
}
