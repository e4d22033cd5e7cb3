//! A real S3 server: moto, from the Python package index.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use super::{World, skip};

/// A server of S3's interface. Dropping it ends it.
pub struct S3 {
    child: Child,
    host: String,
}

impl S3 {
    /// Starts one with the bucket `clips`; `None` where there is none to start.
    pub fn start() -> Option<Self> {
        // Where `.ci/run` installs it; else wherever Python finds it.
        let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools");
        let mut command = Command::new("python3");
        command
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"])
            .env("PYTHONPATH", tools)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let Ok(mut child) = command.spawn() else {
            skip("python3 is not here");
            return None;
        };
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let host = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, host) = line.split_once("Running on http://")?;
            Some(host.trim().to_owned())
        });
        let Some(host) = host else {
            let _ = child.wait();
            skip("moto is not here: python3 -m pip install --target target/tools 'moto[server]'");
            return None;
        };
        // Whatever more it says is not to block it.
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self { child, host };
        assert_eq!(server.call("PUT", "/clips", b"").0, 200);
        Some(server)
    }

    /// One request. Moto wants a signature and does not check it.
    pub fn call(&self, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, \
             SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\n\r\n",
            self.host,
            body.len()
        );
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

    pub fn object(&self, key: &str) -> Vec<u8> {
        let (status, body) = self.call("GET", &format!("/clips/{key}"), b"");
        assert_eq!(status, 200, "{key}");
        body
    }

    /// The keys of all objects.
    pub fn keys(&self) -> Vec<String> {
        let (_, list) = self.call("GET", "/clips?list-type=2", b"");
        elements(&String::from_utf8(list).unwrap(), "Key")
    }

    /// Uploads that were begun and neither ended nor aborted.
    pub fn begun(&self) -> usize {
        let (_, list) = self.call("GET", "/clips?uploads", b"");
        elements(&String::from_utf8(list).unwrap(), "UploadId").len()
    }

    /// A world whose credentials are for this server.
    pub fn world(&self, world: World) -> World {
        world
            .with_var("AWS_ACCESS_KEY_ID", "test")
            .with_var("AWS_SECRET_ACCESS_KEY", "s3cret-key")
            .with_var("AWS_REGION", "us-east-1")
            .with_var("AWS_ENDPOINT_URL", &format!("http://{}", self.host))
    }

    /// A world for which this server is Google's: its XML interface is that of S3, but for the
    /// credentials, and for conditions, which moto does not know.
    pub fn world_of_google(&self, world: World) -> World {
        world
            .with_var("GOOGLE_BEARER_TOKEN", "s3cret-key")
            .with_var("GOOGLE_BASE_URL", &format!("http://{}", self.host))
    }
}

/// What a test sees of a store with the bucket `clips`.
pub trait Store {
    fn put(&self, key: &str, body: &[u8]);
    fn object(&self, key: &str) -> Vec<u8>;
    /// The keys of all objects.
    fn names(&self) -> Vec<String>;
}

impl Store for S3 {
    fn put(&self, key: &str, body: &[u8]) {
        let path = format!("/clips/{key}");
        assert_eq!(self.call("PUT", &path, body).0, 200, "{key}");
    }

    fn object(&self, key: &str) -> Vec<u8> {
        self.object(key)
    }

    fn names(&self) -> Vec<String> {
        self.keys()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn elements(xml: &str, name: &str) -> Vec<String> {
    let start = format!("<{name}>");
    let parts = xml.split(&start).skip(1);
    let parts = parts.filter_map(|part| part.split('<').next());
    parts.map(str::to_owned).collect()
}
