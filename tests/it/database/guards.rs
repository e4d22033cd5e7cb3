//! What must not happen does not, also where the database itself gets in the way.

use super::{assert_each_once, empty_log, silence_runs};
use crate::support::{Server, Step, World, listings};

fn computer(server: &Server, log: &str, count: usize) -> World {
    let world = World::facing(server).with_var("CREATIVEAI_JOBS", log);
    world.write("listings.csv", listings(count));
    world
}

#[test]
fn a_claim_that_is_not_as_it_was_seen_is_not_taken_over() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    // It may have been accepted.
    let server = Server::start(|_| Step::close().billed());
    let world = computer(&server, &log, 1);
    world.run(&["submit", "listings.csv"]).expect(3);
    silence_runs(&database);
    // Someone who does not ask for the log's lock takes the claim while this run decides.
    database.sql(
        "CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN UPDATE creativeai.claims SET run = 'another'; RETURN new; END $$; \
         CREATE TRIGGER take BEFORE INSERT ON creativeai.runs \
         FOR EACH ROW EXECUTE FUNCTION take()",
    );
    let retry = ["retry", "--unknown", "--yes", "--database-wait", "0s"];
    let ended = world.run(&retry).expect(3);
    assert!(ended.stderr.contains("were changed"), "{}", ended.stderr);
    assert_eq!(server.posts().len(), 1);
    database.sql("DROP TRIGGER take ON creativeai.runs");
    world.run(&retry).expect(3);
    assert_eq!(server.posts().len(), 2);
}

#[test]
fn a_transaction_that_the_server_gives_up_is_made_again() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    // As distributed servers do it, and any one where two wait for each other.
    database.sql(
        "CREATE SEQUENCE tries; \
         CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$ \
         BEGIN CASE nextval('tries') \
             WHEN 1 THEN RAISE EXCEPTION 'not now' USING ERRCODE = 'serialization_failure'; \
             WHEN 2 THEN RAISE EXCEPTION 'not now' USING ERRCODE = 'deadlock_detected'; \
             ELSE RETURN new; END CASE; END $$; \
         CREATE TRIGGER give_up BEFORE INSERT ON creativeai.claims \
         FOR EACH STATEMENT EXECUTE FUNCTION give_up()",
    );
    let server = Server::accepting();
    computer(&server, &log, 3)
        .run(&["submit", "listings.csv"])
        .expect(0);
    assert_each_once(&server, 3);
    assert!(
        database
            .sql("SELECT last_value FROM tries")
            .parse::<u32>()
            .unwrap()
            > 2
    );
}

#[test]
fn a_role_with_the_rights_to_write_and_no_others_does_all_the_work() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let role = format!("worker_{}", database.name);
    database.sql(&format!("CREATE ROLE {role} LOGIN"));
    let server = Server::start(|post| {
        if post.number == 0 {
            Step::close().billed()
        } else {
            Step::accept()
        }
    });
    let owner = computer(&server, &log, 0);
    owner
        .run(&["log", "init", &log, "--grant-to", &role])
        .expect(0);
    let world = computer(&server, &database.address(&role, "shop"), 3);
    world
        .run(&["submit", "listings.csv", "--concurrency", "1"])
        .expect(3);
    world.run(&["log", "pause"]).expect(0);
    world.run(&["log", "resume"]).expect(0);
    world.run(&["retry", "--unknown", "--yes"]).expect(0);
    let jobs = world.run(&["status", "--json"]).expect(0).json();
    let job = jobs[0]["job"].as_str().unwrap();
    world.run(&["resolve", job, "--dismiss"]).expect(0);
    world.run(&["check"]);
    assert_eq!(server.posts().len(), 4);
    // Nothing that was written can be changed or taken away.
    for right in ["UPDATE", "DELETE", "TRUNCATE"] {
        let may = format!("SELECT has_table_privilege('{role}', 'creativeai.lines', '{right}')");
        assert_eq!(database.sql(&may), "f", "{right}");
    }
}

#[test]
fn what_only_a_person_can_set_right_is_not_waited_for() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    let server = Server::start(|_| Step::reply(400, r#"{"error":"no such photo"}"#));
    let owner = computer(&server, &log, 1);
    owner.run(&["submit", "listings.csv"]).expect(1);
    let [reader, held] = ["reader", "held"].map(|name| format!("{name}_{}", database.name));
    let roles = format!("CREATE ROLE {reader} LOGIN; CREATE ROLE {held} LOGIN");
    database.sql(&roles);
    let grant = ["log", "init", &log, "--grant-to"];
    let may_read = [&grant[..], &[&*reader, "--read-only"]].concat();
    owner.run(&may_read).expect(0);
    owner.run(&[&grant[..], &[&*held]].concat()).expect(0);
    let reads_only = format!("ALTER ROLE {held} SET default_transaction_read_only = on");
    database.sql(&reads_only);
    // The usual wait for a database is far longer than this test may take.
    let begun = std::time::Instant::now();
    for (role, next) in [
        (&reader, "--grant-to"),
        (&held, "default_transaction_read_only = off"),
    ] {
        let world = computer(&server, &database.address(role, "shop"), 2);
        world.run(&["status"]).expect(0);
        for command in [
            &["submit", "listings.csv"][..],
            &["retry", "--failed"],
            &["run", "listings.csv", "--once"],
            &["log", "pause"],
        ] {
            let ended = world.run(command).expect(78);
            assert!(ended.stderr.contains(next), "{command:?} {}", ended.stderr);
        }
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(120));
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn the_time_that_a_role_has_for_its_statements_does_not_matter() {
    let Some((database, log)) = empty_log() else {
        return;
    };
    // One insert is slower than it may be.
    database.sql(&format!(
        "ALTER DATABASE {} SET statement_timeout = '1s'; \
         CREATE SEQUENCE tries; \
         CREATE FUNCTION lag() RETURNS trigger LANGUAGE plpgsql AS $$ \
         BEGIN IF nextval('tries') = 1 THEN PERFORM pg_sleep(1.1); END IF; RETURN new; END $$; \
         CREATE TRIGGER lag BEFORE INSERT ON creativeai.claims \
         FOR EACH STATEMENT EXECUTE FUNCTION lag()",
        database.name
    ));
    let server = Server::accepting();
    computer(&server, &log, 1)
        .run(&["submit", "listings.csv", "--database-wait", "0s"])
        .expect(0);
    assert_each_once(&server, 1);
}
