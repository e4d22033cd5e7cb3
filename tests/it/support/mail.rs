//! A mail server that keeps what it gets, and refuses whom it is asked to.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;

/// One e-mail that was accepted.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// Who it was for.
    pub to: Vec<String>,
    /// Headers and text.
    pub text: String,
}

impl Mail {
    pub fn head(&self) -> &str {
        self.text.split_once("\n\n").unwrap().0
    }

    /// The text, decoded.
    pub fn body(&self) -> String {
        let (_, text) = self.text.split_once("\n\n").unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.replace('\n', ""));
        String::from_utf8(bytes.unwrap()).unwrap()
    }
}

/// Listens on a port of its own for as long as the tests run.
pub struct MailServer {
    address: SocketAddr,
    mails: Arc<Mutex<Vec<Mail>>>,
    logins: Arc<Mutex<Vec<String>>>,
    conversations: Arc<AtomicUsize>,
}

impl MailServer {
    /// Accepts e-mail for everyone but `refused`.
    pub fn refusing(refused: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            mails: Arc::default(),
            logins: Arc::default(),
            conversations: Arc::default(),
        };
        let (mails, logins) = (server.mails.clone(), server.logins.clone());
        let conversations = server.conversations.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (mails, logins) = (mails.clone(), logins.clone());
                conversations.fetch_add(1, Ordering::SeqCst);
                // A client that goes away has ended the conversation.
                std::thread::spawn(move || converse(&stream, refused, &mails, &logins));
            }
        });
        server
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How often it was called.
    pub fn conversations(&self) -> usize {
        self.conversations.load(Ordering::SeqCst)
    }

    /// What was accepted so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    /// The logins, as they were sent.
    pub fn logins(&self) -> Vec<String> {
        self.logins.lock().unwrap().clone()
    }
}

fn converse(
    mut stream: &TcpStream,
    refused: &str,
    mails: &Mutex<Vec<Mail>>,
    logins: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let mut mail = Mail::default();
    stream.write_all(b"220 ready\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let reply = match verb {
            "EHLO" => "250-here\r\n250 AUTH PLAIN",
            "AUTH" => {
                logins.lock().unwrap().push(rest.to_owned());
                "235 welcome"
            }
            "RCPT" if !refused.is_empty() && rest.contains(refused) => "550 no such mailbox",
            "RCPT" => {
                mail.to.push(rest.to_owned());
                "250 fine"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                for line in lines.by_ref() {
                    match line?.as_str() {
                        "." => break,
                        line => mail.text.push_str(&format!("{line}\n")),
                    }
                }
                mails.lock().unwrap().push(std::mem::take(&mut mail));
                "250 kept"
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n"),
            _ => "250 fine",
        };
        stream.write_all(format!("{reply}\r\n").as_bytes())?;
    }
    Ok(())
}
