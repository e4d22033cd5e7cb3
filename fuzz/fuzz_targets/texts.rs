//! Texts of people, servers and spreadsheets that become addresses, names on disk or lines on a
//! terminal.
#![no_main]

use creativeai::vendor::{BaseUrl, correlated, correlation, recorrelated};
use creativeai::engine::delivery::names::{self, Taken};
use creativeai::jobs::JobKey;
use creativeai::text::escape;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    shown(text);
    base(text);
    webhook_address(text);
    on_disk(text);
});

fn shown(text: &str) {
    let safe = escape(text);
    let bad = |c: char| c.is_control() || is_bidi(c);
    assert!(!safe.contains(bad), "{safe:?}");
    assert_eq!(escape(&safe), safe, "escaping twice");
}

/// Characters that turn the direction of writing.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn base(text: &str) {
    let Ok(base) = BaseUrl::parse(text) else {
        return;
    };
    let url = url::Url::parse(base.as_str()).expect("an address");
    assert!(base.as_str().starts_with(base.origin()));
    assert_eq!(url.origin().ascii_serialization(), base.origin());
    assert!(url.username().is_empty() && url.password().is_none());
    assert!(!base.as_str().ends_with('/') && !base.as_str().contains(['?', '#']));
    let here = match url.host().expect("a host") {
        url::Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        url::Host::Ipv4(ip) => ip.is_loopback(),
        url::Host::Ipv6(ip) => ip == std::net::Ipv6Addr::LOCALHOST,
    };
    assert_eq!(base.is_loopback(), here);
    assert!(url.scheme() == "https" || (url.scheme() == "http" && here));
}

fn webhook_address(text: &str) {
    let _ = correlation(text);
    let job = JobKey::digest(&[text]);
    let attempt = 1 + (text.len() as u32 % 7);
    let Ok(address) = correlated(text, job, attempt) else {
        return;
    };
    assert_eq!(correlation(&address), Some((job, attempt)), "{address:?}");
    let vendor = url::Url::parse(&address).expect("still an address");
    assert_eq!(
        correlation(vendor.as_str()),
        Some((job, attempt)),
        "{vendor}"
    );
    let own = url::form_urlencoded::parse(vendor.query().unwrap_or("").as_bytes())
        .filter(|(name, _)| name == "creativeai_job")
        .count();
    assert_eq!(own, 1, "{vendor}");
    let request = serde_json::json!({"model": "m", "webhook_url": address}).to_string();
    let next = recorrelated(&request, job, attempt + 1).expect("a request");
    let next: serde_json::Value = serde_json::from_str(&next).expect("JSON");
    let next = next["webhook_url"].as_str().expect("an address");
    assert_eq!(correlation(next), Some((job, attempt + 1)), "{next:?}");
}

fn on_disk(text: &str) {
    let folder = names::folder(text);
    safe_name(&folder);
    assert!(names::is_safe(&folder), "{folder:?}");
    assert_eq!(names::folder(&folder), folder, "made safe twice");
    if names::is_safe(text) {
        safe_name(text);
    }
    let mut taken = Taken::default();
    let first = taken.claim(folder.clone(), text);
    let second = taken.claim(folder.to_uppercase(), text);
    assert_ne!(first.to_lowercase(), second.to_lowercase());
    for slug in [
        names::slug(text),
        names::image_name(text).map_or(String::new(), |n| names::slug(&n)),
    ] {
        // A clip is called by its number first.
        safe_name(&format!("01-{slug}x.mp4"));
        assert!(
            slug.is_empty() || names::is_safe(&format!("01-{slug}")),
            "{slug:?}"
        );
    }
}

/// One component of a path that Windows, macOS and Linux all take as it is.
fn safe_name(name: &str) {
    assert!(!name.is_empty() && name.len() <= 255, "{name:?}");
    assert!(!name.contains(|c: char| c.is_control() || is_bidi(c) || r#"<>:"/\|?*"#.contains(c)));
    assert!(!name.starts_with(['.', '-', '~', ' ']), "{name:?}");
    assert!(!name.ends_with(['.', ' ']), "{name:?}");
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_uppercase();
    assert!(
        !["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str()),
        "{name:?}"
    );
    let port = stem
        .strip_prefix("COM")
        .or_else(|| stem.strip_prefix("LPT"));
    // Windows takes superscripts for digits, and no other sign.
    let is_digit = |c: char| c.is_ascii_digit() || "¹²³".contains(c);
    let is_port = port.is_some_and(|n| n.chars().count() == 1 && n.contains(is_digit));
    assert!(!is_port, "{name:?}");
}
