//! One job or listing in full.

use insta::assert_snapshot;

use super::*;

#[test]
fn one_listing_is_reported_with_its_evidence() {
    let text = shown(Asked {
        show: StatusView::One("LST-9".to_owned()),
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
      Means   The vendor has not accepted it yet, and nothing was charged. The
              next submit sends it again.
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
        show: StatusView::One("vgen_b1".to_owned()),
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
fn an_id_no_one_knows_is_an_error() {
    let (_, err) = printed(
        LOG,
        Asked {
            show: StatusView::One("LST-77".to_owned()),
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
