#[cfg(unix)]
use std::fs;

use secrecy::ExposeSecret;

use super::super::super::location::Location;
use super::*;

/// The logins of `name` with these variables and a home folder.
fn all(name: &str, vars: &[(&str, &str)], home: &Path) -> Result<Vec<Login>, DatabaseError> {
    let Ok(Location::Database(address)) = Location::of(Path::new(name)) else {
        panic!("{name}");
    };
    let var = |name: &str| {
        let found = vars.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    logins(
        &address,
        &Environment {
            var: &var,
            home: Some(home.to_owned()),
        },
    )
}

fn one(name: &str, vars: &[(&str, &str)]) -> Login {
    let home = tempfile::tempdir().unwrap();
    all(name, vars, home.path()).unwrap().remove(0)
}

#[cfg(unix)]
fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn off_this_machine_the_server_proves_who_it_is() {
    for (name, mode) in [
        ("postgres://me@db.example/d", SslMode::VerifyFull),
        ("postgres://me@10.0.0.7/d", SslMode::VerifyFull),
        ("postgres://me@localhost/d", SslMode::Disable),
        ("postgres://me@127.0.0.1/d", SslMode::Disable),
        ("postgres://me@[::1]/d", SslMode::Disable),
        ("postgres://me@/d?host=/run/pg", SslMode::Disable),
        (
            "postgres://me@localhost/d?sslmode=verify-full",
            SslMode::VerifyFull,
        ),
    ] {
        assert_eq!(one(name, &[]).sslmode, mode, "{name}");
    }
    let home = tempfile::tempdir().unwrap();
    let name = "postgres://me@/d?host=/run/pg&sslmode=require";
    all(name, &[], home.path()).unwrap_err();
}

#[test]
fn variables_fill_in_what_the_address_leaves_open() {
    let vars = [
        ("PGHOST", "a.example,b.example"),
        ("PGPORT", "6000,6001"),
        ("PGUSER", "other"),
        ("PGDATABASE", "logs"),
        ("PGSSLMODE", "require"),
        ("PGPASSWORD", "secret"),
        ("PGCONNECT_TIMEOUT", "3"),
        ("PGAPPNAME", "night"),
    ];
    let home = tempfile::tempdir().unwrap();
    let found = all("postgres://me@/?log=a", &vars, home.path()).unwrap();
    let places: Vec<_> = found
        .iter()
        .map(|l| (l.host.name.as_str(), l.port))
        .collect();
    assert_eq!(places, [("a.example", 6000), ("b.example", 6001)]);
    let login = &found[1];
    assert_eq!(
        (login.user.as_str(), login.database.as_str()),
        ("me", "logs")
    );
    assert_eq!(login.sslmode, SslMode::Require);
    assert_eq!(login.connect_timeout, Duration::from_secs(3));
    assert_eq!(login.application_name, "night");
    assert_eq!(login.password.as_ref().unwrap().expose_secret(), "secret");
    assert!(!format!("{login:?}").contains("secret"));
    for wrong in [
        ("PGSSLMODE", "prefer"),
        ("PGPORT", "x"),
        ("PGOPTIONS", "-c a=b"),
    ] {
        all("postgres://me@h/d", &[wrong], home.path()).unwrap_err();
    }
}

#[cfg(unix)]
#[test]
fn the_password_file_is_read_as_libpq_reads_it_and_must_be_private() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(".pgpass");
    let text = "# comment\nother:*:*:*:wrong\ndb\\:x:*:*:*:wrong\ndb:5432:logs:me:s\\:e\\\\cret\n*:*:*:*:last\n";
    write_private(&file, text);
    let password = |name: &str| {
        let login = all(name, &[], home.path()).unwrap().remove(0);
        login.password.unwrap().expose_secret().to_owned()
    };
    assert_eq!(password("postgres://me@db/logs"), "s:e\\cret");
    assert_eq!(password("postgres://me@db:5433/logs"), "last");
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    let error = all("postgres://me@db/logs", &[], home.path()).unwrap_err();
    assert!(error.help.starts_with("chmod 600"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_service_comes_before_variables_and_is_understood_in_full() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(".pg_service.conf");
    let text =
        "[night]\nhost=db.example\nport = 6000\nuser=robot\ndbname=logs\n[odd]\nkeepalives=1\n";
    write_private(&file, text);
    let vars = [("PGSERVICE", "night"), ("PGHOST", "else.example")];
    let login = all("postgres://?log=a", &vars, home.path())
        .unwrap()
        .remove(0);
    assert_eq!((login.host.name.as_str(), login.port), ("db.example", 6000));
    assert_eq!(
        (login.user.as_str(), login.database.as_str()),
        ("robot", "logs")
    );
    for (service, why) in [("odd", "keepalives"), ("none", "in no service file")] {
        let error = all("postgres://?log=a", &[("PGSERVICE", service)], home.path()).unwrap_err();
        assert!(error.message.contains(why), "{error}");
    }
}
