//! One conversation with a mail server, in which it gets all mails.

use lettre::address::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, MailParameter};

use super::TIME_OUT;
use super::mail_server::{Email, Security};

/// A server that waits for mails.
pub struct SmtpConnection(AsyncSmtpConnection);

impl SmtpConnection {
    /// Connects, encrypts and logs in.
    pub async fn begin(email: &Email, login: Option<&Credentials>) -> Result<Self, Error> {
        let hello = ClientId::default();
        let parameters = || TlsParameters::new(email.server.clone());
        let from_the_start = match email.security {
            Security::Tls => Some(parameters()?),
            Security::StartTls | Security::None => None,
        };
        let address = (email.server.as_str(), email.port);
        let connection = AsyncSmtpConnection::connect_tokio1(
            address,
            Some(TIME_OUT),
            &hello,
            from_the_start,
            None,
        );
        let mut connection = connection.await?;
        if email.security == Security::StartTls {
            connection.starttls(parameters()?, &hello).await?;
        }
        if let Some(login) = login {
            connection.auth(DEFAULT_MECHANISMS, login).await?;
        }
        Ok(Self(connection))
    }

    /// Sends a mail to one recipient. Where the server refuses it, the conversation goes on.
    pub async fn send(&mut self, from: &Address, to: &Address, text: &[u8]) -> Result<(), Error> {
        let sent = self.transfer(from, to, text).await;
        if sent.as_ref().is_err_and(was_refused) {
            // Whether that works is seen by the next mail.
            let _ = self.0.command(Rset).await;
        }
        sent
    }

    async fn transfer(&mut self, from: &Address, to: &Address, text: &[u8]) -> Result<(), Error> {
        let is_ascii = [from, to]
            .iter()
            .all(|address| address.to_string().is_ascii());
        let beyond_ascii = (!is_ascii).then_some(MailParameter::SmtpUtfEight);
        let parameters = beyond_ascii.into_iter().collect();
        self.0
            .command(Mail::new(Some(from.clone()), parameters))
            .await?;
        self.0.command(Rcpt::new(to.clone(), vec![])).await?;
        self.0.command(Data).await?;
        self.0.message(text).await?;
        Ok(())
    }

    /// Says goodbye.
    pub async fn end(mut self) {
        // All mails have been taken or refused by now.
        let _ = self.0.quit().await;
    }
}

/// Whether the server has answered, and with a no.
pub fn was_refused(error: &Error) -> bool {
    error.status().is_some()
}
