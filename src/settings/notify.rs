//! `[notify]`: who hears of rounds.

use super::email;
use super::origin::Setting;
use super::resolve::{Sources, parsed, text};
use super::value::Value;
use crate::engine::notify::{Event, Listeners, Shape};
use crate::exit::Failure;

/// Who hears of rounds.
pub(super) fn notify(l: &mut Sources<'_>) -> Result<Listeners, Failure> {
    let events = |value: &Value| {
        let words = value.list()?;
        words.iter().map(|word| word.parse()).collect()
    };
    let on: Option<Vec<Event>> = l.pick_open("notify.on", None, events)?;
    let format = parsed(|text: &str| text.parse::<Shape>());
    let format = l.pick_open("notify.format", None, format)?;
    Ok(Listeners {
        on: on.unwrap_or_else(|| vec![Event::Attention, Event::Failure]),
        webhook: secret_address(l, "notify.webhook")?,
        format,
        ping: secret_address(l, "notify.ping")?,
        email: email::email(l)?,
        desktop: l
            .pick_open("notify.desktop", None, Value::truth)?
            .unwrap_or(false),
    })
}

/// An address by which anybody can write there, so that only its beginning is shown.
fn secret_address(l: &mut Sources<'_>, name: &str) -> Result<Option<String>, Failure> {
    let address = |value: &Value| {
        let address = text(value)?;
        let url = url::Url::parse(&address).ok();
        let is_web = url.is_some_and(|url| matches!(url.scheme(), "https" | "http"));
        if is_web {
            Ok(address)
        } else {
            Err("must be an address that begins with https://".to_owned())
        }
    };
    let setting = Setting::open(l.find(name, None, address)?);
    let origin = setting
        .value
        .as_deref()
        .and_then(|address| url::Url::parse(address).ok());
    let shown = origin.map(|url| format!("{}/...", url.origin().ascii_serialization()));
    l.show(name, shown.unwrap_or_default(), setting.origin);
    Ok(setting.value)
}
