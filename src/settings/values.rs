//! How values are written by people: durations, sizes, rates, shares, pairs.
//!
//! The settings file uses the same spellings as the command line.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

use crate::jobs::{Credits, GenerationId, Seconds};
use crate::manifest::{Template, check_prompt};
use crate::sandbox::Chance;

/// No waiting is longer than this: it keeps sums of times far from overflow.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Units of durations with their milliseconds, the longest first.
const TIME_UNITS: [(&str, f64); 6] = [
    ("ms", 1.0),
    ("min", 60_000.0),
    ("s", 1_000.0),
    ("m", 60_000.0),
    ("h", 3_600_000.0),
    ("d", 86_400_000.0),
];

/// Units of sizes with their bytes.
const SIZE_UNITS: [(&str, f64); 8] = [
    ("b", 1.0),
    ("kb", 1e3),
    ("mb", 1e6),
    ("gb", 1e9),
    ("tb", 1e12),
    ("kib", 1024.0),
    ("mib", 1_048_576.0),
    ("gib", 1_073_741_824.0),
];

/// Reads `10s`, `500ms`, `2m`, `1h`, `1h30m`; a plain number counts seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration; write for example 10s, 500ms, 2m or 1h");
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut millis = 0.0;
    while !rest.is_empty() {
        let (number, after) = split_number(rest).ok_or_else(wrong)?;
        let after = after.trim_start();
        let (scale, after) = if after.is_empty() {
            (1_000.0, after)
        } else {
            TIME_UNITS
                .iter()
                .find_map(|(unit, scale)| Some((*scale, after.strip_prefix(unit)?)))
                .ok_or_else(wrong)?
        };
        millis += number * scale;
        rest = after.trim_start();
    }
    if millis > LONGEST.as_millis() as f64 {
        return Err(format!("{text:?} is longer than a year"));
    }
    Ok(Duration::from_millis(millis.round() as u64))
}

/// The name of a receiver of clips, as the log has it. A shop's is made by the program.
pub fn target(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
        return Err("write up to 64 letters, digits, dots, dashes and underscores".to_owned());
    }
    Ok(text.to_owned())
}

/// An address that deliveries are forwarded to.
pub fn forward_address(text: &str) -> Result<Url, String> {
    let wrong = || "write a full address that begins with https:// or http://".to_owned();
    let url = Url::parse(text.trim()).map_err(|_| wrong())?;
    let is_http = matches!(url.scheme(), "https" | "http") && url.host_str().is_some();
    if is_http { Ok(url) } else { Err(wrong()) }
}

/// A duration other than zero.
pub fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("must be longer than zero".to_owned()),
        length => Ok(length),
    }
}

/// Reads `500MB`, `1GiB`, `64kB`; a plain number counts bytes.
pub fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a size; write for example 500MB or 2GiB");
    let (number, unit) = split_number(text.trim()).ok_or_else(wrong)?;
    let unit = unit.trim().to_ascii_lowercase();
    let scale = if unit.is_empty() {
        1.0
    } else {
        let known = SIZE_UNITS.iter().find(|(name, _)| *name == unit);
        known.ok_or_else(wrong)?.1
    };
    let bytes = number * scale;
    if (1.0..=1e15).contains(&bytes) {
        Ok(bytes.round() as u64)
    } else {
        Err(format!("{text:?} is not a size of a file"))
    }
}

/// Splits a plain decimal number (digits, at most one point) off the front.
fn split_number(text: &str) -> Option<(f64, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let starts_right = number.starts_with(|c: char| c.is_ascii_digit());
    let number = number.parse::<f64>().ok().filter(|_| starts_right)?;
    Some((number, rest))
}

/// `NAME=VALUE`: a filter (`COLUMN=VALUE`) or a column's name (`CANONICAL=HEADER`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Before the first `=`.
    pub name: String,
    /// After it; may be empty and may hold further `=`.
    pub value: String,
}

impl FromStr for Pair {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => Ok(Self {
                name: name.trim().to_owned(),
                value: value.to_owned(),
            }),
            _ => Err(format!("{text:?} does not have the form NAME=VALUE")),
        }
    }
}

/// Reads the prompt of rows that have none.
pub fn prompt(text: &str) -> Result<Template, String> {
    Template::parse(text)
}

/// Reads a share of requests, 0 to 1: `0.05` or `5%`.
pub fn share(text: &str) -> Result<f64, String> {
    let wrong = || format!("{text:?} is not a share; write for example 0.05 or 5%");
    let trimmed = text.trim();
    let value = match trimmed.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|p| p / 100.0),
        None => trimmed.parse::<f64>(),
    };
    match value {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err(wrong()),
    }
}

/// Reads how often something goes wrong: a share, `first:N` or `each:N`.
pub fn chance(text: &str) -> Result<Chance, String> {
    if let Ok(share) = share(text) {
        return Ok(if share > 0.0 {
            Chance::Share(share)
        } else {
            Chance::Never
        });
    }
    let number_after = |prefix: &str| text.strip_prefix(prefix)?.parse::<u32>().ok();
    let first = number_after("first:").map(|cases| Chance::First(cases.into()));
    first
        .or_else(|| number_after("each:").map(Chance::FirstOfEach))
        .ok_or_else(|| format!("{text:?} is neither a share (0.05 or 5%), nor first:N, nor each:N"))
}

/// Reads a number of credits.
pub fn credits(text: &str) -> Result<Credits, String> {
    let number = text.trim().parse::<f64>().ok();
    number
        .and_then(Credits::from_number)
        .ok_or_else(|| format!("{text:?} is not a number of credits"))
}

/// Reads a clip's length: `5` or `5s`.
pub fn seconds(text: &str) -> Result<Seconds, String> {
    Seconds::parse(text).ok_or_else(|| {
        let longest = Seconds::MAX;
        format!("{text:?} is not a clip length; write whole seconds, 1s to {longest}s")
    })
}

/// Reads a prompt, which is checked as a sheet's is.
pub fn plain_prompt(text: &str) -> Result<String, String> {
    check_prompt(text).map(str::to_owned)
}

/// Reads the vendor's id of a generation.
pub fn generation_id(text: &str) -> Result<GenerationId, String> {
    // As suggested commands have it.
    if text.trim() == "ID" {
        return Err(
            "stands for the generation id that the vendor's dashboard shows; write that".to_owned(),
        );
    }
    GenerationId::parse(text.trim()).ok_or_else(|| {
        "is not a generation id: those contain only letters, digits, - and _".to_owned()
    })
}

/// Reads `ADDRESS:PORT`; `localhost:PORT` and a lone port mean 127.0.0.1.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    let port = port.strip_prefix(':').unwrap_or(port);
    if let Ok(port) = port.parse::<u16>() {
        return Ok(SocketAddr::from(([127, 0, 0, 1], port)));
    }
    text.parse().map_err(|_| {
        format!("{text:?} is not an address to listen on; write for example 127.0.0.1:8787")
    })
}

/// Reads the path of an HTTP address.
pub fn url_path(text: &str) -> Result<String, String> {
    let safe = |b: u8| b.is_ascii_graphic() && !b"?#{}*".contains(&b);
    if text.starts_with('/') && text.bytes().all(safe) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} is not a path; write for example /webhooks/creativeai"
        ))
    }
}

/// Reads a delimiter: one character, or `comma`, `semicolon`, `tab`, `pipe`.
pub fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "comma" => Ok(b','),
        "semicolon" => Ok(b';'),
        "tab" | "\\t" => Ok(b'\t'),
        "pipe" => Ok(b'|'),
        _ => match text.as_bytes() {
            [b] if b.is_ascii() && !b"\"\r\n".contains(b) => Ok(*b),
            _ => Err(format!("{text:?} is not a delimiter; write , ; or tab")),
        },
    }
}

/// Reads the name of an encoding, as web pages name them.
pub fn encoding(text: &str) -> Result<&'static encoding_rs::Encoding, String> {
    encoding_rs::Encoding::for_label(text.trim().as_bytes()).ok_or_else(|| {
        format!("{text:?} is not a known encoding; write for example windows-1252 or utf-16le")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        for (text, millis) in [
            ("10s", 10_000),
            ("500ms", 500),
            ("2m", 120_000),
            ("2min", 120_000),
            ("1h", 3_600_000),
            ("1h30m", 5_400_000),
            ("1.5s", 1_500),
            ("7", 7_000),
            (" 7 s ", 7_000),
            ("0", 0),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_without_panic() {
        for text in [
            "",
            "s",
            "-1s",
            "1.2.3s",
            "10 parsecs",
            "1e9s",
            "99999999999999999999d",
            ".",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(positive_duration("0ms").is_err());
    }

    #[test]
    fn sizes_know_decimal_and_binary_units() {
        assert_eq!(size("500MB"), Ok(500_000_000));
        assert_eq!(size("1.5 KiB"), Ok(1_536));
        assert_eq!(size("12"), Ok(12));
        for text in ["", "0", "MB", "-1MB", "5 bananas", "1e3"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shares_are_between_nothing_and_all() {
        assert_eq!(share("5%"), Ok(0.05));
        assert_eq!(share("1"), Ok(1.0));
        for text in ["2", "-0.1", "NaN", "101%", ""] {
            assert!(share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn faults_may_be_shares_or_the_first_cases() {
        assert_eq!(chance("5%"), Ok(Chance::Share(0.05)));
        assert_eq!(chance("0"), Ok(Chance::Never));
        assert_eq!(chance("first:3"), Ok(Chance::First(3)));
        assert_eq!(chance("each:1"), Ok(Chance::FirstOfEach(1)));
        for text in ["", "2", "-0.1", "NaN", "first:", "last:1"] {
            assert!(chance(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_pair_splits_at_its_first_sign() {
        let pair: Pair = "target = a=b".parse().unwrap();
        assert_eq!(
            (pair.name.as_str(), pair.value.as_str()),
            ("target", " a=b")
        );
        assert!("=x".parse::<Pair>().is_err());
        assert!("x".parse::<Pair>().is_err());
    }

    #[test]
    fn addresses_may_be_a_lone_port() {
        for text in ["8787", ":8787", "localhost:8787", "127.0.0.1:8787"] {
            assert_eq!(address(text).unwrap().to_string(), "127.0.0.1:8787");
        }
        assert!(address("example.org:80").is_err());
    }

    #[test]
    fn delimiters_have_names() {
        assert_eq!(delimiter("tab"), Ok(b'\t'));
        assert_eq!(delimiter(";"), Ok(b';'));
        for text in ["", ",,", "\"", "ä"] {
            assert!(delimiter(text).is_err(), "{text}");
        }
    }
}
