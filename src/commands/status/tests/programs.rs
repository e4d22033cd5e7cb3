//! What programs and spreadsheets get.

use insta::assert_snapshot;

use super::*;
use crate::output::Dialect;

#[test]
fn the_summary_as_json_adds_up() {
    let text = shown(Asked {
        show: StatusView::Summary,
        json: true,
        ..Asked::default()
    });
    assert_snapshot!(text, @r#"
    {"jobs":7,"pending":0,"processing":1,"completed":2,"failed":1,"unknown":1,"submit_failed":1,"superseded":1,"dismissed":0,"downloaded":1,"published":1,"kept":0,"rejected":0,"billed_twice":0,"credits_charged":8,"credits_reserved":15,"credits_refunded":5,"credits_estimated":25,"dollars":{"low":1.633,"high":2.3},"unreadable_lines":1}
    "#);
}

#[test]
fn the_sheet_has_a_row_a_job_and_no_formula() {
    let text = shown(Asked {
        show: StatusView::Csv(Dialect::default()),
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
        show: StatusView::One("SHOE-1".to_owned()),
        json: true,
        ..Asked::default()
    });
    let jobs: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0]["sku"], "SHOE-1");
}
