use super::*;

fn parse(rest: &str) -> Result<Address, DatabaseError> {
    Address::parse(rest)
}

#[test]
fn an_address_is_taken_apart_and_shown_again() {
    let address = parse("me@db.example:5433,[::1]/logs?log=shop-a&sslmode=verify-ca").unwrap();
    assert_eq!(address.hosts.len(), 2);
    assert_eq!(address.hosts[0].port, Some(5433));
    assert_eq!(address.hosts[1].name, "::1");
    assert!(address.hosts[1].is_here() && !address.hosts[0].is_here());
    assert_eq!(address.given["sslmode"], "verify-ca");
    assert_eq!(
        address.to_string(),
        "postgres://me@db.example:5433,[::1]/logs?log=shop-a"
    );
    let socket = parse("/logs?host=/run/pg&port=6000&schema=agency").unwrap();
    assert_eq!(
        socket.to_string(),
        "postgres:///logs?host=/run/pg&port=6000&schema=agency&log=default"
    );
    assert_eq!(parse("%2Frun%2Fpg/d").unwrap().hosts[0].name, "/run/pg");
    for shown in [address.to_string(), socket.to_string()] {
        let rest = shown.strip_prefix("postgres://").unwrap();
        assert_eq!(parse(rest).unwrap().to_string(), shown);
    }
}

#[test]
fn nothing_in_an_address_is_ignored() {
    for (rest, why) in [
        ("h/d?logs=a", "unknown parameter: logs"),
        ("h/d?log=a&log=b", "given twice"),
        ("h/d?log", "no value"),
        ("h/d?log=", "letters"),
        ("h/d?log=a%2Fb", "letters"),
        ("h/d?log=a%00", "control character"),
        ("h/d?schema=Public", "lowercase letters"),
        ("h/d?schema=pg_catalog", "lowercase letters"),
        ("h/d?sslmode=prefer", "continues unencrypted"),
        ("h/d?sslmode=on", "sslmode must be"),
        ("h/d?connect_timeout=soon", "seconds"),
        ("h:0/d", "1 to 65535"),
        ("h:x/d", "1 to 65535"),
        ("h,,i/d", "a host is not valid"),
        ("[::1/d", "a host is not valid"),
        ("h/d?host=i", "given twice"),
        ("/d?port=5", "port comes after host"),
        ("h/d?user=", "empty"),
        ("%ff@h/d", "UTF-8"),
        ("u:p@h/d", "password"),
        ("u:@h/d", "password"),
        ("u@h/d?password=p", "password"),
    ] {
        let error = parse(rest).unwrap_err();
        assert!(error.message.contains(why), "{rest}: {error}");
    }
    let hint = parse("h/d?ssl_mode=disable").unwrap_err().help;
    assert!(hint.contains("did you mean sslmode?"), "{hint}");
}
