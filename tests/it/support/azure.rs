//! A real server of Azure's blobs: azurite, from the npm registry.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::s3::{Store, elements};
use super::{World, skip};

/// The account that azurite has, and its published key.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A server of blobs. Dropping it ends it.
pub struct Azure {
    child: Child,
    host: String,
}

impl Azure {
    /// Starts one with the container `clips`; `None` where there is none to start.
    pub fn start() -> Option<Self> {
        // Where `.ci/run` installs it; else wherever the system finds it.
        let tools = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/target/tools/azurite/node_modules/.bin"
        );
        let path = std::env::var("PATH").unwrap_or_default();
        let child = Command::new("azurite-blob")
            .args(["--blobPort", "0", "--inMemoryPersistence"])
            .args(["--disableTelemetry", "--skipApiVersionCheck"])
            .env("PATH", format!("{tools}:{path}"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = child else {
            skip("azurite is not here: npm install --prefix target/tools/azurite azurite");
            return None;
        };
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let host = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, host) = line.split_once("successfully listens on http://")?;
            Some(host.trim().to_owned())
        });
        let host = host.expect("azurite listens");
        // Whatever more it says is not to block it.
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self { child, host };
        let made = server.call("PUT", "clips", &[("restype", "container")], b"");
        assert_eq!(made.0, 201, "{}", String::from_utf8_lossy(&made.1));
        Some(server)
    }

    /// One request, signed with the account's key.
    fn call(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        body: &[u8],
    ) -> (u16, Vec<u8>) {
        let date = httpdate::fmt_http_date(SystemTime::now());
        let headers =
            format!("x-ms-blob-type:BlockBlob\nx-ms-date:{date}\nx-ms-version:2021-08-06");
        let length = match body.len() {
            0 => String::new(),
            length => length.to_string(),
        };
        let values = query
            .iter()
            .map(|(name, value)| format!("\n{name}:{value}"));
        let resource = format!("/{ACCOUNT}/{ACCOUNT}/{path}{}", values.collect::<String>());
        let signed = format!("{method}\n\n\n{length}\n\n\n\n\n\n\n\n\n{headers}\n{resource}");
        let key = BASE64_STANDARD.decode(KEY).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(signed.as_bytes());
        let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        let pairs = query.iter().map(|(name, value)| format!("{name}={value}&"));
        let head = format!(
            "{method} /{ACCOUNT}/{path}?{} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{}\r\n\
             Authorization: SharedKey {ACCOUNT}:{signature}\r\nContent-Length: {}\r\n\r\n",
            pairs.collect::<String>().trim_end_matches('&'),
            self.host,
            headers.replace('\n', "\r\n"),
            body.len(),
        );
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        let status = String::from_utf8_lossy(&reply[9..12]).parse().unwrap();
        let end = reply
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        (status, reply.split_off(end + 4))
    }

    /// A world whose credentials are for this server.
    pub fn world(&self, world: World) -> World {
        world
            .with_var("AZURE_STORAGE_USE_EMULATOR", "true")
            .with_var("AZURITE_BLOB_STORAGE_URL", &format!("http://{}", self.host))
    }
}

impl Store for Azure {
    fn put(&self, key: &str, body: &[u8]) {
        let path = format!("clips/{key}");
        assert_eq!(self.call("PUT", &path, &[], body).0, 201, "{key}");
    }

    fn object(&self, key: &str) -> Vec<u8> {
        let (status, body) = self.call("GET", &format!("clips/{key}"), &[], b"");
        assert_eq!(status, 200, "{key}");
        body
    }

    fn names(&self) -> Vec<String> {
        let query = [("comp", "list"), ("restype", "container")];
        let (_, list) = self.call("GET", "clips", &query, b"");
        elements(&String::from_utf8(list).unwrap(), "Name")
    }
}

impl Drop for Azure {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
