//! A real browser: Chromium, driven through chromedriver. Where either is missing, the tests that
//! need it say that they were skipped.
//!
//! `CREATIVEAI_SCREENSHOTS` names a folder for what the pages look like.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thirtyfour::{ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver};

use crate::support::gate::PATIENCE;
use crate::support::skip;

/// Chromedriver on a port of its own. Dropping it ends it.
struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    /// `None` where it is not installed. One that finds its port taken ends at once: it looks for a
    /// free one before it listens there. Then another is started.
    fn start() -> Option<Self> {
        for _ in 0..10 {
            let mut driver = Self::spawn()?;
            if let Some(port) = driver.port() {
                driver.url = format!("http://127.0.0.1:{port}");
                return Some(driver);
            }
        }
        panic!("chromedriver never prints its port");
    }

    fn spawn() -> Option<Self> {
        let mut command = Command::new("chromedriver");
        command
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        Some(Self {
            child: command.spawn().ok()?,
            url: String::new(),
        })
    }

    /// The port it prints; `None` where it ends before.
    fn port(&mut self) -> Option<u16> {
        let mut lines = BufReader::new(self.child.stdout.take().unwrap()).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("started successfully on port ")?;
            rest.trim_end_matches('.').parse().ok()
        });
        std::thread::spawn(move || lines.for_each(drop));
        port
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser with one page.
#[derive(Clone)]
pub struct Browser {
    driver: WebDriver,
}

/// Runs `test` in a browser whose own files are in `profile`, or says that it cannot.
pub async fn in_browser<F>(profile: &Path, test: impl FnOnce(Browser) -> F)
where
    F: Future<Output = ()>,
{
    let Some(driver) = Driver::start() else {
        skip("chromedriver is not installed");
        return;
    };
    let mut wanted = DesiredCapabilities::chrome();
    for arg in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--no-first-run",
        // Nothing here has any business outside of this machine.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--lang=en-GB",
        &format!("--user-data-dir={}", profile.display()),
    ] {
        wanted.add_arg(arg).unwrap();
    }
    wanted
        .set_logging_prefs("browser", LoggingPrefsLogLevel::All)
        .unwrap();
    let session = match WebDriver::new(driver.url.clone(), wanted).await {
        Ok(session) => session,
        Err(error) if error.to_string().contains("cannot find Chrome binary") => {
            skip("chromium is not installed");
            return;
        }
        Err(error) => panic!("no browser: {error}"),
    };
    let run = session.run_and_quit(async |driver| {
        test(Browser { driver }).await;
        Ok::<(), std::convert::Infallible>(())
    });
    run.await.unwrap();
}

impl Browser {
    /// Opens a file of this machine, as a double click does.
    pub async fn open(&self, page: &Path) {
        let url = url::Url::from_file_path(page).unwrap();
        self.driver.goto(url.as_str()).await.unwrap();
    }

    /// Opens a page that is served.
    pub async fn visit(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    /// What a function with this body returns.
    pub async fn ask(&self, body: &str) -> Value {
        let result = self.driver.execute(body, []).await;
        result
            .unwrap_or_else(|e| panic!("{body}: {e}"))
            .json()
            .clone()
    }

    /// The same as a number.
    pub async fn count(&self, body: &str) -> usize {
        let value = self.ask(body).await;
        value.as_u64().unwrap_or_else(|| panic!("{body}: {value}")) as usize
    }

    /// Returns once `condition` holds.
    pub async fn until(&self, condition: &str) {
        let start = Instant::now();
        while self.ask(&format!("return !!({condition});")).await != true {
            assert!(start.elapsed() < PATIENCE, "never: {condition}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Types into the element that has the focus, or presses a key there.
    pub async fn press(&self, key: &str, code: &str) {
        for kind in ["keyDown", "keyUp"] {
            let text = match (kind, key) {
                ("keyDown", "Enter") => json!("\r"),
                ("keyDown", key) if key.chars().count() == 1 => json!(key),
                _ => Value::Null,
            };
            let mut event = json!({"type": kind, "key": key, "code": code});
            let number = match key {
                "Tab" => 9,
                "Enter" => 13,
                " " => 32,
                "ArrowRight" => 39,
                "ArrowDown" => 40,
                _ => 0,
            };
            event["windowsVirtualKeyCode"] = number.into();
            if !text.is_null() {
                event["text"] = text;
            }
            self.report("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Writes `text` where the focus is.
    pub async fn write(&self, text: &str) {
        self.report("Input.insertText", json!({"text": text})).await;
    }

    /// Light or dark, as the system would say.
    pub async fn scheme(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.report("Emulation.setEmulatedMedia", json!({"features": features}))
            .await;
    }

    /// A window or a phone of this size.
    pub async fn size(&self, width: u32, height: u32, is_phone: bool) {
        let metrics = json!({
            "width": width,
            "height": height,
            "deviceScaleFactor": 1,
            "mobile": is_phone,
        });
        self.report("Emulation.setDeviceMetricsOverride", metrics)
            .await;
    }

    /// The page as it would be printed.
    pub async fn print(&self) -> String {
        let printed = self
            .report("Page.printToPDF", json!({"printBackground": true}))
            .await;
        printed["data"].as_str().unwrap().to_owned()
    }

    /// Says something to the browser itself.
    pub async fn report(&self, method: &str, params: Value) -> Value {
        let output = self.driver.cdp().send_raw(method, params).await;
        output.unwrap_or_else(|e| panic!("{method}: {e}"))
    }

    /// What the console has said since the last time, but for notes.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.driver.browser_log().await.unwrap();
        log.into_iter()
            .filter(|entry| entry.level == "SEVERE" || entry.level == "WARNING")
            .map(|entry| entry.message)
            .collect()
    }

    /// Keeps a picture where someone wants one.
    pub async fn shoot(&self, name: &str) {
        if let Some(folder) = std::env::var_os("CREATIVEAI_SCREENSHOTS") {
            let file = PathBuf::from(folder).join(format!("{name}.png"));
            self.driver.screenshot(&file).await.unwrap();
        }
    }
}
