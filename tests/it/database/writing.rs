//! What is so anyway is written to a log in a database by any computer: answers to polls, captures,
//! verdicts. A commit whose answer was lost adds nothing twice.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use serde_json::json;

use crate::support::lines::{A, B, C, rendering, submitting};
use crate::support::postgres::{self, Database};
use crate::support::{Server, Step, World};

/// A vendor whose clips are all finished.
fn vendor() -> Server {
    Server::answering(|request| {
        let id = request.path.rsplit('/').next().unwrap_or_default();
        let url = format!("https://cdn.example.com/{id}.mp4");
        let body = json!({ "id": id, "status": "completed", "output_url": url, "credits": 5 });
        Step::reply(200, body.to_string())
    })
}

/// A log with two clips that render and one order in doubt, in a database and in a file.
fn with_log(server: &Server) -> Option<(Database, World, String)> {
    let database = postgres::database()?;
    let world = World::facing(server);
    let log = database.log("shop");
    world.run(&["log", "init", &log]).expect(0);
    let text = rendering(A, "vgen_1") + &*rendering(B, "vgen_2") + &*submitting(C);
    world.write("jobs.jsonl", text);
    world.run(&["log", "copy", "jobs.jsonl", &log]).expect(0);
    Some((database, world, log))
}

/// What every computer sees, the times aside.
fn states(world: &World, log: &str) -> Vec<(String, String)> {
    let jobs = world.run(&["status", log, "--json"]).expect(0).json();
    let jobs = jobs.as_array().unwrap().iter();
    jobs.map(|job| {
        let text = |name: &str| job[name].as_str().unwrap_or_default().to_owned();
        (text("status"), text("output_url"))
    })
    .collect()
}

#[test]
fn polls_are_written_down_for_every_computer() {
    let server = vendor();
    let Some((database, world, log)) = with_log(&server) else {
        return;
    };
    world.run(&["reconcile", &log]).expect(3);
    world.run(&["reconcile", "jobs.jsonl"]).expect(3);
    // Another computer, with a cache of its own.
    let other = World::facing(&server);
    assert_eq!(states(&other, &log), states(&world, "jobs.jsonl"));
    assert_eq!(states(&other, &log)[0].0, "completed");
    let lines = || database.sql("SELECT count(*) FROM creativeai.lines");
    let before = lines();
    other.run(&["reconcile", &log]).expect(3);
    assert_eq!(lines(), before, "what is known is not written again");
    assert_eq!(server.posts().len(), 0);
}

#[test]
fn computers_that_poll_at_the_same_time_agree() {
    let server = vendor();
    let Some((_, world, log)) = with_log(&server) else {
        return;
    };
    let others: Vec<_> = (0..3).map(|_| World::facing(&server)).collect();
    let running: Vec<_> = others
        .iter()
        .map(|o| o.start(&["reconcile", &log]))
        .collect();
    for one in running {
        one.wait().expect(3);
    }
    world.run(&["reconcile", "jobs.jsonl"]).expect(3);
    for other in &others {
        assert_eq!(states(other, &log), states(&world, "jobs.jsonl"));
    }
}

#[test]
fn verdicts_and_recovered_lines_reach_the_log() {
    let server = vendor();
    let Some((database, world, log)) = with_log(&server) else {
        return;
    };
    let verdict = ["resolve", C, "--generation-id", "vgen_3", "--jobs", &log];
    world.run(&verdict).expect(0);
    let taken = ["resolve", A, "--generation-id", "vgen_3", "--jobs", &log];
    world.run(&taken).expect(2);
    world.run(&["reconcile", &log]).expect(0);
    let all = states(&world, &log);
    assert!(
        all.iter().all(|(status, _)| status == "completed"),
        "{all:?}"
    );
    let lost = rendering("dddd000000000004", "vgen_4");
    let saved: String = lost
        .lines()
        .map(|line| format!("RECOVER {line}\n"))
        .collect();
    world.write("saved", saved);
    for _ in 0..2 {
        world.run(&["reconcile", &log, "--recover", "saved"]);
    }
    let count = "SELECT count(*) FROM creativeai.lines WHERE job = 'dddd000000000004'";
    assert_eq!(database.sql(count), lost.lines().count().to_string());
    // An attempt that is known is claimed: no one makes it again.
    let claims = "SELECT count(*) FROM creativeai.claims";
    assert_eq!(database.sql(claims), "4");
}

#[test]
fn a_role_that_only_reads_learns_why_nothing_is_written() {
    let server = vendor();
    let Some((database, world, log)) = with_log(&server) else {
        return;
    };
    let role = format!("reader_{}", database.name);
    database.sql(&format!("CREATE ROLE {role} LOGIN"));
    world
        .run(&["log", "init", &log, "--grant-to", &role, "--read-only"])
        .expect(0);
    let address = database.address(&role, "shop");
    let ended = world.run(&["resolve", C, "--dismiss", "--jobs", &address]);
    let ended = ended.expect(78);
    assert!(ended.stderr.contains("--grant-to"), "{}", ended.stderr);
}

/// Stands between a client and the server, and loses the answers to the first commits.
struct Proxy {
    port: u16,
    lost: Arc<AtomicU32>,
}

impl Proxy {
    fn start(database: &Database, commits: u32) -> Self {
        let socket = database.server.folder().join(".s.PGSQL.5432");
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let lost = Arc::new(AtomicU32::new(0));
        let counter = lost.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (socket, counter) = (socket.clone(), counter.clone());
                thread::spawn(move || relay(client, &socket, commits, &counter));
            }
        });
        Self { port, lost }
    }
}

/// Passes bytes on. After a commit has reached the server the client hears nothing more.
fn relay(mut client: TcpStream, socket: &PathBuf, commits: u32, lost: &AtomicU32) {
    let mut server = UnixStream::connect(socket).unwrap();
    let mut answers = server.try_clone().unwrap();
    let mut back = client.try_clone().unwrap();
    let is_cut = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let cut = is_cut.clone();
    let answering = thread::spawn(move || {
        let mut buffer = [0; 1 << 14];
        while let Ok(count @ 1..) = answers.read(&mut buffer) {
            if cut.load(Ordering::SeqCst) {
                // The server has committed: this is its answer.
                break;
            }
            if back.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 1 << 14];
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        let part = &buffer[..count];
        if part.windows(6).any(|w| w == b"COMMIT") && lost.load(Ordering::SeqCst) < commits {
            lost.fetch_add(1, Ordering::SeqCst);
            is_cut.store(true, Ordering::SeqCst);
        }
        if server.write_all(part).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Write);
    let _ = answering.join();
}

#[test]
fn a_commit_whose_answer_is_lost_is_made_again_and_adds_nothing_twice() {
    let server = vendor();
    let Some((database, world, log)) = with_log(&server) else {
        return;
    };
    let proxy = Proxy::start(&database, 3);
    let through = format!(
        "postgres://postgres@127.0.0.1:{}/{}?log=shop",
        proxy.port, database.name
    );
    world
        .run(&["resolve", C, "--dismiss", "--jobs", &through])
        .expect(0);
    assert_eq!(proxy.lost.load(Ordering::SeqCst), 3);
    let count = "SELECT count(*) FROM creativeai.lines WHERE status = 'resolved'";
    assert_eq!(database.sql(count), "1");
    assert_eq!(states(&world, &log).len(), 3);
}
