//! A real `PostgreSQL` server, started once for the tests and ended with them.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::processes::eventually;
use super::{memory, skip};

/// Debian's user and group for what needs no rights.
pub const NOBODY: u32 = 65534;
/// The superuser of the servers.
const SUPERUSER: &str = "postgres";

/// A running server.
pub struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    port: String,
    settings: Vec<String>,
    /// The shell around the server ends it once this is closed, also when the test is killed.
    orders: ChildStdin,
    _shell: Child,
}

/// Starts the server in `data`; a line `kill` kills it, and `start` starts it again where it does not
/// run.
const SHELL: &str = r#"server=$1; data=$2; log=$3; shift 3
    start() { "$server" -D "$data" "$@" >>"$log" 2>&1 </dev/null & pid=$!; }
    start "$@"
    while read -r order; do
        case $order in
            kill) kill -KILL $pid; wait $pid ;;
            start) kill -0 $pid 2>/dev/null || start "$@" ;;
        esac
    done
    kill -QUIT $pid; wait $pid; rm -rf "$data""#;

/// The server that tests share, each with a database of its own; none where none is installed,
/// which is a failure where all tests must run.
pub fn server() -> Option<&'static Postgres> {
    static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();
    let server = SERVER.get_or_init(|| Some(Postgres::start(&programs()?, &[])));
    if server.is_none() {
        skip("PostgreSQL is not installed (apt-get install postgresql)");
    }
    server.as_ref()
}

/// A database of its own on the shared server.
pub fn database() -> Option<Database> {
    Some(server()?.database())
}

/// Where `initdb` and `postgres` are: the folder that `CREATIVEAI_POSTGRES` names, else the newest that
/// Debian's packages have put there, else one of PATH.
pub fn programs() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("CREATIVEAI_POSTGRES") {
        return Some(folder.into());
    }
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut folders: Vec<_> = debian.flatten().map(|v| v.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.reverse();
    folders.extend(std::env::split_paths(&path));
    folders.into_iter().find(|f| f.join("initdb").is_file())
}

/// `program`, found by PATH where it is a name, as a user without rights: the server refuses to run as root.
pub fn unprivileged(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.current_dir("/").env_remove("PGHOST");
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A folder for a server. It stays until the system clears its temporary files: the server may outlive
/// the test.
fn new_folder() -> PathBuf {
    let folder = tempfile::Builder::new()
        .prefix("pg")
        .tempdir_in(memory::folder());
    let folder = folder.unwrap().keep();
    if is_root() {
        chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    folder
}

impl Postgres {
    /// Starts a server with further settings, each `name=value`.
    pub fn start(programs: &Path, settings: &[&str]) -> Self {
        Self::start_with_files(programs, settings, &[])
    }

    /// The same with files, such as certificates, in its folder.
    pub fn start_with_files(programs: &Path, settings: &[&str], files: &[&Path]) -> Self {
        let folder = new_folder();
        let data = folder.join("data");
        let made = unprivileged(programs.join("initdb"))
            .args(["--username", SUPERUSER, "--auth=trust", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        for file in files {
            let copy = data.join(file.file_name().unwrap());
            std::fs::copy(file, &copy).unwrap();
            std::fs::set_permissions(&copy, Permissions::from_mode(0o600)).unwrap();
            if is_root() {
                chown(&copy, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let mut all = vec![
            format!("unix_socket_directories={}", folder.display()),
            "fsync=off".to_owned(),
            // Each connection is a process that maps all of it.
            "shared_buffers=16MB".to_owned(),
        ];
        if !settings.iter().any(|s| s.starts_with("listen_addresses")) {
            all.push("listen_addresses=".to_owned());
        }
        all.extend(settings.iter().map(|s| (*s).to_owned()));
        let server = Self::launch(programs, folder, all);
        server.wait_until_ready();
        server
    }

    fn launch(programs: &Path, folder: PathBuf, settings: Vec<String>) -> Self {
        let port = settings.iter().find_map(|s| s.strip_prefix("port="));
        let port = port.unwrap_or("5432").to_owned();
        let mut shell = unprivileged("/bin/sh")
            .args(["-c", SHELL, "sh"])
            .arg(programs.join("postgres"))
            .args([&folder.join("data"), &folder.join("log")])
            .args(settings.iter().flat_map(|setting| ["-c", setting]))
            .stdin(Stdio::piped())
            // It mentions each server that was killed.
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        Self {
            folder,
            programs: programs.to_owned(),
            port,
            settings,
            orders: shell.stdin.take().unwrap(),
            _shell: shell,
        }
    }

    /// Kills it, as `kill -9` does.
    pub fn kill(&mut self) {
        writeln!(self.orders, "kill").unwrap();
        eventually("the server is gone", || !self.is_ready());
    }

    /// Starts it again after that.
    pub fn start_again(&mut self) {
        eventually("the server starts again", || {
            // Processes of the killed one may still hold its memory.
            writeln!(self.orders, "start").unwrap();
            self.is_ready()
        });
    }

    /// A standby that follows it.
    pub fn standby(&self) -> Self {
        let folder = new_folder();
        let made = unprivileged(self.programs.join("pg_basebackup"))
            .args(["-U", SUPERUSER, "-p", &self.port, "-h"])
            .arg(&self.folder)
            .args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"])
            .args(["--wal-method=stream", "-D"])
            .arg(folder.join("data"))
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{printed}");
        let mut settings = self.settings.clone();
        settings[0] = format!("unix_socket_directories={}", folder.display());
        let standby = Self::launch(&self.programs, folder, settings);
        standby.wait_until_ready();
        standby
    }

    /// Returns once a standby has what this one has now.
    pub fn wait_for_standby(&self, standby: &Self) {
        let now = self.sql("postgres", "SELECT pg_current_wal_lsn()");
        let has = format!("SELECT pg_last_wal_replay_lsn() >= '{now}'");
        eventually("the standby has caught up", || {
            standby.sql("postgres", &has) == "t"
        });
    }

    /// Lets this standby follow no one any more.
    pub fn cut_off(&self) {
        self.sql("postgres", "ALTER SYSTEM SET primary_conninfo = ''");
        self.sql("postgres", "SELECT pg_reload_conf()");
        let follows = "SELECT count(*) FROM pg_stat_wal_receiver";
        eventually("the standby is cut off", || {
            self.sql("postgres", follows) == "0"
        });
    }

    /// Makes a primary of this standby.
    pub fn promote(&self) {
        assert_eq!(self.sql("postgres", "SELECT pg_promote(true, 60)"), "t");
    }

    /// Its own program says so; it has no event for it.
    fn is_ready(&self) -> bool {
        let mut ready = Command::new(self.programs.join("pg_isready"));
        ready.args(["-q", "-p", &self.port, "-h"]).arg(&self.folder);
        ready.status().unwrap().success()
    }

    fn wait_until_ready(&self) {
        for _ in 0..600 {
            if self.is_ready() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        let log = std::fs::read_to_string(self.folder.join("log"));
        panic!("the server does not start: {}", log.unwrap_or_default());
    }

    /// A new, empty database.
    pub fn database(&'static self) -> Database {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let database = Database { server: self, name };
        self.sql("postgres", &format!("CREATE DATABASE {}", database.name));
        database
    }

    /// The folder of its socket.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn psql(&self, database: &str) -> Command {
        let mut command = Command::new(self.programs.join("psql"));
        command
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                SUPERUSER,
            ])
            .args(["-d", database, "-h"])
            .arg(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The statements that make a database's tables and what is in them, after removing what is there.
    pub fn dump(&self, database: &str) -> String {
        let dump = Command::new(self.programs.join("pg_dump"))
            .args(["--clean", "--if-exists", "-U", SUPERUSER, "-h"])
            .arg(&self.folder)
            .arg(database)
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&dump.stderr);
        assert!(dump.status.success(), "{printed}");
        String::from_utf8(dump.stdout).unwrap()
    }

    /// Runs statements, and returns what they print.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        let mut psql = self.psql(database).spawn().unwrap();
        let mut stdin = psql.stdin.take().unwrap();
        stdin.write_all(statements.as_bytes()).unwrap();
        drop(stdin);
        let Output {
            status,
            stdout,
            stderr,
        } = psql.wait_with_output().unwrap();
        let printed = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "{statements}: {printed}");
        String::from_utf8(stdout).unwrap().trim_end().to_owned()
    }

    /// A session that goes on with further statements.
    pub fn session(&self, database: &str) -> Session {
        let mut psql = self.psql(database).spawn().unwrap();
        Session {
            stdin: psql.stdin.take().unwrap(),
            stdout: std::io::BufReader::new(psql.stdout.take().unwrap()),
            psql,
        }
    }
}

/// A database of a test.
pub struct Database {
    pub server: &'static Postgres,
    pub name: String,
}

impl Database {
    /// The address of one of its logs.
    pub fn log(&self, name: &str) -> String {
        self.address(SUPERUSER, name)
    }

    /// The same for a role.
    pub fn address(&self, role: &str, log: &str) -> String {
        format!(
            "postgres://{role}@/{}?host={}&log={log}",
            self.name,
            self.server.folder.display()
        )
    }

    /// Runs statements in it.
    pub fn sql(&self, statements: &str) -> String {
        self.server.sql(&self.name, statements)
    }

    /// A session that goes on with further statements.
    pub fn session(&self) -> Session {
        self.server.session(&self.name)
    }
}

/// A connection of someone else.
pub struct Session {
    stdin: ChildStdin,
    stdout: std::io::BufReader<std::process::ChildStdout>,
    psql: Child,
}

impl Session {
    /// Runs statements; returns once they are done.
    pub fn run(&mut self, statements: &str) {
        use std::io::BufRead;
        writeln!(self.stdin, "{statements};\n\\echo done").unwrap();
        self.stdin.flush().unwrap();
        let mut line = String::new();
        while line.trim() != "done" {
            line.clear();
            assert!(
                self.stdout.read_line(&mut line).unwrap() > 0,
                "{statements}"
            );
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.psql.kill();
        let _ = self.psql.wait();
    }
}
