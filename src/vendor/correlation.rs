//! The job and attempt in a webhook's address: put there for the vendor to keep, and read back from
//! a capture.

use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use crate::jobs::JobKey;

/// The query parameter that carries `JOB.ATTEMPT` in a webhook's address.
pub const CORRELATION: &str = "creativeai_job";

/// Why an address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadUrl(pub String);

/// `webhook_url` with `creativeai_job=JOB.ATTEMPT` in its query, once: a parameter of that name that
/// it has already, from a template or an earlier run, is replaced. All else is kept byte for byte.
pub fn correlated(webhook_url: &str, job: JobKey, attempt: u32) -> Result<String, BadUrl> {
    // Spaces and control characters around an address are no part of it, but they would be once
    // something stood after them.
    let webhook_url = webhook_url.trim_matches(|c: char| c <= ' ');
    let url = Url::parse(webhook_url)
        .map_err(|e| BadUrl(format!("{webhook_url:?} is not an address ({e})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(BadUrl(format!("{webhook_url:?} is not http or https")));
    }
    let (address, fragment) = match webhook_url.find('#') {
        Some(at) => webhook_url.split_at(at),
        None => (webhook_url, ""),
    };
    let address = without_correlation(address);
    let joint = match address.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    Ok(format!(
        "{address}{joint}{CORRELATION}={job}.{attempt}{fragment}"
    ))
}

/// A request's body for another attempt of `job`: its webhook's address, where it has a
/// [`CORRELATION`], names the new attempt; all else stays as it was.
pub fn recorrelated(body: &str, job: JobKey, attempt: u32) -> Result<String, BadUrl> {
    let bad = |e: serde_json::Error| BadUrl(format!("the logged request is not JSON ({e})"));
    let mut fields: Map<String, Value> = serde_json::from_str(body).map_err(bad)?;
    let Some(old) = fields.get("webhook_url").and_then(Value::as_str) else {
        return Ok(body.to_owned());
    };
    if named(old).next().is_none() {
        return Ok(body.to_owned());
    }
    let new = correlated(old, job, attempt)?;
    fields.insert("webhook_url".to_owned(), new.into());
    Ok(Value::Object(fields).to_string())
}

/// An address without its fragment, and without the parameters that name a job.
fn without_correlation(address: &str) -> String {
    let Some((path, query)) = address.split_once('?') else {
        return address.to_owned();
    };
    let is_ours =
        |part: &str| form_urlencoded::parse(part.as_bytes()).any(|(name, _)| name == CORRELATION);
    if !query.split('&').any(is_ours) {
        return address.to_owned();
    }
    let kept: Vec<&str> = query.split('&').filter(|part| !is_ours(part)).collect();
    if kept.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", kept.join("&"))
    }
}

/// The job and attempt that an address names in its query: a whole address, or a path with a query,
/// wherever in it the parameter stands. Values that are no `JOB.ATTEMPT` are passed over; two
/// different ones prove nothing, so they are none.
pub fn correlation(url: &str) -> Option<(JobKey, u32)> {
    let mut found = named(url);
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

/// Every job and attempt that an address names.
fn named(url: &str) -> impl Iterator<Item = (JobKey, u32)> + '_ {
    let address = url.split_once('#').map_or(url, |(address, _)| address);
    let query = address.split_once('?').map_or("", |(_, query)| query);
    form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == CORRELATION)
        .filter_map(|(_, value)| parse_reference(&value))
}

/// Reads `JOB.ATTEMPT`: 16 hexadecimal digits, a dot, a number from 1 without sign or leading zero.
fn parse_reference(text: &str) -> Option<(JobKey, u32)> {
    let (job, attempt) = text.split_once('.')?;
    // The standard library's number would also take a plus sign.
    if attempt.starts_with('0') || !attempt.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((JobKey::parse(job)?, attempt.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const JOB: &str = "5b1f0c9a77d2e318";

    fn job() -> JobKey {
        JobKey::parse(JOB).unwrap()
    }

    #[test]
    fn a_new_attempt_only_changes_the_attempt_in_the_webhooks_address() {
        let job = JobKey::parse("5b1f0c9a77d2e318").unwrap();
        let url = correlated("https://x.example/h?a=1#f", job, 1).unwrap();
        let body = format!(r#"{{"model":"m","prompt":"é","webhook_url":"{url}"}}"#);
        assert_eq!(
            recorrelated(&body, job, 2).unwrap(),
            body.replace(&format!("{job}.1"), &format!("{job}.2"))
        );
        let plain = r#"{"model":"m","webhook_url":"https://x.example/h"}"#;
        assert_eq!(recorrelated(plain, job, 2).unwrap(), plain);
    }

    #[test]
    fn the_correlation_joins_a_query_and_leaves_the_rest_alone() {
        for (before, after) in [
            ("https://a.example.com/h", "https://a.example.com/h?C"),
            ("https://a.example.com", "https://a.example.com?C"),
            ("https://a.example.com/?", "https://a.example.com/?C"),
            ("https://a.example.com/??", "https://a.example.com/??&C"),
            (
                "https://A.example.com:443/h?k=a%2fb+c&&x",
                "https://A.example.com:443/h?k=a%2fb+c&&x&C",
            ),
            (
                "https://a.example.com/h?k=1&#frag?ment",
                "https://a.example.com/h?k=1&C#frag?ment",
            ),
            (
                "https://a.example.com/h#x?y",
                "https://a.example.com/h?C#x?y",
            ),
        ] {
            let url = correlated(before, job(), 2).unwrap();
            assert_eq!(url, after.replace('C', "creativeai_job=5b1f0c9a77d2e318.2"));
            assert_eq!(correlation(&url), Some((job(), 2)), "{url}");
        }
    }

    #[test]
    fn what_surrounds_an_address_does_not_get_into_its_middle() {
        for before in ["https://a.example.com\u{1b}", " https://a.example.com \n"] {
            let url = correlated(before, job(), 2).unwrap();
            assert_eq!(url, format!("https://a.example.com?creativeai_job={JOB}.2"));
        }
    }

    #[test]
    fn what_is_no_web_address_gets_no_correlation() {
        for bad in ["", "hook", "mailto:me@example.com", "https://"] {
            assert!(correlated(bad, job(), 1).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_that_names_a_job_already_names_only_ours_afterwards() {
        let old = "creativeai_job=00000000000000aa.7";
        for (before, after) in [
            ("https://x.example/h?OLD", "https://x.example/h?C"),
            ("https://x.example/h?OLD&a=1", "https://x.example/h?a=1&C"),
            (
                "https://x.example/h?a=1&OLD#f",
                "https://x.example/h?a=1&C#f",
            ),
            (
                "https://x.example/h?OLD&a=%2f&OLD&b",
                "https://x.example/h?a=%2f&b&C",
            ),
            (
                "https://x.example/h?creativeai_job=",
                "https://x.example/h?C",
            ),
            (
                "https://x.example/h?creativeai_job&a",
                "https://x.example/h?a&C",
            ),
            (
                "https://x.example/h?creativeai_job={JOB}",
                "https://x.example/h?C",
            ),
            (
                "https://x.example/h?creativeai%5Fjob=x",
                "https://x.example/h?C",
            ),
            (
                "https://x.example/h?xcreativeai_job=1",
                "https://x.example/h?xcreativeai_job=1&C",
            ),
        ] {
            let url = correlated(&before.replace("OLD", old), job(), 2).unwrap();
            let ours = format!("creativeai_job={JOB}.2");
            assert_eq!(url, after.replace('C', &ours), "{before}");
            assert_eq!(correlation(&url), Some((job(), 2)), "{before}");
            assert_eq!(correlated(&url, job(), 2).unwrap(), url, "{before}");
        }
    }

    #[test]
    fn a_correlation_is_read_wherever_it_stands_and_only_in_its_exact_form() {
        let this = |attempt| Some((job(), attempt));
        for (url, expected) in [
            ("/h?creativeai_job=JOB.1", this(1)),
            ("/h?creativeai_job=JOB.1&x=%20", this(1)),
            ("/h?a=b&creativeai_job=JOB.3&c=d", this(3)),
            (
                "https://x.example/h?a=b&creativeai_job=5B1F0C9A77D2E318.12#top",
                this(12),
            ),
            ("/h?creativeai_job=JOB%2E3", this(3)),
            ("/h?creativeai_job=JOB.1&creativeai_job=JOB.1", this(1)),
            // What a template left there.
            ("/h?creativeai_job=JOB.1&creativeai_job={job}", this(1)),
            ("/h?creativeai_job=&creativeai_job=JOB.1", this(1)),
            ("/h?creativeai_job=JOB.1&creativeai_job=JOB.2", None),
            ("/h?creativeai_job=JOB.0", None),
            ("/h?creativeai_job=JOB.01", None),
            ("/h?creativeai_job=JOB.+1", None),
            ("/h?creativeai_job=JOB.%2B1", None),
            ("/h?creativeai_job=JOB.-1", None),
            ("/h?creativeai_job=JOB.", None),
            ("/h?creativeai_job=JOB", None),
            ("/h?creativeai_job=5b1f0c9a77d2e31.1", None),
            ("/h?creativeai_job=JOBx.1", None),
            ("/h?creativeai_job=.1", None),
            ("/h?creativeai_job=JOB.99999999999", None),
            ("/h?xcreativeai_job=JOB.1", None),
            ("/creativeai_job=JOB.1", None),
            ("/h#?creativeai_job=JOB.1", None),
            ("/h?", None),
            ("/", None),
        ] {
            assert_eq!(correlation(&url.replace("JOB", JOB)), expected, "{url}");
        }
    }

    proptest! {
        #[test]
        fn a_correlation_that_was_added_reads_back(
            number: u64, attempt in 1u32.., rest in "([ -~é]{0,40}|[?&#=a]{0,9}creativeai_job=[ -~]{0,20})",
        ) {
            let job = JobKey::from_number(number);
            if let Ok(url) = correlated(&format!("https://a.example.com/{rest}"), job, attempt) {
                prop_assert_eq!(correlation(&url), Some((job, attempt)));
            }
        }

        #[test]
        fn reading_a_correlation_never_panics(url: String) {
            let _ = correlation(&url);
        }
    }
}
