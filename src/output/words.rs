//! Wording that several outputs share: numbers, money, durations, names of clips.

use std::collections::HashSet;

use crate::engine::delivery::names;
use crate::jobs::{Credits, JobView, PHOTO_FILE, Rates};
use crate::text::format::group_digits;
pub use crate::text::format::{
    ago, agreeing, bytes, choose, count, counted, day, duration, listed, moment, moment_utc, number,
};
use crate::text::shorten;

/// `5 credits`, `1 credit`, `1,200.5 credits`.
pub fn credits(amount: Credits) -> String {
    let text = amount.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let point = if fraction.is_empty() { "" } else { "." };
    let s = if amount == Credits::whole(1) { "" } else { "s" };
    format!("{}{point}{fraction} credit{s}", group_digits(whole))
}

/// `$0.36 to $0.50`: from the cheapest to the dearest way to buy that many credits.
pub fn dollars(rates: &Rates, amount: Credits) -> String {
    let (low, high) = rates.dollars(amount);
    let (low, high) = (cents(low), cents(high));
    if low == high {
        low
    } else {
        format!("{low} to {high}")
    }
}

/// `5 credits, about $0.36 to $0.50`; without credits no dollars.
pub fn money(rates: &Rates, amount: Credits) -> String {
    if amount == Credits::ZERO {
        return credits(amount);
    }
    format!("{}, about {}", credits(amount), dollars(rates, amount))
}

/// `5 credits charged ($0.36 to $0.50)`, or what a rehearsal would have cost.
pub fn charged(rates: &Rates, amount: Credits, rehearsal: bool) -> String {
    let (credits, dollars) = (credits(amount), dollars(rates, amount));
    if rehearsal {
        format!("would have cost {credits} ({dollars})")
    } else {
        format!("{credits} charged ({dollars})")
    }
}

/// Dollars for JSON, to a tenth of a cent.
pub fn dollars_json(rates: &Rates, amount: Credits) -> serde_json::Value {
    let (low, high) = rates.dollars(amount);
    let to_tenth_of_a_cent = |dollars: f64| (dollars * 1000.0).round() / 1000.0;
    serde_json::json!({ "low": to_tenth_of_a_cent(low), "high": to_tenth_of_a_cent(high) })
}

/// Half a cent is rounded up, as people do; in binary it is not exactly half.
fn cents(dollars: f64) -> String {
    let cents = ((dollars * 1000.0).round() as i64).saturating_add(5) / 10;
    let whole = group_digits(&(cents / 100).to_string());
    format!("${whole}.{:02}", cents % 100)
}

/// What people call a field of a request.
pub fn label_of(name: &str) -> &str {
    match name {
        "image_url" => "Photo",
        "prompt" => "Prompt",
        "model" => "Model",
        "duration" => "Length",
        "aspect_ratio" => "Shape",
        "webhook_url" => "Webhook",
        "text" => "Text",
        "voice" => "Voice",
        "language" => "Language",
        "speed" => "Speed",
        other => other,
    }
}

/// What clips are grouped under that belong to no listing or product.
pub const NO_ITEM: &str = "Without a listing or SKU";

/// Longest name that [`clip_name`] gives, in characters.
const NAME_LEN: usize = 60;

/// The name of a job's photo, without its folder and ending: that of the file that was uploaded, where
/// it was on this computer.
pub fn photo_title(view: &JobView) -> Option<String> {
    if let Some(path) = view.column(PHOTO_FILE) {
        return Some(names::file_name(&path).to_owned());
    }
    names::image_name(&view.photo()?)
}

/// What a clip is called among its listing's or product's: the photo's name without its ending,
/// else how its prompt begins, and its variant.
pub fn clip_name(view: &JobView) -> String {
    let of_request = |name: &str| {
        let text = view.requested(name)?.as_str()?.to_owned();
        (!text.trim().is_empty()).then_some(text)
    };
    let subject = photo_title(view)
        .or_else(|| of_request("prompt"))
        .or_else(|| of_request("text").map(|text| format!("“{text}”")));
    let name = with_variant(subject, view).unwrap_or_else(|| {
        let id = view.effective().and_then(|a| a.generation_id());
        id.map_or_else(|| view.key().to_string(), str::to_owned)
    });
    // One line, whatever the sheet had.
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    shorten(&name, NAME_LEN).into_owned()
}

/// What distinguishes clips of one name, for each of them: how the prompt begins, else another part of
/// what was asked for, else the job.
pub fn distinctions(views: &[JobView]) -> Vec<String> {
    const PROMPT_LEN: usize = 30;
    for part in [
        "prompt",
        "text",
        "duration",
        "aspect_ratio",
        "model",
        "voice",
    ] {
        let values = views.iter().filter_map(|view| {
            let value = view.requested(part)?.as_str()?.to_owned();
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            Some(match part {
                "prompt" | "text" => format!("“{}”", shorten(&value, PROMPT_LEN)),
                _ => value,
            })
        });
        let values: Vec<String> = values.collect();
        let different: HashSet<&String> = values.iter().collect();
        if different.len() == views.len() {
            return values;
        }
    }
    views.iter().map(|view| view.key().to_string()).collect()
}

/// What the clip is called: never by its prompt.
pub fn title(view: &JobView) -> String {
    with_variant(photo_title(view), view).unwrap_or_else(|| "Video".to_owned())
}

/// A clip's subject and its variant, as far as there are any.
fn with_variant(subject: Option<String>, view: &JobView) -> Option<String> {
    let variant = view.fields.text("variant").filter(|v| !v.is_empty());
    match (subject, variant) {
        (Some(subject), Some(variant)) => Some(format!("{subject} ({variant})")),
        (subject, variant) => subject.or_else(|| variant.map(str::to_owned)),
    }
}

/// A word as a shell reads it; quoted only where it has to be.
pub fn shell_word(word: &str) -> String {
    let is_plain =
        |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c) || (cfg!(windows) && c == '\\');
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else if cfg!(windows) {
        format!("\"{word}\"")
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_grouped_and_agree_with_their_noun() {
        assert_eq!(credits(Credits::whole(1)), "1 credit");
        assert_eq!(
            credits(Credits::from_number(1234.5).unwrap()),
            "1,234.5 credits"
        );
    }

    #[test]
    fn money_is_a_range_rounded_as_people_round() {
        let rates = Rates::default();
        assert_eq!(
            money(&rates, Credits::whole(5)),
            "5 credits, about $0.36 to $0.50"
        );
        assert_eq!(dollars(&rates, Credits::whole(15)), "$1.07 to $1.50");
        assert_eq!(
            dollars(&rates, Credits::whole(50_000)),
            "$3,550.00 to $5,000.00"
        );
        assert_eq!(money(&rates, Credits::ZERO), "0 credits");
        let flat = Rates {
            dollars_low: 0.1,
            ..rates
        };
        assert_eq!(dollars(&flat, Credits::whole(3)), "$0.30");
    }
}
