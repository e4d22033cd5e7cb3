//! `Retry-After` and `Date` of a server: first line the one, second line the other, then the
//! seconds since 1970 that this computer's clock shows.
#![no_main]

use std::time::{Duration, SystemTime};

use creativeai::vendor::{MAX_WAIT, parse_retry_after};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let value = lines.next().unwrap_or_default();
    let date = lines.next();
    let seconds: i64 = lines.next().and_then(|n| n.parse().ok()).unwrap_or(0);
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let now = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    let now = now.unwrap_or(SystemTime::UNIX_EPOCH);
    let wait = parse_retry_after(value, date, now);
    assert!(wait.is_none_or(|wait| wait <= MAX_WAIT), "{wait:?}");
    if let Ok(seconds) = value.parse::<u64>()
        && value.bytes().all(|b| b.is_ascii_digit())
    {
        assert_eq!(wait, Some(Duration::from_secs(seconds).min(MAX_WAIT)));
    }
});
