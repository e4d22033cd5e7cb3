use std::sync::Arc;

use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Whether a permit would be given at once.
fn is_free(throttle: &Throttle) -> bool {
    throttle
        .try_start()
        .map(|epoch| Permit { throttle, epoch })
        .is_ok()
}

#[tokio::test(start_paused = true)]
async fn a_rate_spaces_the_starts_evenly() {
    let throttle = Throttle::new(64, Some(Rate::parse("5/s").unwrap()), None);
    let start = Instant::now();
    for _ in 0..11 {
        throttle.permit().await.unwrap().succeeded();
    }
    let took = start.elapsed();
    assert!(
        (seconds(2)..Duration::from_millis(2_020)).contains(&took),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_rate_finer_than_the_timer_holds_on_average() {
    let throttle = Throttle::new(64, Some(Rate::parse("3000/s").unwrap()), None);
    let start = Instant::now();
    for _ in 0..6_000 {
        throttle.permit().await.unwrap().succeeded();
    }
    let took = start.elapsed();
    assert!(
        (Duration::from_millis(1_970)..Duration::from_millis(2_020)).contains(&took),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_rate_gathers_nothing_while_no_one_asks() {
    let throttle = Throttle::new(64, Some(Rate::parse("1/s").unwrap()), None);
    drop(throttle.permit().await);
    tokio::time::advance(seconds(100)).await;
    drop(throttle.permit().await);
    let start = Instant::now();
    drop(throttle.permit().await);
    assert!(start.elapsed() >= Duration::from_millis(980));
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_limit_are_in_flight() {
    let throttle = Throttle::new(2, None, None);
    let first = throttle.permit().await.unwrap();
    let second = throttle.permit().await.unwrap();
    assert!(!is_free(&throttle));
    drop(first);
    assert!(is_free(&throttle));
    drop(second);
    assert_eq!(Throttle::new(0, None, None).limit(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_refusal_pauses_everybody_as_long_as_the_vendor_says() {
    let throttle = Throttle::new(4, None, None);
    let start = Instant::now();
    let permit = throttle.permit().await.unwrap();
    let wait = permit.throttled(Some(seconds(30)), 1);
    assert_eq!(wait, Wait::Until(start + seconds(30)));
    assert_eq!(throttle.pause(), Some(seconds(30)));
    let two = tokio::join!(throttle.permit(), throttle.permit());
    assert!(two.0.is_some() && two.1.is_some());
    let took = start.elapsed();
    assert!(
        (seconds(30)..Duration::from_millis(30_010)).contains(&took),
        "{took:?}"
    );
    assert_eq!(throttle.pause(), None);
}

#[tokio::test(start_paused = true)]
async fn a_shorter_wait_does_not_end_a_longer_pause() {
    let throttle = Throttle::new(4, None, None);
    let (long, short) = (
        throttle.permit().await.unwrap(),
        throttle.permit().await.unwrap(),
    );
    let until = long.throttled(Some(seconds(30)), 1);
    assert_eq!(short.throttled(Some(seconds(1)), 1), until);
}

#[tokio::test(start_paused = true)]
async fn without_a_word_from_the_vendor_the_waits_double_with_jitter() {
    for (tries, low, high) in [
        (1, 1, 2),
        (2, 2, 4),
        (3, 4, 8),
        (4, 8, 16),
        (9, 60, 120),
        (99, 60, 120),
    ] {
        for _ in 0..50 {
            let wait = backoff(tries);
            assert!(
                (seconds(low)..=seconds(high)).contains(&wait),
                "{tries}: {wait:?}"
            );
        }
    }
    assert_ne!(backoff(5), backoff(5));
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_says_now_is_not_hammered() {
    let throttle = Throttle::new(1, None, None);
    let wait = throttle
        .permit()
        .await
        .unwrap()
        .throttled(Some(Duration::ZERO), 3);
    assert_eq!(
        wait,
        Wait::Until(Instant::now() + Duration::from_millis(200))
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_past_the_deadline_is_given_up_at_once() {
    let start = Instant::now();
    let throttle = Throttle::new(4, None, Some(start + seconds(60)));
    let permit = throttle.permit().await.unwrap();
    let other = throttle.permit().await.unwrap();
    assert_eq!(
        permit.throttled(Some(seconds(59)), 1),
        Wait::Until(start + seconds(59))
    );
    assert_eq!(other.throttled(Some(seconds(60)), 1), Wait::PastDeadline);
    assert!(throttle.permit().await.is_none());
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_also_ends_waiting_for_the_rate_and_for_others() {
    let start = Instant::now();
    let deadline = Some(start + seconds(10));
    let slow = Throttle::new(4, Some(Rate::parse("1/min").unwrap()), deadline);
    drop(slow.permit().await.unwrap());
    assert!(slow.permit().await.is_none());
    assert_eq!(start.elapsed(), Duration::ZERO);

    let full = Throttle::new(1, None, deadline);
    let held = full.permit().await.unwrap();
    assert!(full.permit().await.is_none());
    assert!(start.elapsed() >= seconds(10));
    drop(held);
    assert!(
        full.permit().await.is_none(),
        "nothing starts after the deadline"
    );
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_refusals_halves_once_and_successes_recover_step_by_step() {
    let throttle = Throttle::new(8, None, None);
    let mut burst = Vec::new();
    for _ in 0..8 {
        burst.push(throttle.permit().await.unwrap());
    }
    for permit in burst {
        permit.throttled(Some(seconds(1)), 1);
    }
    assert_eq!(throttle.limit(), 4);
    for _ in 0..3 {
        throttle.permit().await.unwrap().succeeded();
    }
    assert_eq!(throttle.limit(), 4);
    throttle.permit().await.unwrap().succeeded();
    assert_eq!(throttle.limit(), 5);
    for _ in 0..100 {
        throttle.permit().await.unwrap().succeeded();
    }
    assert_eq!(throttle.limit(), 8);
    for _ in 0..9 {
        throttle
            .permit()
            .await
            .unwrap()
            .throttled(Some(seconds(1)), 1);
    }
    assert_eq!(throttle.limit(), 1, "someone may always go on");
}

#[tokio::test(start_paused = true)]
async fn a_late_success_of_before_the_halving_does_not_count() {
    let throttle = Throttle::new(2, None, None);
    let (early, late) = (
        throttle.permit().await.unwrap(),
        throttle.permit().await.unwrap(),
    );
    early.throttled(Some(seconds(1)), 1);
    late.succeeded();
    assert_eq!(throttle.limit(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_worker_gets_its_turn_under_throttling_rate_and_cancellation() {
    let throttle = Arc::new(Throttle::new(3, Some(Rate::parse("100/s").unwrap()), None));
    let workers = (0..50u32).map(|number| {
        let throttle = throttle.clone();
        async move {
            if number % 7 == 0 {
                let _ = tokio::time::timeout(Duration::from_millis(5), throttle.permit()).await;
            }
            let mut tries = 1;
            loop {
                let permit = throttle.permit().await.unwrap();
                tokio::time::sleep(Duration::from_millis(30)).await;
                if number % 5 != 0 || tries > 2 {
                    permit.succeeded();
                    return;
                }
                permit.throttled(None, tries);
                tries += 1;
            }
        }
    });
    futures::future::join_all(workers).await;
    let state = throttle.state();
    assert_eq!(state.in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn one_wait_that_the_vendor_asks_for_has_an_end() {
    for (longest, most) in [(None, LONGEST_ASKED), (Some(seconds(60)), seconds(60))] {
        let mut throttle = Throttle::new(1, None, None);
        if let Some(longest) = longest {
            throttle = throttle.with_longest_wait(longest);
        }
        let start = Instant::now();
        let permit = throttle.permit().await.unwrap();
        let wait = permit.throttled(Some(seconds(24 * 60 * 60)), 1);
        assert_eq!(wait, Wait::Until(start + most));
    }
}
