//! `publish --exec` on Windows: what cmd makes of commands and fields.

use std::fs;

use crate::support::orders::{Order, log_of};
use crate::support::vendor::{Cdn, clip, unused_api, world};
use crate::support::{Server, World};

/// A clip for each of these cells.
fn with_cells(cells: &[&str]) -> (Server, World) {
    let api = unused_api();
    let order = |(n, cell): (usize, &&str)| {
        Order::of("LST", n + 2, "https://cdn.example.com/a.mp4").with("delivery_target", cell)
    };
    let orders: Vec<Order> = cells.iter().enumerate().map(order).collect();
    let world = world(&api, &log_of(&orders));
    (api, world)
}

#[test]
fn a_cell_is_never_a_command() {
    let cells = [
        "a&echo x>pwned",
        "a|echo x>pwned",
        "\"&echo x>pwned&\"",
        "%PATH%",
        "!PATH!",
        "^&echo x>pwned",
        "a\r\necho x>pwned",
        ">pwned",
    ];
    let (_api, world) = with_cells(&cells);
    let command = "echo [!CREATIVEAI_DELIVERY_TARGET!]>>out";
    world.run(&["publish", "--exec", command]).expect(0);
    let out = fs::read_to_string(world.path("out")).unwrap();
    for cell in cells.iter().filter(|cell| !cell.contains('\n')) {
        assert!(out.contains(&format!("[{cell}]")), "{cell} in {out}");
    }
    assert!(!world.path("pwned").exists());
}

#[test]
fn a_field_between_percent_signs_is_refused_before_anything_runs() {
    let (_api, world) = with_cells(&["a&echo x>pwned"]);
    let command = "echo %CREATIVEAI_DELIVERY_TARGET%>>out";
    let run = world.run(&["publish", "--exec", command]).expect(2);
    assert!(
        run.stderr.contains("!CREATIVEAI_DELIVERY_TARGET!"),
        "{}",
        run.stderr
    );
    assert!(!world.path("pwned").exists() && !world.path("out").exists());
}

#[test]
fn a_program_in_a_folder_with_a_space_is_run() {
    let (_api, world) = with_cells(&["x"]);
    fs::create_dir(world.path("my tools")).unwrap();
    fs::write(world.path("my tools/hand on.cmd"), "@echo %~1>out\r\n").unwrap();
    let command = "\"my tools\\hand on.cmd\" \"two words\"";
    world.run(&["publish", "--exec", command]).expect(0);
    let out = fs::read_to_string(world.path("out")).unwrap();
    assert_eq!(out.trim(), "two words");
}

#[test]
fn the_example_copies_the_clip() {
    let cdn = Cdn::honest();
    let url = cdn.put("a", clip("a", 900));
    let api = unused_api();
    let order = Order::of("LST 1 & echo x>pwned", 2, &url);
    let world = world(&api, &order.lines());
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/upload.cmd");
    fs::copy(example, world.path("upload.cmd")).unwrap();
    let early = world.run(&["publish", "--exec", "upload.cmd"]).expect(1);
    assert!(
        early.stderr.contains("creativeai download"),
        "{}",
        early.stderr
    );
    world.run(&["download"]).expect(0);
    world.run(&["publish", "--exec", "upload.cmd"]).expect(0);
    let folder = world.path("published").join(order.job());
    let copy = fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    assert_eq!(fs::read(copy.path()).unwrap(), clip("a", 900));
    assert!(!world.path("pwned").exists());
}

#[test]
fn no_path_begins_in_a_way_that_programs_cannot_read() {
    let cdn = Cdn::honest();
    let url = cdn.put("a", clip("a", 900));
    let api = unused_api();
    let world = world(&api, &Order::of("LST-1", 2, &url).lines());
    // Outside the log's folder, so that the log names the whole path.
    let elsewhere = tempfile::tempdir().unwrap();
    let dir = elsewhere.path().to_str().unwrap();
    let mut output = world
        .run(&["download", "--dir", dir, "-v"])
        .expect(0)
        .stderr;
    output += &world
        .run(&["publish", "--exec", "echo !CREATIVEAI_FILE!>out"])
        .expect(0)
        .stderr;
    output += &world.run(&["report"]).expect(0).stderr;
    output += &world.run(&["status", "--id", "LST-1"]).expect(0).stdout;
    for file in ["jobs.jsonl", "out", "report.html"] {
        output += &fs::read_to_string(world.path(file)).unwrap();
    }
    for prefix in [r"\\?\", r"\\\\?\\", "%3F/", "//?/"] {
        assert!(!output.contains(prefix), "{prefix} in {output}");
    }
    assert!(output.contains("LST-1"), "{output}");
}

#[test]
fn a_command_that_takes_too_long_is_a_failure_of_its_clip() {
    let (_api, world) = with_cells(&["x"]);
    // The program itself, serving for ever, below a shell of its own.
    let hang = format!(
        "cmd /C \"{}\" sandbox --addr 127.0.0.1:0",
        env!("CARGO_BIN_EXE_creativeai")
    );
    let run = world
        .run(&["publish", "--exec", &hang, "--exec-timeout", "1s"])
        .expect(1);
    assert!(run.stderr.contains("longer than 1 s"), "{}", run.stderr);
    assert!(!world.log().words().contains(&"published"));
}
