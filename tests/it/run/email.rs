//! Notices of rounds as e-mail.

use std::net::TcpListener;

use super::{round, vendor, world};
use crate::support::mail::MailServer;
use crate::support::{KEY, Server, World};

/// A round's folder, with e-mail for two people.
fn mailing(server: &Server, port: u16, more: &str) -> World {
    let world = world(server, 1);
    let settings = format!(
        "[notify]\non = [\"attention\", \"success\"]\n\
         email = {{ server = \"127.0.0.1\", port = {port}, tls = \"none\", \
         from = \"clips@example.com\", to = [\"sam@example.com\", \"kim@example.com\"]{more} }}\n"
    );
    world.write("creativeai.toml", settings);
    world
}

/// A file that only its owner can read.
fn write_secret(world: &World, name: &str, text: &str) {
    world.write(name, text);
    #[cfg(unix)]
    set_mode(world, name, 0o600);
}

#[cfg(unix)]
fn set_mode(world: &World, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(world.path(name), permissions).unwrap();
}

#[test]
fn a_round_that_wants_a_person_is_mailed_to_each_without_key_or_prompt() {
    let (vendor, service) = (vendor(|_| true), MailServer::refusing(""));
    let world = mailing(&vendor, service.port(), "");
    let (code, output) = round(&world, &[]);
    assert_eq!(code, 1, "{output}");
    assert!(!output.contains("not sent"), "{output}");
    let mails = service.mails();
    let mut to: Vec<_> = mails.iter().flat_map(|mail| mail.to.clone()).collect();
    to.sort_unstable();
    assert_eq!(to, ["TO:<kim@example.com>", "TO:<sam@example.com>"]);
    assert_eq!(service.conversations(), 1, "one for both");
    for mail in &mails {
        let head = mail.head();
        let text = mail.body();
        let subject = head.lines().find(|line| line.starts_with("Subject: "));
        assert_eq!(subject, Some("Subject: creativeai: attention"), "{head}");
        assert!(
            head.contains("From: creativeai <clips@example.com>\n"),
            "{head}"
        );
        assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
        assert!(
            text.starts_with("run: ") && text.contains("1 failed"),
            "{text}"
        );
        assert!(!text.contains("evening light") && !text.contains(KEY));
    }
}

#[test]
fn a_refused_recipient_is_a_warning_and_the_other_one_gets_the_mail() {
    let (vendor, service) = (vendor(|_| false), MailServer::refusing("kim@"));
    let world = mailing(&vendor, service.port(), "");
    let (code, output) = round(&world, &[]);
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains(
            "a notice was not sent: the e-mail for [notify] to kim@example.com: the mail server \
             answered 550 no such mailbox"
        ),
        "{output}"
    );
    assert!(!output.contains("sam@"), "{output}");
    assert_eq!(service.mails().len(), 1);
    assert_eq!(service.mails()[0].to, ["TO:<sam@example.com>"]);
    assert_eq!(service.conversations(), 1, "a refusal does not end it");
}

#[test]
fn a_mail_server_that_is_away_never_fails_the_round_but_the_test_notice() {
    let vendor = vendor(|_| false);
    // A port that was free a moment ago, and is closed.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let world = mailing(&vendor, port, "");
    let (code, output) = round(&world, &[]);
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains("a notice was not sent: the e-mail"),
        "{output}"
    );
    assert!(output.contains("run: 1 ordered, 1 downloaded"), "{output}");
    let run = world.run(&["check", "--notify"]);
    assert_ne!(run.code(), 0);
    let output = run.stdout + &*run.stderr;
    assert!(
        output.contains("the e-mail for [notify] to sam@"),
        "{output}"
    );
}

#[test]
fn a_server_that_cannot_encrypt_gets_no_mail_and_no_password() {
    let (vendor, service) = (vendor(|_| false), MailServer::refusing(""));
    let more = ", user = \"clips\", password_file = \"password\"";
    let world = mailing(&vendor, service.port(), more);
    write_secret(&world, "password", "open sesame\n");
    let text = std::fs::read_to_string(world.path("creativeai.toml")).unwrap();
    world.write("creativeai.toml", text.replace("\"none\"", "\"starttls\""));
    let (code, output) = round(&world, &[]);
    assert_eq!(code, 0, "{output}");
    assert!(
        output.contains("a notice was not sent: the e-mail"),
        "{output}"
    );
    assert!(service.mails().is_empty() && service.logins().is_empty());
}

#[test]
fn a_test_notice_logs_in_with_the_password_of_a_file_that_only_its_owner_reads() {
    let (vendor, service) = (vendor(|_| false), MailServer::refusing(""));
    let more = ", user = \"clips\", password_file = \"password\"";
    let world = mailing(&vendor, service.port(), more);
    write_secret(&world, "password", "open sesame\n");
    let run = world.run(&["check", "--notify"]);
    assert!(run.stdout.contains("a test notice was sent"), "{run:?}");
    assert!(service.mails()[0].body().starts_with("check: a test"));
    // \0clips\0open sesame
    assert_eq!(service.logins()[0], "PLAIN AGNsaXBzAG9wZW4gc2VzYW1l");
    let shown = world.run(&["config"]).expect(0).stdout;
    assert!(
        shown.contains("sam@example.com, kim@example.com"),
        "{shown}"
    );
    assert!(!shown.contains("sesame"), "{shown}");

    #[cfg(unix)]
    {
        set_mode(&world, "password", 0o644);
        let run = world.run(&["check", "--notify"]);
        let output = run.stdout + &*run.stderr;
        assert!(
            output.contains("others can read or change it (mode 0644)"),
            "{output}"
        );
        assert_eq!(service.mails().len(), 2, "none more");
    }
    std::fs::remove_file(world.path("password")).unwrap();
    let run = world.run(&["check", "--notify"]);
    let output = run.stdout + &*run.stderr;
    assert!(output.contains("cannot find the password file"), "{output}");
}

#[test]
fn settings_that_would_send_plain_text_elsewhere_or_to_no_one_are_refused() {
    let vendor = vendor(|_| false);
    let (from, to) = ("from = \"a@example.com\"", "to = [\"b@example.com\"]");
    for (settings, why) in [
        (
            format!("server = \"smtp.example.com\", tls = \"none\", {from}, {to}"),
            "unencrypted to another computer, smtp.example.com",
        ),
        (
            format!("server = \"localhost.example.com\", tls = \"none\", {from}, {to}"),
            "unencrypted to another computer",
        ),
        (format!("server = \"localhost\", {from}"), "has no to"),
        (
            format!("server = \"localhost\", {from}, to = []"),
            "has no to",
        ),
        (format!("server = \"localhost\", {to}"), "has no from"),
        (format!("{from}, {to}"), "has no server"),
        (
            format!("server = \"localhost\", user = \"a\", {from}, {to}"),
            "has no password_file",
        ),
        (
            format!("server = \"localhost\", password_file = \"p\", {from}, {to}"),
            "has no user",
        ),
        (
            format!("server = \"localhost\", tls = \"ssl\", {from}, {to}"),
            "is not starttls, tls or none",
        ),
        (
            format!("server = \"localhost\", {from}, to = [\"sam\"]"),
            "not an address",
        ),
        (
            format!("server = \"localhost\", password = \"x\", {from}, {to}"),
            "secrets do not belong in this file",
        ),
    ] {
        let world = world(&vendor, 1);
        world.write(
            "creativeai.toml",
            format!("[notify]\nemail = {{ {settings} }}\n"),
        );
        let (code, output) = round(&world, &[]);
        assert_eq!(code, 78, "{settings}: {output}");
        assert!(output.contains(why), "{settings}: {output}");
    }
    assert!(vendor.posts().is_empty());
}

#[test]
fn a_refusal_that_quotes_the_password_is_shown_without_it() {
    // It refuses a recipient after the login, with "no such mailbox".
    let (vendor, service) = (vendor(|_| false), MailServer::refusing("kim@"));
    let more = ", user = \"clips\", password_file = \"password\"";
    let world = mailing(&vendor, service.port(), more);
    write_secret(&world, "password", "mailbox\n");
    let (code, output) = round(&world, &[]);
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("550 no such [password]"), "{output}");
}
