//! What `listen` answers, and what it keeps.

mod forward;
mod load;
mod metrics;
mod terminals;
#[cfg(unix)]
mod unmatched;

use crate::support::World;
use crate::support::delivery::{Delivery, PATH};
use crate::support::http::{self, Connection};
use crate::support::processes::Process;
#[cfg(unix)]
use crate::support::processes::eventually;

fn kept(world: &World) -> String {
    std::fs::read_to_string(world.path("captures.jsonl")).unwrap()
}

#[test]
fn what_is_signed_right_is_kept_as_it_came_and_nothing_else_is() {
    let world = World::new();
    let receiver = Process::listen(&world, &[]);
    let good = Delivery::completed("vgen_1").naming("5b1f0c9a77d2e318.1");
    assert_eq!(receiver.deliver(&good), 200);
    let other_key = Delivery::signed_with("rph_live_other", &good.json());
    let headers = &good.headers;
    for (what, request, status) in [
        ("another key", other_key.request(), 401),
        ("another body", good.clone().saying("{}").request(), 401),
        (
            "no signature",
            good.clone().without("x-creativeai-signature").request(),
            401,
        ),
        (
            "another path",
            http::request("POST", "/", headers, &good.body),
            404,
        ),
        (
            "a deeper path",
            http::request("POST", &format!("{PATH}/x"), headers, &good.body),
            404,
        ),
        ("GET", http::request("GET", PATH, headers, b""), 405),
        ("PUT", http::request("PUT", PATH, headers, &good.body), 405),
        (
            "too large",
            http::request("POST", PATH, headers, &vec![b' '; (1 << 20) + 1]),
            413,
        ),
    ] {
        assert_eq!(receiver.send(&request), status, "{what}");
    }
    let lines = Delivery::read_all(&kept(&world));
    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert_eq!(line.body, good.body);
    assert_eq!(line.url, good.url);
    assert_eq!(
        line.header("x-creativeai-signature"),
        good.header("x-creativeai-signature")
    );
}

#[test]
fn without_a_key_everything_is_kept_and_graded_later() {
    let world = World::new().without_var("CREATIVEAI_API_KEY");
    let mut receiver = Process::listen(&world, &["--path", "/hidden-4711"]);
    receiver
        .run
        .wait_for_words("no key: every delivery is kept");
    let good = Delivery::completed("vgen_1");
    let unsigned = good.clone().without("x-creativeai-signature");
    for delivery in [&good, &unsigned, &good.clone().saying("no JSON")] {
        let request = http::request("POST", "/hidden-4711", &delivery.headers, &delivery.body);
        assert_eq!(receiver.send(&request), 200);
    }
    assert_eq!(kept(&world).lines().count(), 3);
}

#[test]
fn why_a_delivery_was_refused_is_said_in_words() {
    let world = World::new();
    let mut receiver = Process::listen(&world, &["-v"]);
    let unsigned = Delivery::completed("vgen_1").without("x-creativeai-signature");
    assert_eq!(receiver.deliver(&unsigned), 401);
    let why = "a delivery was refused: it has no signature";
    receiver.run.wait_for_words(why);
}

#[test]
fn to_apply_captures_a_key_is_needed_which_may_be_one_that_only_verifies() {
    let world = World::new().without_var("CREATIVEAI_API_KEY");
    let refused = world
        .run(&["listen", "--addr", "127.0.0.1:0", "--jobs", "jobs.jsonl"])
        .expect(78);
    assert!(
        refused.stderr.contains("CREATIVEAI_VERIFY_KEYS"),
        "{}",
        refused.stderr
    );
    assert_eq!(world.files(), [""; 0]);

    let world = world.with_var("CREATIVEAI_VERIFY_KEYS", crate::support::KEY);
    let receiver = Process::listen(&world, &["--jobs", "jobs.jsonl"]);
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_1")), 200);
}

#[test]
fn a_place_where_captures_cannot_be_kept_is_reported_at_once() {
    let world = World::new();
    std::fs::create_dir(world.path("folder")).unwrap();
    let listen =
        |capture: &str| world.run(&["listen", "--addr", "127.0.0.1:0", "--capture", capture]);
    listen("folder").expect(78);
    listen("missing/captures.jsonl").expect(74);
    let jobs = ["listen", "--addr", "127.0.0.1:0", "--jobs", "folder"];
    world.run(&jobs).expect(78);
}

#[test]
fn a_capture_file_has_one_receiver_at_a_time() {
    let world = World::new();
    let first = Process::listen(&world, &[]);
    let second = world.run(&["listen", "--addr", "127.0.0.1:0"]).expect(75);
    assert!(
        second
            .stderr
            .contains(&format!("process {}", first.run.id())),
        "{}",
        second.stderr
    );
    first.run.kill();
    Process::listen(&world, &[]);
}

// Windows does not remove or rename a file that is open.
#[cfg(unix)]
#[test]
fn captures_are_kept_although_their_file_was_removed_replaced_or_moved() {
    let world = World::new();
    let captures = world.path("captures.jsonl");
    let attacks: [(&str, &dyn Fn()); 4] = [
        ("removed", &|| std::fs::remove_file(&captures).unwrap()),
        ("moved", &|| {
            std::fs::rename(&captures, world.path("older.jsonl")).unwrap();
        }),
        ("replaced", &|| {
            world.write("other", "");
            std::fs::rename(world.path("other"), &captures).unwrap();
        }),
        ("emptied", &|| world.write("captures.jsonl", "")),
    ];
    let receiver = Process::listen(&world, &[]);
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_0")), 200);
    for (n, (what, attack)) in attacks.into_iter().enumerate() {
        attack();
        for n in [2 * n + 1, 2 * n + 2] {
            let delivery = Delivery::completed(&format!("vgen_{n}"));
            assert_eq!(receiver.deliver(&delivery), 200, "{what}");
            assert!(kept(&world).contains(&format!("vgen_{n}")), "{what}");
        }
    }
    // Where nothing can be kept, nothing is answered with 200.
    std::fs::remove_file(&captures).unwrap();
    std::fs::create_dir(&captures).unwrap();
    let get = |path: &str| receiver.send(&http::request("GET", path, &[], b""));
    assert_eq!(get("/readyz"), 200);
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_99")), 503);
    // A balancer sends deliveries elsewhere, and a supervisor leaves the process alone.
    assert_eq!((get("/readyz"), get("/healthz")), (503, 200));
    let address = receiver.addr.to_string();
    let ask = ["listen", "--health", "--addr", &address];
    let refused = world.run(&ask).expect(75);
    assert!(
        refused.stderr.contains("cannot be kept"),
        "{}",
        refused.stderr
    );
    std::fs::remove_dir(&captures).unwrap();
    assert_eq!(get("/readyz"), 200);
    world.run(&ask).expect(0);
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_99")), 200);
    assert!(kept(&world).contains("vgen_99"));
}

#[test]
fn captures_go_to_no_file_that_holds_something_else() {
    let world = World::new();
    let log = crate::support::listings(1);
    for (name, content) in [
        ("listings.csv", log.as_str()),
        ("key", "rph_live_0123456789abcdef"),
        (
            "jobs.jsonl",
            "{\"job\":\"5b1f0c9a77d2e318\",\"status\":\"pending\"}\n",
        ),
    ] {
        world.write(name, content);
        let run = world
            .run(&["listen", "--addr", "127.0.0.1:0", "--capture", name])
            .expect(78);
        assert!(run.stderr.contains("something else"), "{}", run.stderr);
        assert_eq!(std::fs::read_to_string(world.path(name)).unwrap(), content);
    }
    let both = [
        "listen",
        "--addr",
        "127.0.0.1:0",
        "--capture",
        "new.jsonl",
        "--jobs",
    ];
    let run = world
        .run(&[&both[..], &["./new.jsonl"]].concat())
        .expect(78);
    assert!(run.stderr.contains("job log"), "{}", run.stderr);
}

#[test]
fn an_address_that_is_taken_is_reported_with_the_way_out() {
    let world = World::new();
    let first = Process::listen(&world, &[]);
    let addr = first.addr.to_string();
    let args = ["listen", "--addr", &addr, "--capture", "other.jsonl"];
    let second = world.run(&args).expect(74);
    assert!(second.stderr.contains("--addr"), "{}", second.stderr);
}

// Modes are Unix's, and links need a right on Windows that users do not have.
#[cfg(unix)]
#[test]
fn captures_are_for_their_owner_alone_and_a_link_is_resolved_once() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let world = World::new();
    world.write("real.jsonl", "");
    std::fs::remove_file(world.path("real.jsonl")).unwrap();
    symlink("real.jsonl", world.path("captures.jsonl")).unwrap();
    let receiver = Process::listen(&world, &[]);
    // From now on it leads elsewhere, which must not matter.
    std::fs::remove_file(world.path("captures.jsonl")).unwrap();
    world.write("precious", "kept");
    symlink("precious", world.path("captures.jsonl")).unwrap();
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_1")), 200);
    assert_eq!(
        std::fs::read_to_string(world.path("precious")).unwrap(),
        "kept"
    );
    let real = world.path("real.jsonl");
    assert_eq!(std::fs::read_to_string(&real).unwrap().lines().count(), 1);
    let mode = real.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

// Windows has no signals, and Wine's consoles pass no Ctrl-C on.
#[cfg(unix)]
#[test]
fn a_signal_lets_what_is_in_flight_have_its_answer() {
    use rustix::process::Signal;
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let world = World::new();
        let receiver = Process::listen(&world, &["--json"]);
        let request = Delivery::completed("vgen_1").request();
        let (half, rest) = request.split_at(request.len() - 20);
        let mut in_flight = Connection::open(receiver.addr).unwrap();
        in_flight.send(half).unwrap();
        let mut idle = Connection::open(receiver.addr).unwrap();
        // Once this is answered, the connection before it has been accepted, too.
        assert_eq!(
            idle.request(&Delivery::completed("vgen_2").request())
                .unwrap(),
            200
        );
        receiver.signal(signal);
        assert!(idle.is_closed());
        eventually("no one new is let in", || {
            Connection::open(receiver.addr).is_err()
        });
        in_flight.send(rest).unwrap();
        assert_eq!(in_flight.status().unwrap(), 200);
        let ended = receiver.run.wait().expect(code);
        assert_eq!(ended.json()["kept"], 2);
        assert_eq!(ended.json()["exit_code"], code);
        assert_eq!(kept(&world).lines().count(), 2);
    }
}

// Windows has no signals, and Wine's consoles pass no Ctrl-C on.
#[cfg(unix)]
#[test]
fn the_sandbox_ends_like_every_server() {
    use rustix::process::Signal;
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let world = World::new();
        let sandbox = Process::sandbox(&world, &["--json"]);
        sandbox.signal(signal);
        let ended = sandbox.run.wait().expect(code);
        assert_eq!(ended.json()["accepted"], 0);
    }
}

/// The limits are ten seconds; nothing here measures that, only that the waiting ends.
#[test]
fn who_dawdles_is_shown_the_door_and_nothing_is_kept() {
    let world = World::new();
    let receiver = Process::listen(&world, &[]);
    let request = Delivery::completed("vgen_1").request();
    let end_of_head = request.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let connect = |bytes: &[u8]| {
        let mut connection = Connection::open(receiver.addr).unwrap();
        connection.send(bytes).unwrap();
        connection
    };
    let mut silent = connect(b"");
    let mut slow_head = connect(&request[..end_of_head]);
    let mut slow_body = connect(&request[..request.len() - 1]);
    assert_eq!(slow_body.status().unwrap(), 408);
    assert!(slow_body.is_closed());
    assert!(slow_head.status().is_err() || slow_head.is_closed());
    assert!(silent.status().is_err() || silent.is_closed());
    assert_eq!(kept(&world), "");
    assert_eq!(receiver.deliver(&Delivery::completed("vgen_1")), 200);
}

/// A file size limit stands in for a disk that is full for a while; Windows has none.
#[cfg(unix)]
#[test]
fn a_full_disk_is_answered_with_503_and_room_ends_that() {
    let world = World::new();
    let script = "ulimit -f 8; exec \"$0\" listen --addr 127.0.0.1:0";
    let program = crate::support::world::PROGRAM;
    let mut run = crate::support::Running::of(world.command("sh", &["-c", script, program]));
    let line = run.wait_for_line("listening on http://");
    let (_, address) = line.split_once("http://").unwrap();
    let addr = address[..address.find('/').unwrap()].parse().unwrap();
    let receiver = Process { run, addr };
    let padding = "x".repeat(1000);
    let deliver = |n: usize| {
        let mut body = crate::support::delivery::completed(&format!("vgen_{n}"));
        body["padding"] = padding.clone().into();
        receiver.deliver(&Delivery::of(&body))
    };
    let mut answered = Vec::new();
    let mut number = 0;
    loop {
        match deliver(number) {
            200 => answered.push(format!("vgen_{number}")),
            status => {
                assert_eq!(status, 503);
                break;
            }
        }
        number += 1;
        assert!(number < 100, "the limit does not hold");
    }
    let all_kept = |file: &str, answered: &[String]| {
        let kept = Delivery::read_all(file);
        let ids: Vec<_> = kept.iter().map(|d| d.json()["id"].clone()).collect();
        answered
            .iter()
            .all(|id| ids.iter().any(|kept| kept == id.as_str()))
    };
    assert!(all_kept(&kept(&world), &answered));
    let ready = || receiver.send(&http::request("GET", "/readyz", &[], b""));
    assert_eq!(ready(), 503);
    // Someone makes room.
    std::fs::rename(world.path("captures.jsonl"), world.path("older.jsonl")).unwrap();
    assert_eq!(ready(), 200);
    assert_eq!(deliver(number), 200, "it is made anew at once");
    assert!(all_kept(&kept(&world), &[format!("vgen_{number}")]));
    let ended = receiver.stop().expect(143);
    assert!(
        ended.stderr.contains("could not be kept"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_receiver_whose_words_no_one_reads_goes_on_answering() {
    use std::io::{BufRead, BufReader};

    // More words than any pipe holds.
    const REFUSED: usize = 5_000;
    let world = World::new();
    let (reader, writer) = std::io::pipe().unwrap();
    let args = ["listen", "-v", "--addr", "127.0.0.1:0"];
    let mut command = world.command(crate::support::world::PROGRAM, &args);
    command.stderr(writer);
    let mut run = crate::support::Running::of(command);
    let mut reader = BufReader::new(reader);
    let mut line = String::new();
    while !line.contains("listening on http://") {
        line.clear();
        assert!(
            reader.read_line(&mut line).unwrap() > 0,
            "it never listened"
        );
    }
    let (_, address) = line.split_once("http://").unwrap();
    let addr = address[..address.find('/').unwrap()].parse().unwrap();
    // From here on no one reads.
    let good = Delivery::completed("vgen_1");
    let bad = good.clone().without("x-creativeai-signature").request();
    let mut connection = Connection::open(addr).unwrap();
    for _ in 0..REFUSED {
        let status = if let Ok(status) = connection.request(&bad) {
            status
        } else {
            connection = Connection::open(addr).unwrap();
            connection.request(&bad).unwrap()
        };
        assert_eq!(status, 401);
    }
    let mut other = Connection::open(addr).unwrap();
    assert_eq!(other.request(&good.request()).unwrap(), 200);
    assert!(!run.has_ended());
    assert_eq!(Delivery::read_all(&kept(&world)).len(), 1);
}
