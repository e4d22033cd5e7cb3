//! `[notify]`: who hears of rounds, and how notices become e-mail.

use lettre::Address;

use super::resolve::{Sources, parsed, text, whole};
use super::value::{Setting, Value};
use crate::engine::notify::{Email, Listeners, MailLogin, RoundEvent, Security, Shape};
use crate::exit::Failure;
use crate::text::is_this_computer;

/// Who hears of rounds.
pub(super) fn notify(l: &mut Sources<'_>) -> Result<Listeners, Failure> {
    let events = |value: &Value| {
        let words = value.list()?;
        words.iter().map(|word| word.parse()).collect()
    };
    let on: Option<Vec<RoundEvent>> = l.pick_open("notify.on", None, events)?;
    let format = parsed(|text: &str| text.parse::<Shape>());
    let format = l.pick_open("notify.format", None, format)?;
    Ok(Listeners {
        on: on.unwrap_or_else(|| vec![RoundEvent::Attention, RoundEvent::Failure]),
        webhook: secret_address(l, "notify.webhook")?,
        format,
        ping: secret_address(l, "notify.ping")?,
        email: email(l)?,
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

/// How notices become e-mail; `None` without a server.
pub(super) fn email(l: &mut Sources<'_>) -> Result<Option<Email>, Failure> {
    let addresses = |value: &Value| {
        let list = value.list()?;
        list.iter().map(|text| address(text)).collect()
    };
    let port = |value: &Value| whole(1, u32::from(u16::MAX))(value).map(|port| port as u16);
    let server = l.pick_open("notify.email.server", None, text)?;
    let port = l.pick_open("notify.email.port", None, port)?;
    let security: Security = l.pick("notify.email.tls", None, parsed(str::parse))?;
    let user = l.pick_open("notify.email.user", None, text)?;
    let file = l.find_path("notify.email.password_file", None)?;
    let file = Setting::open(file);
    if let (Some(path), Some(_)) = (&file.value, l.project_file(&file.origin))
        && l.env.is_in_settings_folder(path)
    {
        return Err(Failure::config(format!(
            "notify.email.password_file ({}) would send what is in {} to a mail server",
            file.origin,
            path.display()
        ))
        .help("keep the mail password in a file of its own, elsewhere"));
    }
    let shown = file.value.as_ref().map(|path| path.display().to_string());
    l.show(
        "notify.email.password_file",
        shown.unwrap_or_default(),
        file.origin,
    );
    let from = |value: &Value| address(value.text()?);
    let from = l.pick_open("notify.email.from", None, from)?;
    let to = l.pick_open("notify.email.to", None, addresses)?;

    let Some(server) = server else {
        // What is left of it would be ignored without a word.
        if from.is_some() || to.is_some() || user.is_some() {
            let what = "the mail server, such as smtp.example.com";
            return Err(missing("server", what));
        }
        return Ok(None);
    };
    if security == Security::None && !is_this_computer(&server) {
        return Err(Failure::config(format!(
            "notify.email.tls = \"none\" would send e-mail unencrypted to another computer, {server}"
        ))
        .help("write tls = \"starttls\" or \"tls\"; \"none\" is for a server on this computer"));
    }
    let login = match (user, file.value) {
        (Some(user), Some(password_file)) => Some(MailLogin {
            user,
            password_file,
        }),
        (None, None) => None,
        (Some(_), None) => return Err(missing("password_file", "the file with the password")),
        (None, Some(_)) => return Err(missing("user", "the name for the login")),
    };
    let to = to.filter(|to: &Vec<_>| !to.is_empty());
    Ok(Some(Email {
        port: port.unwrap_or(security.port()),
        server,
        security,
        login,
        from: from.ok_or_else(|| missing("from", "the sender of the e-mail"))?,
        to: to.ok_or_else(|| missing("to", "the recipients, as a list"))?,
    }))
}

fn missing(key: &str, what: &str) -> Failure {
    Failure::config(format!("[notify.email] has no {key}"))
        .help(format!("add {key}: {what}; or remove the whole table"))
}

fn address(text: &str) -> Result<Address, String> {
    let read = text.trim().parse::<Address>().ok();
    // An address in other letters would need servers that know how to take it.
    let read = read.filter(|_| text.is_ascii());
    read.ok_or_else(|| format!("has {text:?}, not an address; write for example sam@example.com"))
}
