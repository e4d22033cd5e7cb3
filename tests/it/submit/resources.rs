//! What the system refuses: open files, random numbers, an event queue; and files that are none.

use std::time::{Duration, Instant};

use crate::support::{Server, World, listings};
// Faults in system calls are Linux's alone.
#[cfg(target_os = "linux")]
use crate::support::{Running, skip, world::PROGRAM};

/// Longer than any command here may take, and shorter than a request's time-out: what waits for
/// that hangs.
const SOON: Duration = Duration::from_secs(50);

fn world() -> (World, Server) {
    let server = Server::accepting();
    let world = World::facing(&server);
    world.write("listings.csv", listings(3));
    world
        .run(&["submit", "listings.csv", "--max-jobs", "1"])
        .expect(0);
    (world, server)
}

#[test]
fn with_few_open_files_a_command_works_or_says_so() {
    let (world, server) = world();
    for files in 4..=24 {
        for args in [
            "submit listings.csv",
            "submit listings.csv --sandbox",
            "reconcile",
            "status",
            "download",
            "listen --addr 127.0.0.1:0",
            "sandbox --addr 127.0.0.1:0",
        ] {
            let line = format!("ulimit -n {files} && exec \"$0\" {args}");
            let begun = Instant::now();
            let ended = world.shell(&line);
            let output = format!("{files} files, {args}: {}", ended.stderr);
            let works = args == "status" && ended.status.code() == Some(0);
            assert!(works || ended.status.code() == Some(74), "{output}");
            assert!(
                works || ended.stderr.contains("error:") || files < 6,
                "{output}"
            );
            assert!(!ended.stderr.contains("panicked"), "{output}");
            assert!(begun.elapsed() < SOON, "{output}");
        }
    }
    assert_eq!(server.posts().len(), 1, "nothing was sent");
}

#[test]
fn a_low_limit_that_may_be_raised_is_raised() {
    let (world, server) = world();
    let ended = world.shell("ulimit -S -n 20 && exec \"$0\" submit listings.csv");
    ended.expect(0);
    assert_eq!(server.bills().len(), 3);
}

#[cfg(target_os = "linux")]
#[test]
fn what_the_system_refuses_is_an_error_and_never_a_panic() {
    let works = std::process::Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .status();
    if !works.is_ok_and(|status| status.success()) {
        skip("strace cannot be used");
        return;
    }
    for fault in [
        "getrandom:error=EIO",
        "epoll_create1:error=EMFILE",
        "epoll_wait,epoll_pwait,epoll_pwait2:error=EBADF",
        "epoll_wait,epoll_pwait,epoll_pwait2:error=EINVAL:when=5+",
        "epoll_ctl:error=ENOSPC",
        "eventfd2:error=EMFILE",
        "socketpair:error=EMFILE",
        "clone3,clone:error=EAGAIN",
    ] {
        let (world, server) = world();
        let calls = fault.split(':').next().unwrap();
        let (trace, inject) = (format!("trace={calls}"), format!("inject={fault}"));
        let args = ["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
        let submit = [PROGRAM, "submit", "listings.csv"];
        let run = Running::of(world.command("strace", &[&args[..], &submit].concat()));
        let ended = run.wait();
        let output = format!("{fault}: {}", ended.stderr);
        assert!(!ended.stderr.contains("panicked"), "{output}");
        assert!(matches!(ended.code(), 74 | 75), "{output}");
        assert!(ended.stderr.contains("error:"), "{output}");
        // What was sent is accepted or in doubt, and no row is lost.
        let log = world.log();
        assert!(server.bills().len() <= log.jobs.len(), "{output}");
    }
}

#[test]
fn a_pipe_a_device_or_a_folder_is_no_settings_and_no_key_file() {
    let world = World::new().without_var("CREATIVEAI_API_KEY");
    world.write("listings.csv", listings(1));
    std::fs::create_dir(world.path("folder")).unwrap();
    let pipe = world.path("pipe");
    let made = std::process::Command::new("mkfifo")
        .args(["-m", "600"])
        .arg(&pipe)
        .status();
    assert!(made.unwrap().success());
    for what in ["pipe", "folder", "/dev/zero"] {
        for option in ["--config", "--api-key-file"] {
            let submit = ["submit", "listings.csv", option, what];
            let ended = world.run(&submit).expect(78);
            let why = ["it is a folder", "it is a pipe or a device", "mode 0666"];
            let output = why.iter().any(|why| ended.stderr.contains(why));
            assert!(output, "{option} {what}: {}", ended.stderr);
        }
    }
}
