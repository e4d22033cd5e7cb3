use std::io::Write as _;

use clap::ColorChoice;
use insta::assert_snapshot;

use super::*;
use crate::jobs::Condition;
use crate::journal::LogError;
use crate::output::{OutputOptions, failure};

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
    show: Show,
    json: bool,
    filters: Filters,
    width: u16,
    options: OutputOptions,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            show: Show::Table,
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
    let args = StatusArgs {
        show: asked.show,
        filters: asked.filters,
        json: asked.json,
        commands: Commands::default(),
        rehearsal: Commands::default().in_sandbox(true),
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
    Spent      8 credits, about $0.57 to $0.80 (expected: 10)
    Reserved   15 credits, about $1.07 to $1.50, for clips under way or in doubt
    Refunded   5 credits, for clips that failed

    !  1 clip was sent without a clear answer, and may have been paid for. Nothing
       is sent again by itself. Look into the vendor's dashboard and say what you
       found, or send again at the risk of paying twice:
       LST-9, terrace, “slow pan”, sent 2026-03-12 09:20:03 UTC
         creativeai resolve 0000000000000004 --generation-id ID
         creativeai resolve 0000000000000004 --not-accepted
         creativeai retry --unknown
    !  1 clip could not be made; failed clips are not charged. Try again:
         creativeai retry --failed
    •  1 clip was not taken yet and cost nothing; the next creativeai submit sends
       it again.
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
    Spent      8 credits, about $0.57 to $0.80 (expected: 10)
    Reserved   15 credits, about $1.07 to $1.50, for clips under way or in doubt
    Refunded   5 credits, for clips that failed

    !  1 clip was sent without a clear answer, and may have been paid for. Nothing is sent again by itself. Look into the vendor's dashboard and say what
       you found, or send again at the risk of paying twice:
       LST-9, terrace, “slow pan”, sent 2026-03-12 09:20:03 UTC
         creativeai resolve 0000000000000004 --generation-id ID
         creativeai resolve 0000000000000004 --not-accepted
         creativeai retry --unknown
    !  1 clip could not be made; failed clips are not charged. Try again:
         creativeai retry --failed
    •  1 clip was not taken yet and cost nothing; the next creativeai submit sends it again.
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
fn one_listing_is_reported_with_its_evidence() {
    let text = shown(Asked {
        show: Show::One("LST-9".to_owned()),
        ..Asked::default()
    });
    assert_snapshot!(text, @r"
    LST-9: terrace
    ? outcome unknown since 2026-03-12 09:20:03 UTC (9 min ago)
      Means               It was sent, but no clear answer came back. It may have
                          been accepted, and paid for.
      Reason              the connection was cut after the request was sent
      Look for            LST-9, terrace, “slow pan”, sent 2026-03-12 09:20:03 UTC
      If you find it      creativeai resolve 0000000000000004 --generation-id ID
      If it is not there  creativeai resolve 0000000000000004 --not-accepted
      Or send again       creativeai retry --unknown

      Job            0000000000000004
      Manifest       line 5
      Cost           10 credits, about $0.71 to $1.00 reserved
      Model          kling-v3
      Prompt         slow pan
      Photo          https://cdn.example.com/p/terrace.jpg
      Length         10s
      Shape          16:9
      property_type  loft

    Attempt 1: outcome unknown
      2026-03-12 09:20:03 UTC  about to send the request
      2026-03-12 09:21:03 UTC  sent, but no clear answer came back: the connection
                               was cut after the request was sent


    LST-9: garden
    – replaced since 2026-03-12 09:20:05 UTC (9 min ago)
      Means        Its row was edited; the newer clip takes its place.
      Replaced by  job 0000000000000006

      Job            0000000000000005
      Manifest       line 6
      Cost           nothing charged; 5 credits expected
      Model          kling-v3
      Prompt         old words
      Photo          https://cdn.example.com/p/garden.jpg
      Length         5s
      Shape          16:9
      property_type  loft

    Attempt 1: refused
      2026-03-12 09:20:03 UTC  about to send the request
      2026-03-12 09:20:04 UTC  refused: prompt too short (HTTP 422)
      2026-03-12 09:20:05 UTC  replaced by an edited row, job: 0000000000000006


    LST-9: garden
    ○ not sent yet since 2026-03-12 09:20:07 UTC (9 min ago)
      Means   The vendor did not take it yet, and nothing was charged. The next
              submit sends it again.
      Reason  too many requests
      Next    the next creativeai submit sends it

      Job            0000000000000006
      Manifest       line 6
      Cost           nothing charged; 5 credits expected
      Model          kling-v3
      Prompt         new words
      Photo          https://cdn.example.com/p/garden.jpg
      Length         5s
      Shape          16:9
      property_type  loft

    Attempt 1: refused
      2026-03-12 09:20:06 UTC  about to send the request
      2026-03-12 09:20:07 UTC  refused for the time being: too many requests (HTTP
                               429)
    ");
}

#[test]
fn one_job_is_found_by_its_generation_id() {
    let text = shown(Asked {
        show: Show::One("vgen_b1".to_owned()),
        ..Asked::default()
    });
    assert_snapshot!(text, @r"
    SHOE-1: shoe (9:16)
    ✓ ready, downloaded, published to shopify since 2026-03-12 09:23:00 UTC (7 min ago)
      Means  The clip is finished.

      Job        0000000000000007
      Manifest   line 7
      Cost       5 credits, about $0.36 to $0.50 charged
      Clip       https://cdn.creativeai.run/output/video-b1.mp4
      File       videos/SHOE-1/01-shoe.mp4, 1.0 MB
      Published  shopify: gid://shopify/Product/1
      Model      kling-v3
      Prompt     turn
      Photo      https://cdn.example.com/p/shoe.png
      Length     5s
      Shape      9:16

    Attempt 1: ready, as vgen_b1
      2026-03-12 09:20:00 UTC  about to send the request
      2026-03-12 09:23:00 UTC  completed as vgen_b1, 5 credits charged
      2026-03-12 09:24:00 UTC  clip saved: videos/SHOE-1/01-shoe.mp4
      2026-03-12 09:25:00 UTC  published to shopify: gid://shopify/Product/1
    ");
}

#[test]
fn the_summary_has_counts_and_money_only() {
    let text = shown(Asked {
        show: Show::Summary,
        ..Asked::default()
    });
    assert_snapshot!(text, @r"
    Clips      7: 2 ready, 1 rendering, 1 not sent yet, 1 failed, 1 outcome unknown,
               1 replaced
    Delivered  1 downloaded, 1 published
    Spent      8 credits, about $0.57 to $0.80 (expected: 10)
    Reserved   15 credits, about $1.07 to $1.50, for clips under way or in doubt
    Refunded   5 credits, for clips that failed

    !  1 clip was sent without a clear answer, and may have been paid for. Nothing
       is sent again by itself. Look into the vendor's dashboard and say what you
       found, or send again at the risk of paying twice:
       LST-9, terrace, “slow pan”, sent 2026-03-12 09:20:03 UTC
         creativeai resolve 0000000000000004 --generation-id ID
         creativeai resolve 0000000000000004 --not-accepted
         creativeai retry --unknown
    !  1 clip could not be made; failed clips are not charged. Try again:
         creativeai retry --failed
    •  1 clip was not taken yet and cost nothing; the next creativeai submit sends
       it again.
    •  1 clip under way. Ask how far:
         creativeai reconcile --wait
    !  1 line of the log could not be read and was left out. One torn line after a
       crash is harmless; more mean that something else wrote to the file.
    ");
}

#[test]
fn the_summary_as_json_adds_up() {
    let text = shown(Asked {
        show: Show::Summary,
        json: true,
        ..Asked::default()
    });
    assert_snapshot!(text, @r#"
    {"jobs":7,"pending":0,"processing":1,"completed":2,"failed":1,"unknown":1,"submit_failed":1,"superseded":1,"dismissed":0,"downloaded":1,"published":1,"kept":0,"rejected":0,"billed_twice":0,"credits_charged":8,"credits_reserved":15,"credits_refunded":5,"credits_estimated":25,"dollars":{"low":1.633,"high":2.3},"unreadable_lines":1}
    "#);
}

#[test]
fn a_filtered_summary_counts_what_matches() {
    let text = shown(Asked {
        show: Show::Summary,
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
fn the_sheet_has_a_row_a_job_and_no_formula() {
    let text = shown(Asked {
        show: Show::Csv(output::Dialect::default()),
        ..Asked::default()
    });
    assert_snapshot!(text, @r"
    id,variant,line,job,attempt,status,generation_id,output_url,file,credits,credits_estimated,error,completed_at,flags,listing_id,sku,prompt,photo,model,failover,dollars_low,dollars_high,property_type
    LST-9,,5,0000000000000004,1,unknown,,,,,10,the connection was cut after the request was sent,,,LST-9,,slow pan,https://cdn.example.com/p/terrace.jpg,kling-v3,,,,loft
    LST-9,,6,0000000000000005,1,submit_failed,,,,,5,prompt too short,,superseded,LST-9,,old words,https://cdn.example.com/p/garden.jpg,kling-v3,,,,loft
    LST-9,,6,0000000000000006,1,submit_failed,,,,,5,too many requests,,temporary,LST-9,,new words,https://cdn.example.com/p/garden.jpg,kling-v3,,,,loft
    LST-10,,2,0000000000000001,1,completed,vgen_a1,https://cdn.creativeai.run/output/video-a1.mp4,,3,5,,2026-03-12T09:22:17Z,,LST-10,,slow pan,https://cdn.example.com/p/living-room.jpg,seedance-1.5-pro,true,0.213,0.300,'=residential
    LST-10,,3,0000000000000002,1,processing,vgen_a2,,,,5,,,,LST-10,,slow pan,https://cdn.example.com/p/kitchen.jpg,kling-v3,,,,'=residential
    LST-10,,4,0000000000000003,1,failed,vgen_a3,,,,5,provider ran out of memory,,,LST-10,,slow pan,https://cdn.example.com/p/bath.jpg,kling-v3,,,,'=residential
    SHOE-1,9:16,7,0000000000000007,1,completed,vgen_b1,https://cdn.creativeai.run/output/video-b1.mp4,videos/SHOE-1/01-shoe.mp4,5,5,,,downloaded published,,SHOE-1,turn,https://cdn.example.com/p/shoe.png,kling-v3,,0.355,0.500,
    ");
}

#[test]
fn json_is_an_array_in_the_order_of_the_table() {
    let text = shown(Asked {
        json: true,
        ..Asked::default()
    });
    let jobs: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let keys: Vec<_> = jobs
        .iter()
        .map(|job| job["job"].as_str().unwrap().trim_start_matches('0'))
        .collect();
    assert_eq!(keys, ["4", "5", "6", "1", "2", "3", "7"]);
}

#[test]
fn json_of_one_listing_has_its_jobs_only() {
    let text = shown(Asked {
        show: Show::One("SHOE-1".to_owned()),
        json: true,
        ..Asked::default()
    });
    let jobs: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0]["sku"], "SHOE-1");
}

#[test]
fn an_empty_log_is_no_error() {
    let (out, err) = printed("", Asked::default());
    assert_eq!(out, "");
    assert_eq!(
        err,
        "jobs.jsonl holds no jobs yet. Submit some: creativeai submit MANIFEST\n"
    );
    let json = Asked {
        json: true,
        ..Asked::default()
    };
    assert_eq!(printed("", json).0, "[]\n");
}

#[test]
fn a_file_that_is_no_log_is_questioned() {
    let (_, err) = printed("listing_id,image_url\nLST-1,x\n", Asked::default());
    assert!(
        err.ends_with("2 lines of jobs.jsonl could not be read. Is it a job log?\n"),
        "{err}"
    );
}

#[test]
fn a_missing_log_is_reported_with_the_way_to_make_one() {
    let dir = tempfile::tempdir().unwrap();
    let (mut printer, _) = Printer::for_test(80, OutputOptions::default());
    let args = StatusArgs {
        show: Show::Table,
        filters: Filters::default(),
        json: false,
        commands: Commands::default(),
        rehearsal: Commands::default().in_sandbox(true),
        now: Timestamp::UNIX_EPOCH,
    };
    let path = dir.path().join("jobs.jsonl");
    let error = run(&args, &path, Rates::default(), &mut printer).unwrap_err();
    assert!(error.downcast_ref::<LogError>().is_some());
    let error = failure::of_reading(error);
    let next = crate::exit::next_step_of(&error).unwrap();
    assert!(next.contains("creativeai submit MANIFEST"), "{next}");
}

#[test]
fn nothing_that_matches_is_said_with_the_filter() {
    let (out, err) = printed(
        LOG,
        Asked {
            filters: Filters::new([Condition::is("property_type", "castle")]),
            ..Asked::default()
        },
    );
    assert_eq!(out, "");
    assert!(
        err.contains("None of the 7 jobs in jobs.jsonl has property_type=castle."),
        "{err}"
    );
}

#[test]
fn an_id_no_one_knows_is_an_error() {
    let (_, err) = printed(
        LOG,
        Asked {
            show: Show::One("LST-77".to_owned()),
            ..Asked::default()
        },
    );
    assert!(
        err.contains("knows no listing, SKU, job or generation id LST-77"),
        "{err}"
    );
}

#[test]
fn two_ids_of_one_attempt_are_reported_loudly() {
    let log = concat!(
        r#"{"at":"2026-03-12T09:20:00Z","job":"0000000000000001","attempt":1,"status":"pending","sku":"A","generation_id":"vgen_1"}"#,
        "\n",
        r#"{"at":"2026-03-12T09:21:00Z","job":"0000000000000001","attempt":1,"status":"pending","sku":"A","generation_id":"vgen_2"}"#,
        "\n",
    );
    let (out, _) = printed(log, Asked::default());
    assert!(out.contains("BILLED TWICE, as vgen_1, vgen_2"), "{out}");
    assert!(out.contains("!  1 clip BILLED TWICE"), "{out}");
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

    Clips  2: 1 ready, 1 outcome unknown
    Spent  5 credits, about $0.36 to $0.50

    !  1 clip was sent without a clear answer, and may have been paid for. Nothing
       is sent again by itself. Look into the vendor's dashboard and say what you
       found:
       LST-2
         creativeai resolve 4bf73a5f1d4853ce --generation-id ID
         creativeai resolve 4bf73a5f1d4853ce --not-accepted
    ");
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
       is sent again by itself. Look into the vendor's dashboard and say what you
       found:
       LST-2
         creativeai resolve 0000000000000002 --generation-id ID --sandbox
         creativeai resolve 0000000000000002 --not-accepted --sandbox
    !  1 clip could not be made; failed clips are not charged. Try again:
         creativeai retry --failed --sandbox
    ");
    let summary = Asked {
        show: Show::Summary,
        ..Asked::default()
    };
    let (out, _) = printed(log, summary);
    assert!(out.starts_with("Rehearsal: nothing was paid\n"), "{out}");
    let json = Asked {
        show: Show::Summary,
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
