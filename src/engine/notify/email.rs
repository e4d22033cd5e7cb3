//! A notice as e-mail. Each recipient gets one of their own, so that one who is refused keeps it from
//! no one else.

use std::error::Error as _;
use std::time::SystemTime;

use base64::Engine as _;
use lettre::address::Address;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use tokio::time::{Instant, timeout_at};

use super::mail_server::{Email, MailLogin};
use super::request::shortened;
use super::smtp::{SmtpConnection, was_refused};
use super::{Notice, TIME_OUT};
use crate::disk::{self, SecretReadError};

/// Characters in a line of base64, as MIME wants them at most.
const LINE: usize = 76;

impl Email {
    /// Sends a notice to all recipients, in one conversation with the server. What failed, and why; the
    /// rest has arrived.
    pub(super) async fn send(&self, notice: &Notice) -> Vec<String> {
        let login = match self.login.as_ref().map(MailLogin::credentials).transpose() {
            Ok(login) => login,
            Err(why) => return vec![format!("the e-mail for [notify]: {why}")],
        };
        // For all recipients together: a server that answers slowly does not hold up the round.
        let deadline = Instant::now() + 3 * TIME_OUT;
        let mut conversation = None;
        let mut failed = Vec::new();
        let mut all = self.to.iter();
        while let Some(to) = all.next() {
            let failure_of =
                |to: &Address, why: &str| format!("the e-mail for [notify] to {to}: {why}");
            if conversation.is_none() {
                match in_time(deadline, SmtpConnection::begin(self, login.as_ref())).await {
                    Ok(begun) => conversation = Some(begun),
                    Err(failure) => {
                        // A server that is not there for one is not there for the others.
                        let left = std::iter::once(to).chain(all);
                        let why = self.without_password(&failure.why);
                        failed.extend(left.map(|to| failure_of(to, &why)));
                        return failed;
                    }
                }
            }
            let message = self.message(notice);
            let Some(open) = &mut conversation else {
                continue;
            };
            let sent = in_time(deadline, open.send(&self.from, to, message.as_bytes())).await;
            if let Err(failure) = sent {
                failed.push(failure_of(to, &self.without_password(&failure.why)));
                if !failure.was_refused {
                    conversation = None;
                }
            }
        }
        if let Some(conversation) = conversation {
            // That it takes too long matters to no one.
            let _ = tokio::time::timeout(TIME_OUT, conversation.end()).await;
        }
        failed
    }

    /// What a server said, without the password, also as it is sent in the login.
    fn without_password(&self, said: &str) -> String {
        let Some(login) = &self.login else {
            return said.to_owned();
        };
        let Ok(password) = login.password() else {
            return said.to_owned();
        };
        let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let sent = [
            base64(&format!("\0{}\0{password}", login.user)),
            base64(&password),
            password,
        ];
        sent.iter().fold(said.to_owned(), |said, secret| {
            said.replace(secret, "[password]")
        })
    }

    /// The message: a subject of one line, and the text that the webhook gets. Base64 keeps it whole on
    /// servers that take ASCII only. No program of an absent recipient answers a mail that is
    /// auto-generated.
    fn message(&self, notice: &Notice) -> String {
        let to: Vec<String> = self.to.iter().map(ToString::to_string).collect();
        let now = SystemTime::now();
        let text = base64::engine::general_purpose::STANDARD.encode(shortened(&notice.text));
        let mut lines = vec![
            format!("From: creativeai <{}>", self.from),
            format!("To: {}", to.join(",\r\n ")),
            format!("Subject: creativeai: {}", notice.event),
            format!(
                "Date: {}",
                httpdate::fmt_http_date(now).replace("GMT", "+0000")
            ),
            format!(
                "Message-ID: <{:032x}@{}>",
                fastrand::u128(..),
                self.from.domain()
            ),
            "Auto-Submitted: auto-generated".to_owned(),
            "MIME-Version: 1.0".to_owned(),
            "Content-Type: text/plain; charset=utf-8".to_owned(),
            "Content-Transfer-Encoding: base64".to_owned(),
            String::new(),
        ];
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (line, more) = rest.split_at(rest.len().min(LINE));
            lines.push(line.to_owned());
            rest = more;
        }
        lines.push(String::new());
        lines.join("\r\n")
    }
}

impl MailLogin {
    fn credentials(&self) -> Result<Credentials, String> {
        Ok(Credentials::new(self.user.clone(), self.password()?))
    }

    fn password(&self) -> Result<String, String> {
        let shown = self.password_file.display();
        let text = disk::read_private(&self.password_file).map_err(|why| match why {
            SecretReadError::Io(error) => format!("cannot read the password file {shown}: {error}"),
            shared @ SecretReadError::Shared { .. } => {
                format!("the password file {shown}: {shared}; chmod 600 {shown}")
            }
        })?;
        let text = text.ok_or_else(|| format!("cannot find the password file {shown}"))?;
        match text.trim() {
            "" => Err(format!("the password file {shown} is empty")),
            password => Ok(password.to_owned()),
        }
    }
}

/// What a server did not do.
struct SmtpError {
    why: String,
    /// It refused, and the conversation goes on.
    was_refused: bool,
}

/// What comes of a part of a conversation within the time for it.
async fn in_time<T>(
    deadline: Instant,
    part: impl Future<Output = Result<T, smtp::Error>>,
) -> Result<T, SmtpError> {
    match timeout_at(deadline.min(Instant::now() + TIME_OUT), part).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(SmtpError {
            why: explain(&error),
            was_refused: was_refused(&error),
        }),
        Err(_) => Err(SmtpError {
            why: "the mail server did not answer in time".to_owned(),
            was_refused: false,
        }),
    }
}

/// What went wrong: the server's own words, or the innermost cause.
fn explain(error: &smtp::Error) -> String {
    let cause = error.source().map(crate::vendor::root_cause);
    match (error.status(), cause) {
        (Some(code), Some(words)) => format!("the mail server answered {code} {words}"),
        (Some(code), None) => format!("the mail server answered {code}"),
        (None, Some(cause)) => cause,
        (None, None) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use serde_json::Value;

    use super::super::RoundEvent;
    use super::super::mail_server::Security;
    use super::*;

    #[test]
    fn a_server_that_quotes_the_password_does_not_have_it_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        disk::make_private(file.path()).unwrap();
        std::fs::write(file.path(), "smtp-secret\n").unwrap();
        let address = Address::new("clips", "example.com").unwrap();
        let email = Email {
            server: "127.0.0.1".to_owned(),
            port: 25,
            security: Security::None,
            login: Some(MailLogin {
                user: "u".to_owned(),
                password_file: file.path().to_owned(),
            }),
            from: address.clone(),
            to: vec![address],
        };
        let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let said = format!(
            "535 u smtp-secret {} {}",
            base64("smtp-secret"),
            base64("\0u\0smtp-secret")
        );
        assert_eq!(
            email.without_password(&said),
            "535 u [password] [password] [password]"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_never_answers_is_given_up_for_all_recipients() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = |name: &str| Address::new(name, "example.com").unwrap();
        let email = Email {
            server: "127.0.0.1".to_owned(),
            port: silent.local_addr().unwrap().port(),
            security: Security::None,
            login: None,
            from: address("clips"),
            to: vec![address("sam"), address("kim")],
        };
        let notice = Notice {
            event: RoundEvent::Success,
            text: "run: 1 ordered".to_owned(),
            code: Some(0),
            counts: Value::Null,
        };
        let began = tokio::time::Instant::now();
        let failed = email.send(&notice).await;
        assert_eq!(began.elapsed().as_secs(), TIME_OUT.as_secs());
        assert_eq!(failed.len(), 2, "{failed:?}");
        assert!(failed[0].contains("to sam@example.com: "), "{failed:?}");
        assert!(failed[1].contains("to kim@example.com: "), "{failed:?}");
    }
}
