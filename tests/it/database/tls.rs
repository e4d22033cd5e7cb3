//! A server that cannot prove who it is gets nothing.

use std::path::Path;
use std::process::Command;

use super::world;
use crate::support::postgres::{Postgres, programs};
use crate::support::skip;

/// Runs `openssl` in `folder`.
fn openssl(folder: &Path, line: &str) -> bool {
    let command = Command::new("openssl")
        .args(line.split(' '))
        .current_dir(folder)
        .output();
    command.is_ok_and(|output| output.status.success())
}

/// An authority in `folder`, and a certificate of it for `localhost`.
fn certificates(folder: &Path) -> bool {
    let key = "-newkey rsa:2048 -nodes";
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl(
        folder,
        &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"),
    ) && openssl(
        folder,
        &format!("req -x509 {key} -keyout other.key -out other.pem -days 2 -subj /CN=stranger"),
    ) && openssl(
        folder,
        &format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"),
    ) && openssl(
        folder,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.crt \
         -extfile names",
    )
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn a_server_that_cannot_prove_who_it_is_is_refused() {
    let Some(programs) = programs() else {
        return skip("PostgreSQL is not installed (apt-get install postgresql)");
    };
    let folder = tempfile::tempdir().unwrap();
    if !certificates(folder.path()) {
        return skip("openssl is not installed");
    }
    let port = free_port();
    let plain = Postgres::start(
        &programs,
        &["listen_addresses=localhost", &format!("port={port}")],
    );
    let world = world();
    let address = |host: &str, port: u16, more: &str| {
        format!("postgres://postgres@{host}:{port}/postgres?log=shop&connect_timeout=5&{more}")
    };
    let root = format!("sslrootcert={}", folder.path().join("ca.pem").display());
    let other = format!("sslrootcert={}", folder.path().join("other.pem").display());
    let refused = |log: &str| {
        let ended = world.run(&["log", "init", log]).expect(78);
        assert!(
            ended.stderr.contains("prove who it is"),
            "{log}: {}",
            ended.stderr
        );
    };
    for mode in ["require", "verify-ca", "verify-full"] {
        // Without TLS at all.
        refused(&address(
            "localhost",
            port,
            &format!("sslmode={mode}&{root}"),
        ));
    }
    world
        .run(&[
            "log",
            "init",
            &address("localhost", port, "sslmode=disable"),
        ])
        .expect(0);
    drop(plain);

    let port = free_port();
    let server = Postgres::start_with_files(
        &programs,
        &[
            "listen_addresses=127.0.0.1,localhost",
            &format!("port={port}"),
            "ssl=on",
        ],
        &[
            &folder.path().join("server.crt"),
            &folder.path().join("server.key"),
        ],
    );
    let full = |host: &str, root: &str| address(host, port, &format!("sslmode=verify-full&{root}"));
    refused(&full("127.0.0.1", &root));
    refused(&full("localhost", &other));
    refused(&address(
        "localhost",
        port,
        &format!("sslmode=verify-ca&{other}"),
    ));
    // The computer's own authorities know neither.
    refused(&address("localhost", port, "sslmode=verify-full"));
    world
        .run(&["log", "init", &full("localhost", &root)])
        .expect(0);
    let by_number = address("127.0.0.1", port, &format!("sslmode=verify-ca&{root}"));
    world.run(&["status", &by_number]).expect(0);
    let unproven = address("127.0.0.1", port, "sslmode=require");
    world.run(&["status", &unproven]).expect(0);
    drop(server);
}
