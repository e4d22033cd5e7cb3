use super::*;

/// Without what only the accepting process knows.
fn lasting(answer: &Answer) -> Value {
    let mut json = answer.json();
    let fields = json.as_object_mut().unwrap();
    for name in ["model", "prompt"] {
        fields.remove(name);
    }
    json
}

#[tokio::test]
async fn a_job_waits_renders_and_completes() {
    let hands = Hands::new();
    let sandbox = sandbox(Options {
        clock: hands.clock(),
        render_time: std::time::Duration::from_secs(100),
        processing_share: 0.0,
        ..Options::default()
    })
    .await;
    let id = submit(&sandbox, "a.1").await;
    let first = poll(&sandbox, &id).await.json();
    assert_eq!(first["status"], "pending");
    assert_eq!(first["phase"], "Queued");
    assert!((50..=150).contains(&first["eta_seconds"].as_u64().unwrap()));

    hands.forward(45);
    let second = poll(&sandbox, &id).await.json();
    assert_eq!(second["status"], "processing");
    assert!(second["progress"].as_u64().unwrap() >= 30);
    assert!(second["eta_seconds"].as_u64() < first["eta_seconds"].as_u64());
    assert_eq!(second.get("output_url"), None);

    hands.forward(105);
    let last = poll(&sandbox, &id).await.json();
    let url = format!("{}/_sandbox/clips/{id}.mp4", sandbox.base_url());
    assert_eq!(last["status"], "completed");
    assert_eq!(last["object"], "video.generation");
    assert_eq!(last["model"], "kling-v3");
    assert_eq!(last["prompt"], "slow \"pan\"");
    assert_eq!(last["output_url"], url.as_str());
    assert_eq!(last["credits"], 5);
    assert_eq!(last["failover_used"], false);
    let completed_at: Timestamp = last["completed_at"].as_str().unwrap().parse().unwrap();
    assert!(completed_at <= hands.clock().now());
    for gone in ["phase", "progress", "eta_seconds", "error"] {
        assert_eq!(last.get(gone), None, "{gone}");
    }
}

#[tokio::test]
async fn another_process_says_the_same() {
    for (fail_share, failover_share) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)] {
        let hands = Hands::new();
        let options = || Options {
            clock: hands.clock(),
            public_origin: Some("http://127.0.0.1:8790/".to_owned()),
            fail_share,
            failover_share,
            ..Options::default()
        };
        let here = sandbox(options()).await;
        // What another process was asked for does not matter.
        let there = sandbox(Options {
            seed: 99,
            fail_share: 0.5,
            ..options()
        })
        .await;
        submit(&there, "z.1").await;
        let id = submit(&here, "a.1").await;
        for _ in 0..4 {
            let answer = poll(&there, &id).await;
            assert_eq!(answer.json().get("prompt"), None);
            assert_eq!(lasting(&answer), lasting(&poll(&here, &id).await));
            hands.forward(1);
        }
    }
}

#[tokio::test]
async fn a_failure_says_why_and_is_refunded() {
    let sandbox = sandbox(Options {
        fail_share: 1.0,
        ..quick()
    })
    .await;
    for key in ["a.1", "b.1", "c.1", "d.1"] {
        let id = submit(&sandbox, key).await;
        let polled = poll(&sandbox, &id).await.json();
        assert_eq!(polled["status"], "failed");
        assert_eq!(polled["credits"], 0);
        assert_eq!(polled.get("output_url"), None);
        assert!(polled["error"].is_string() || polled["error"]["message"].is_string());
    }
    assert!(sandbox.accepted().iter().all(|a| a.credits.as_f64() > 0.0));
}

#[tokio::test]
async fn a_failover_names_the_model_that_served_and_bills_the_lower_price() {
    let sandbox = sandbox(Options {
        failover_share: 1.0,
        ..quick()
    })
    .await;
    for (asked, served) in [
        ("kling-v3", "seedance-1.5-pro"),
        ("seedance-1.5-pro", "kling-v3"),
    ] {
        let body = BODY.replace("kling-v3", asked);
        let answer = post(&sandbox, "a.1", &body).await.json();
        let polled = poll(&sandbox, answer["id"].as_str().unwrap()).await.json();
        assert_eq!(polled["status"], "completed");
        assert_eq!(polled["model"], asked);
        assert_eq!(polled["model_actual"], served);
        assert_eq!(polled["failover_used"], true);
        assert_eq!(polled["credits"], 3);
    }
}

#[tokio::test]
async fn ids_that_no_one_gave_out_are_not_found() {
    let sandbox = sandbox(quick()).await;
    let id = submit(&sandbox, "a.1").await;
    for bad in [
        "vgen_abc123",
        "vgen_sandbox_00",
        &format!("{id}0"),
        "%2e%2e",
        "a%ff",
        "a%0ab",
    ] {
        let answer = poll(&sandbox, bad).await;
        assert_eq!(answer.status, 404, "{bad}");
        assert_eq!(answer.json()["error"]["type"], "not_found");
    }
    let path = format!("{VIDEOS}/{id}");
    assert_eq!(get(&sandbox, &path, "").await.status, 401);
}
