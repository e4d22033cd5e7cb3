mod nothing;
mod one;
mod programs;

use std::io::Write as _;

use clap::ColorChoice;
use insta::assert_snapshot;

use super::jobs::{StatusQuery, StatusView};
use super::show::run;
use crate::engine::filter::Filters;
use crate::jobs::{Condition, Rates};
use crate::output::{Commands, OutputOptions, Printer};

/// Two listings and a product, a clip in each state.
const LOG: &str = r#"
{"at":"2026-03-12T09:20:00Z","job":"0000000000000001","attempt":1,"status":"submitting","listing_id":"LST-10","property_type":"=residential","line":2,"credits_estimated":5,"request":{"model":"kling-v3","prompt":"slow pan","image_url":"https://cdn.example.com/p/living-room.jpg","duration":"5s","aspect_ratio":"16:9"}}
{"at":"2026-03-12T09:20:01Z","job":"0000000000000001","attempt":1,"status":"pending","listing_id":"LST-10","generation_id":"vgen_a1"}
{"at":"2026-03-12T09:22:18Z","job":"0000000000000001","attempt":1,"status":"completed","listing_id":"LST-10","generation_id":"vgen_a1","output_url":"https://cdn.creativeai.run/output/video-a1.mp4","credits":3,"model_actual":"seedance-1.5-pro","failover_used":true,"completed_at":"2026-03-12T09:22:17Z","via":"webhook"}
{"at":"2026-03-12T09:20:00Z","job":"0000000000000002","attempt":1,"status":"submitting","listing_id":"LST-10","property_type":"=residential","line":3,"request":{"model":"kling-v3","prompt":"slow pan","image_url":"https://cdn.example.com/p/kitchen.jpg","duration":"5s","aspect_ratio":"16:9"}}
{"at":"2026-03-12T09:20:02Z","job":"0000000000000002","attempt":1,"status":"processing","listing_id":"LST-10","generation_id":"vgen_a2","phase":"Encoding","eta_seconds":40}
{"at":"2026-03-12T09:20:00Z","job":"0000000000000003","attempt":1,"status":"submitting","listing_id":"LST-10","property_type":"=residential","line":4,"request":{"model":"kling-v3","prompt":"slow pan","image_url":"https://cdn.example.com/p/bath.jpg","duration":"5s","aspect_ratio":"16:9"}}
{"at":"2026-03-12T09:20:02Z","job":"0000000000000003","attempt":1,"status":"pending","listing_id":"LST-10","generation_id":"vgen_a3"}
{"at":"2026-03-12T09:24:00Z","job":"0000000000000003","attempt":1,"status":"failed","listing_id":"LST-10","generation_id":"vgen_a3","error":"provider ran out of memory","via":"poll"}
{"at":"2026-03-12T09:20:03Z","job":"0000000000000004","attempt":1,"status":"submitting","listing_id":"LST-9","property_type":"loft","line":5,"request":{"model":"kling-v3","prompt":"slow pan","image_url":"https://cdn.example.com/p/terrace.jpg","duration":"10s","aspect_ratio":"16:9"}}
{"at":"2026-03-12T09:21:03Z","job":"0000000000000004","attempt":1,"status":"unknown","listing_id":"LST-9","error":"the connection was cut after the request was sent"}
{"at":"2026-03-12T09:20:03Z","job":"0000000000000005","attempt":1,"status":"submitting","listing_id":"LST-9","property_type":"loft","line":6,"request":{"model":"kling-v3","prompt":"old words","image_url":"https://cdn.example.com/p/garden.jpg","duration":"5s","aspect_ratio":"16:9"}}
{"at":"2026-03-12T09:20:04Z","job":"0000000000000005","attempt":1,"status":"submit_failed","listing_id":"LST-9","error":"prompt too short","http_status":422}
{"at":"2026-03-12T09:20:05Z","job":"0000000000000005","attempt":1,"status":"superseded","by_job":"0000000000000006"}
{"at":"2026-03-12T09:20:06Z","job":"0000000000000006","attempt":1,"status":"submitting","listing_id":"LST-9","property_type":"loft","line":6,"request":{"model":"kling-v3","prompt":"new words","image_url":"https://cdn.example.com/p/garden.jpg","duration":"5s","aspect_ratio":"16:9"}}
{"at":"2026-03-12T09:20:07Z","job":"0000000000000006","attempt":1,"status":"submit_failed","listing_id":"LST-9","error":"too many requests","http_status":429,"temporary":true}
{"at":"2026-03-12T09:20:00Z","job":"0000000000000007","attempt":1,"status":"submitting","sku":"SHOE-1","line":7,"variant":"9:16","request":{"model":"kling-v3","prompt":"turn","image_url":"https://cdn.example.com/p/shoe.png","duration":"5s","aspect_ratio":"9:16"}}
{"at":"2026-03-12T09:23:00Z","job":"0000000000000007","attempt":1,"status":"completed","sku":"SHOE-1","generation_id":"vgen_b1","output_url":"https://cdn.creativeai.run/output/video-b1.mp4","credits":5}
{"at":"2026-03-12T09:24:00Z","job":"0000000000000007","attempt":1,"status":"downloaded","file":"videos/SHOE-1/01-shoe.mp4","bytes":1048576,"sha256":"00"}
{"at":"2026-03-12T09:25:00Z","job":"0000000000000007","attempt":1,"status":"published","target":"shopify","reference":"gid://shopify/Product/1"}
{"at":"2026-03-12T09:26:00Z","job":"00000000000000
"#;

struct Asked {
    show: StatusView,
    json: bool,
    filters: Filters,
    width: u16,
    options: OutputOptions,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            show: StatusView::Table,
            json: false,
            filters: Filters::default(),
            width: 80,
            options: OutputOptions::default(),
        }
    }
}

/// What `status` prints on standard output and on standard error.
fn printed(log: &str, asked: Asked) -> (String, String) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(log.as_bytes()).unwrap();
    let (mut printer, heard) = Printer::for_test(asked.width, asked.options);
    let args = StatusQuery {
        show: asked.show,
        filters: asked.filters,
        json: asked.json,
        commands: Commands::default(),
        rehearsal: Commands::default().in_sandbox(),
        now: "2026-03-12T09:30:00Z".parse().unwrap(),
    };
    let result = run(&args, file.path(), Rates::default(), &mut printer);
    let path = crate::disk::canonicalize(file.path()).unwrap();
    let path = path.display().to_string();
    let error = result
        .err()
        .map_or_else(String::new, |e| format!("{e:#}\n"));
    let report = (heard.err() + error.as_str()).replace(&path, "jobs.jsonl");
    (heard.out(), report)
}

fn shown(asked: Asked) -> String {
    let (out, err) = printed(LOG, asked);
    assert_eq!(err, "");
    out
}

#[test]
fn the_table_fits_eighty_columns() {
    let text = shown(Asked::default());
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert_snapshot!(text, @r"
    LST-9: 0 of 2 clips ready; 10 credits, about $0.71 to $1.00
      ? terrace      outcome unknown                          9 min ago  10 at stake
        the connection was cut after the request was sent
        → creativeai status --id LST-9
      – garden       replaced                                 9 min ago    no charge
      ○ garden       not sent yet                             9 min ago    no charge
        too many requests → the next creativeai submit sends it

    LST-10: 1 of 3 clips ready; 8 credits, about $0.57 to $0.80
      ✓ living-room  ready                                    7 min ago    3 credits
        https://cdn.creativeai.run/output/video-a1.mp4
      • kitchen      rendering: encoding                      9 min ago   ~5 credits
        about 40 s left
      ✗ bath         failed                                   6 min ago     refunded
        provider ran out of memory → creativeai retry --failed

    SHOE-1: 1 clip ready; 5 credits, about $0.36 to $0.50
      ✓ shoe (9:16)  ready, downloaded, published to shopify  7 min ago    5 credits
        videos/SHOE-1/01-shoe.mp4

    Clips      7: 2 ready, 1 rendering, 1 not sent yet, 1 failed, 1 outcome unknown,
               1 replaced
    Delivered  1 downloaded, 1 published
    To fetch   creativeai download
    Spent      8 credits, about $0.57 to $0.80 (expected: 10)
    Reserved   15 credits, about $1.07 to $1.50, for clips under way or in doubt
    Refunded   5 credits, for clips that failed

    !  1 clip was sent without a clear answer, and may have been paid for. Nothing
       is sent again automatically. Check the vendor's dashboard and say what you
       found, or send again at the risk of paying twice, by one of these commands:
       LST-9, terrace, “slow pan”, sent 2026-03-12 09:20:03 UTC
         found:      creativeai resolve 0000000000000004 --generation-id ID
         not there:  creativeai resolve 0000000000000004 --not-accepted
         send again: creativeai retry --unknown
    !  1 clip could not be made; failed clips are not charged. Try again:
         creativeai retry --failed
    •  1 clip was not accepted yet and cost nothing; the next creativeai submit
       sends it again.
    •  1 clip under way. Ask how far:
         creativeai reconcile --wait
    !  1 line of the log could not be read and was left out. One torn line after a
       crash is harmless; more mean that something else wrote to the file.
    ");
}

#[test]
fn a_wide_terminal_has_links_beside_the_clips() {
    let text = shown(Asked {
        width: 150,
        ..Asked::default()
    });
    assert_snapshot!(text, @r"
    LST-9: 0 of 2 clips ready; 10 credits, about $0.71 to $1.00
      ? terrace      outcome unknown                          9 min ago  10 at stake
        the connection was cut after the request was sent → creativeai status --id LST-9
      – garden       replaced                                 9 min ago    no charge
      ○ garden       not sent yet                             9 min ago    no charge
        too many requests → the next creativeai submit sends it

    LST-10: 1 of 3 clips ready; 8 credits, about $0.57 to $0.80
      ✓ living-room  ready                                    7 min ago    3 credits
        https://cdn.creativeai.run/output/video-a1.mp4
      • kitchen      rendering: encoding                      9 min ago   ~5 credits
        about 40 s left
      ✗ bath         failed                                   6 min ago     refunded
        provider ran out of memory → creativeai retry --failed

    SHOE-1: 1 clip ready; 5 credits, about $0.36 to $0.50
      ✓ shoe (9:16)  ready, downloaded, published to shopify  7 min ago    5 credits
        videos/SHOE-1/01-shoe.mp4

    Clips      7: 2 ready, 1 rendering, 1 not sent yet, 1 failed, 1 outcome unknown, 1 replaced
    Delivered  1 downloaded, 1 published
    To fetch   creativeai download
    Spent      8 credits, about $0.57 to $0.80 (expected: 10)
    Reserved   15 credits, about $1.07 to $1.50, for clips under way or in doubt
    Refunded   5 credits, for clips that failed

    !  1 clip was sent without a clear answer, and may have been paid for. Nothing is sent again automatically. Check the vendor's dashboard and say what
       you found, or send again at the risk of paying twice, by one of these commands:
       LST-9, terrace, “slow pan”, sent 2026-03-12 09:20:03 UTC
         found:      creativeai resolve 0000000000000004 --generation-id ID
         not there:  creativeai resolve 0000000000000004 --not-accepted
         send again: creativeai retry --unknown
    !  1 clip could not be made; failed clips are not charged. Try again:
         creativeai retry --failed
    •  1 clip was not accepted yet and cost nothing; the next creativeai submit sends it again.
    •  1 clip under way. Ask how far:
         creativeai reconcile --wait
    !  1 line of the log could not be read and was left out. One torn line after a crash is harmless; more mean that something else wrote to the file.
    ");
}

#[test]
fn colors_do_not_move_anything() {
    let colored = shown(Asked {
        width: 150,
        options: OutputOptions {
            color: ColorChoice::Always,
            ..OutputOptions::default()
        },
        ..Asked::default()
    });
    let plain = shown(Asked {
        width: 150,
        ..Asked::default()
    });
    assert_ne!(colored, plain);
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain);
}

#[test]
fn the_summary_has_counts_and_money_only() {
    let text = shown(Asked {
        show: StatusView::Summary,
        ..Asked::default()
    });
    assert_snapshot!(text, @r"
    Clips      7: 2 ready, 1 rendering, 1 not sent yet, 1 failed, 1 outcome unknown,
               1 replaced
    Delivered  1 downloaded, 1 published
    To fetch   creativeai download
    Spent      8 credits, about $0.57 to $0.80 (expected: 10)
    Reserved   15 credits, about $1.07 to $1.50, for clips under way or in doubt
    Refunded   5 credits, for clips that failed

    !  1 clip was sent without a clear answer, and may have been paid for. Nothing
       is sent again automatically. Check the vendor's dashboard and say what you
       found, or send again at the risk of paying twice, by one of these commands:
       LST-9, terrace, “slow pan”, sent 2026-03-12 09:20:03 UTC
         found:      creativeai resolve 0000000000000004 --generation-id ID
         not there:  creativeai resolve 0000000000000004 --not-accepted
         send again: creativeai retry --unknown
    !  1 clip could not be made; failed clips are not charged. Try again:
         creativeai retry --failed
    •  1 clip was not accepted yet and cost nothing; the next creativeai submit
       sends it again.
    •  1 clip under way. Ask how far:
         creativeai reconcile --wait
    !  1 line of the log could not be read and was left out. One torn line after a
       crash is harmless; more mean that something else wrote to the file.
    ");
}

#[test]
fn a_filtered_summary_counts_what_matches() {
    let text = shown(Asked {
        show: StatusView::Summary,
        json: true,
        filters: Filters::new([Condition::is("Property Type", "loft")]),
        ..Asked::default()
    });
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["jobs"], 3);
    assert_eq!(json["superseded"], 1);
    assert_eq!(json["credits_reserved"], 10);
}

#[test]
fn clips_of_one_name_are_told_apart() {
    let line = |n: u64, photo: &str, prompt: &str, duration: &str| {
        format!(
            r#"{{"at":"2026-03-12T09:20:00Z","job":"{n:016x}","attempt":1,"status":"completed","sku":"MUG","line":{n},"credits":5,"request":{{"model":"kling-v3","prompt":"{prompt}","image_url":"https://cdn.example.com/{photo}.jpg","duration":"{duration}","aspect_ratio":"16:9"}}}}"#
        )
    };
    let log = [
        line(1, "mug", "Turn it slowly in the morning light", "5s"),
        line(2, "mug", "Pan left", "5s"),
        line(3, "cup", "Turn", "5s"),
        line(4, "cup", "Turn", "10s"),
        line(5, "a/jar", "Turn", "5s"),
        line(6, "b/jar", "Turn", "5s"),
        line(7, "lid", "Turn", "5s"),
    ];
    let (out, _) = printed(&log.join("\n"), Asked::default());
    for name in [
        "✓ mug, “Turn it slowly in the morning…” ",
        "✓ mug, “Pan left” ",
        "✓ cup, 5s ",
        "✓ cup, 10s ",
        "✓ jar, 0000000000000005 ",
        "✓ jar, 0000000000000006 ",
        "✓ lid ",
    ] {
        assert!(out.contains(name), "{name}: {out}");
    }
}

#[test]
fn the_sample_scripts_logs_are_shown_too() {
    let log = concat!(
        r#"{"listing_id":"LST-1","generation_id":"vgen_1","status":"completed","property_type":"loft","output_url":"https://cdn/x.mp4","credits":5,"completed_at":"2026-03-12T09:29:00Z"}"#,
        "\n",
        r#"{"listing_id":"LST-2","status":"submit_failed","error":"fetch failed"}"#,
        "\n",
    );
    let (out, _) = printed(log, Asked::default());
    assert_snapshot!(out, @r"
    LST-1: 1 clip ready; 5 credits, about $0.36 to $0.50
      ✓ vgen_1            ready            1 min ago  5 credits
        https://cdn/x.mp4

    LST-2: 0 of 1 clip ready; 0 credits
      ? 4bf73a5f1d4853ce  outcome unknown             not known
        fetch failed → creativeai status --id LST-2

    Clips     2: 1 ready, 1 outcome unknown
    To fetch  creativeai download
    Spent     5 credits, about $0.36 to $0.50

    !  1 clip was sent without a clear answer, and may have been paid for. Nothing
       is sent again automatically. Check the vendor's dashboard and say what you
       found, by one of these commands:
       LST-2
         found:      creativeai resolve 4bf73a5f1d4853ce --generation-id ID
         not there:  creativeai resolve 4bf73a5f1d4853ce --not-accepted
    ");
}

/// A request in doubt may have gone to the vendor before a sandbox that listens was given the log.
#[test]
fn what_is_in_doubt_beside_a_rehearsal_is_not_said_to_be_unpaid() {
    let log = concat!(
        r#"{"at":"2026-03-12T09:20:00Z","job":"0000000000000001","attempt":1,"status":"unknown","listing_id":"LST-1","error":"cut off"}"#,
        "\n",
        r#"{"at":"2026-03-12T09:20:00Z","job":"0000000000000002","attempt":1,"status":"pending","listing_id":"LST-2","generation_id":"vgen_sandbox_1","sandbox":true}"#,
        "\n",
    );
    let (out, _) = printed(log, Asked::default());
    for words in [
        "Rehearsal: nothing was paid, unless 1 order in doubt went to the vendor\n",
        "check the vendor's dashboard",
    ] {
        let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(out.contains(words.trim()), "{words}: {out}");
    }
}

#[test]
fn a_rehearsal_says_so_and_its_commands_rehearse() {
    let log = concat!(
        r#"{"at":"2026-03-12T09:20:00Z","job":"0000000000000001","attempt":1,"status":"completed","listing_id":"LST-1","generation_id":"vgen_sandbox_1","output_url":"http://127.0.0.1:8790/_sandbox/clips/vgen_sandbox_1.mp4","credits":5,"sandbox":true}"#,
        "\n",
        r#"{"at":"2026-03-12T09:20:00Z","job":"0000000000000002","attempt":1,"status":"unknown","listing_id":"LST-2","error":"cut off","sandbox":true}"#,
        "\n",
        r#"{"at":"2026-03-12T09:20:00Z","job":"0000000000000003","attempt":1,"status":"failed","listing_id":"LST-3","error":"too dark","sandbox":true}"#,
        "\n",
    );
    let (out, _) = printed(log, Asked::default());
    assert_snapshot!(out, @r"
    Rehearsal: nothing was paid

    LST-1: 1 clip ready; 5 credits, about $0.36 to $0.50
      ✓ vgen_sandbox_1    ready            10 min ago  5 credits

    LST-2: 0 of 1 clip ready; 0 credits
      ? 0000000000000002  outcome unknown  10 min ago  not known
        cut off → creativeai status --id LST-2 --sandbox

    LST-3: 0 of 1 clip ready; 0 credits
      ✗ 0000000000000003  failed           10 min ago  no charge
        too dark → creativeai retry --failed --sandbox

    Clips            3: 1 ready, 1 failed, 1 outcome unknown
    To fetch         creativeai download --sandbox
    Would have cost  5 credits, about $0.36 to $0.50

    !  1 clip was sent without a clear answer, and may have been paid for. Nothing
       is sent again automatically. A rehearsal has no vendor dashboard: say what
       you would find there, by one of these commands:
       LST-2
         found:      creativeai resolve 0000000000000002 --generation-id ID --sandbox
         not there:  creativeai resolve 0000000000000002 --not-accepted --sandbox
    !  1 clip could not be made; failed clips are not charged. Try again:
         creativeai retry --failed --sandbox
    ");
    let summary = Asked {
        show: StatusView::Summary,
        ..Asked::default()
    };
    let (out, _) = printed(log, summary);
    assert!(out.starts_with("Rehearsal: nothing was paid\n"), "{out}");
    let json = Asked {
        show: StatusView::Summary,
        json: true,
        ..Asked::default()
    };
    let (out, _) = printed(log, json);
    assert!(
        out.starts_with('{') && out.contains("\"credits_charged\":5"),
        "{out}"
    );
}

#[test]
fn a_clip_that_takes_much_longer_than_the_others_is_overdue() {
    use std::fmt::Write as _;
    let mut log = String::new();
    for n in 1..=4 {
        let ready = n < 4;
        let at = if ready { "09:00" } else { "08:00" };
        let job = format!("{n:016}");
        let start = format!(r#"{{"at":"2026-03-12T{at}:00Z","job":"{job}","attempt":1,"#);
        writeln!(
            log,
            r#"{start}"status":"submitting","listing_id":"L-{n}"}}"#
        )
        .unwrap();
        let rest = if ready {
            r#""status":"completed","generation_id":"vgen_x","completed_at":"2026-03-12T09:01:00Z"}"#
        } else {
            r#""status":"processing","generation_id":"vgen_x"}"#
        };
        let rest = rest.replace("vgen_x", &format!("vgen_{n}"));
        writeln!(log, "{start}{rest}").unwrap();
    }
    let (shown, _) = printed(&log, Asked::default());
    assert_eq!(shown.matches("overdue").count(), 1, "{shown}");
    assert!(shown.contains("rendering, overdue"), "{shown}");
    // With too few clips to learn from, nothing is.
    let last: Vec<&str> = log.lines().skip(4).collect();
    let (shown, _) = printed(&last.join("\n"), Asked::default());
    assert!(!shown.contains("overdue"), "{shown}");
}

#[test]
fn of_several_clips_in_doubt_each_is_named_with_its_job() {
    let doubt = |n: u32| {
        format!(
            r#"{{"at":"2026-03-12T09:20:00Z","job":"{n:016x}","attempt":1,"status":"unknown","listing_id":"LST-1"}}"#
        )
    };
    let (out, _) = printed(&[doubt(1), doubt(2)].join("\n"), Asked::default());
    for n in 1..=2 {
        assert!(out.contains(&format!("   {n:016x}: LST-1")), "{out}");
        assert!(
            out.contains(&format!("resolve {n:016x} --not-accepted")),
            "{out}"
        );
    }
}

#[test]
fn a_clip_without_a_link_is_asked_for_by_download() {
    let ready = r#"{"at":"2026-03-12T09:20:00Z","job":"0000000000000001","attempt":1,"status":"completed","generation_id":"g1","listing_id":"LST-1"}"#;
    let (out, _) = printed(ready, Asked::default());
    assert!(
        out.contains("no link reported yet: creativeai download"),
        "{out}"
    );
}

#[test]
fn on_a_narrow_terminal_no_heading_is_cut() {
    let narrow = Asked {
        width: 40,
        ..Asked::default()
    };
    let (out, _) = printed(LOG, narrow);
    let headings = out.lines().take_while(|line| !line.starts_with("Clips"));
    for line in headings.filter(|line| line.contains("credits, about") || line.contains('$')) {
        assert!(line.chars().count() <= 40, "{line}");
    }
    assert!(out.contains("LST-9:\n  0 of 2 clips ready;"), "{out}");
}
