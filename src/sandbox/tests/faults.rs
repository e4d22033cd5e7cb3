use std::time::Duration;

use super::*;
use crate::jobs::Credits;
use crate::sandbox::{Chance, Faults, RetryAfter};

const ONCE: Chance = Chance::FirstOfEach(1);

fn with(faults: Faults) -> Options {
    Options { faults, ..quick() }
}

/// Each fault, with the status it shows (none for a cut connection) and whether it is billed.
fn all() -> [(Faults, Option<u16>, usize); 7] {
    let none = Faults::default;
    #[rustfmt::skip]
    let all = [
        (Faults { throttle: ONCE, ..none() }, Some(429), 0),
        (Faults { unavailable: ONCE, ..none() }, Some(503), 0),
        (Faults { server_error: ONCE, ..none() }, Some(500), 0),
        (Faults { refuse: ONCE, ..none() }, Some(422), 0),
        (Faults { billed_error: ONCE, ..none() }, Some(500), 1),
        (Faults { lost_reply: ONCE, ..none() }, None, 1),
        (Faults { slow: ONCE, slow_reply: Duration::from_millis(1), ..none() }, Some(202), 1),
    ];
    all
}

#[tokio::test]
async fn each_fault_shows_and_bills_as_it_should_and_then_is_over() {
    for (faults, status, billed) in all() {
        let sandbox = sandbox(with(faults.clone())).await;
        let answer = try_post(&sandbox, "a.1", BODY).await;
        assert_eq!(answer.map(|a| a.status), status, "{faults:?}");
        assert_eq!(sandbox.accepted().len(), billed, "{faults:?}");

        let answer = post(&sandbox, "a.1", BODY).await;
        assert_eq!(answer.status, 202, "{faults:?}");
        assert_eq!(sandbox.accepted().len(), billed + 1, "{faults:?}");
    }
}

#[tokio::test]
async fn throttling_says_when_to_come_back() {
    let date = "Thu, 12 Mar 2026 09:20:08 GMT";
    for (retry_after, header) in [
        (RetryAfter::Absent, None),
        (RetryAfter::Seconds(7), Some("7")),
        (RetryAfter::Date(7), Some(date)),
    ] {
        let faults = Faults {
            throttle: Chance::First(1),
            unavailable: Chance::First(2),
            retry_after,
            ..Faults::default()
        };
        let sandbox = sandbox(Options {
            clock: Hands::new().clock(),
            ..with(faults)
        })
        .await;
        let answers = [
            post(&sandbox, "a.1", BODY).await,
            post(&sandbox, "a.1", BODY).await,
        ];
        assert_eq!(answers.each_ref().map(|a| a.status), [429, 503]);
        let headers = answers.each_ref().map(|a| a.header("retry-after"));
        assert_eq!(headers, [header, header]);
    }
}

#[tokio::test]
async fn a_slow_reply_that_no_one_waits_for_is_billed() {
    let sandbox = sandbox(with(Faults {
        slow: ONCE,
        slow_reply: Duration::from_secs(3600),
        ..Faults::default()
    }))
    .await;
    let mut stream = TcpStream::connect(sandbox.addr()).await.unwrap();
    let request = format!(
        "POST {VIDEOS} HTTP/1.1\r\nHost: s\r\nAuthorization: Bearer sandbox\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    while sandbox.accepted().is_empty() {
        tokio::task::yield_now().await;
    }
    // Nor does it hold the end of the sandbox.
    sandbox.stop().await;
}

#[tokio::test]
async fn when_the_credits_are_spent_nothing_more_is_accepted() {
    let sandbox = sandbox(Options {
        balance: Some(Credits::whole(12)),
        ..quick()
    })
    .await;
    submit(&sandbox, "a.1").await;
    submit(&sandbox, "b.1").await;
    let answer = post(&sandbox, "c.1", BODY).await;
    assert_eq!(answer.status, 402);
    assert_eq!(answer.json()["error"]["type"], "insufficient_credits");
    assert_eq!(sandbox.accepted().len(), 2);
}

#[tokio::test]
async fn what_happens_does_not_depend_on_the_order_of_arrival() {
    let options = || Options {
        fail_share: 0.4,
        seed: 7,
        ..with(Faults {
            throttle: Chance::Share(0.3),
            ..Faults::default()
        })
    };
    let mut outcomes = Vec::new();
    for backwards in [false, true] {
        let sandbox = sandbox(options()).await;
        let mut numbers: Vec<u32> = (0..30).collect();
        if backwards {
            numbers.reverse();
        }
        let mut seen = Vec::new();
        for n in numbers {
            let answer = post(&sandbox, &format!("{n}.1"), BODY).await;
            let end = if answer.status == 202 {
                let id = answer.json()["id"].as_str().unwrap().to_owned();
                poll(&sandbox, &id).await.json()["status"].to_string()
            } else {
                answer.status.to_string()
            };
            seen.push((n, end));
        }
        seen.sort();
        outcomes.push(seen);
    }
    assert_eq!(outcomes[0], outcomes[1]);
    for end in ["429", "\"failed\"", "\"completed\""] {
        assert!(outcomes[0].iter().any(|(_, e)| e == end), "{outcomes:?}");
    }
}

#[tokio::test]
async fn a_poll_can_fail_and_then_work() {
    let sandbox = sandbox(with(Faults {
        poll_error: Chance::FirstOfEach(2),
        ..Faults::default()
    }))
    .await;
    let id = submit(&sandbox, "a.1").await;
    for status in [500, 500, 200] {
        assert_eq!(poll(&sandbox, &id).await.status, status);
    }
}
