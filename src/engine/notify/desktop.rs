//! A notice on the desktop of a person's own computer, by what the system has for that. What is shown
//! goes there as arguments or variables, never as a part of a script.

use std::process::Stdio;

use tokio::process::Command;

use super::{Notice, TIME_OUT};

/// Shows a notice. The error says what is missing.
pub async fn show(notice: &Notice) -> Result<(), String> {
    let title = format!("creativeai: {}", notice.event);
    let mut command = command(&title, &notice.text);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let program = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    match tokio::time::timeout(TIME_OUT, command.status()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("{program} ended with {status}")),
        Ok(Err(error)) => Err(format!("{program} cannot be started: {error}")),
        Err(_) => Err(format!("{program} did not end in time")),
    }
}

#[cfg(target_os = "macos")]
fn command(title: &str, text: &str) -> Command {
    let mut command = Command::new("osascript");
    command
        .args(["-e", "on run argv"])
        .args([
            "-e",
            "display notification (item 2 of argv) with title (item 1 of argv)",
        ])
        .args(["-e", "end run", title, text]);
    command
}

#[cfg(windows)]
fn command(title: &str, text: &str) -> Command {
    /// A toast with two lines of text.
    const SCRIPT: &str = "\
        [void][Windows.UI.Notifications.ToastNotificationManager,Windows.UI.Notifications,ContentType=WindowsRuntime];\
        $x=[Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent(1);\
        $t=$x.GetElementsByTagName('text');\
        [void]$t.Item(0).AppendChild($x.CreateTextNode($env:CREATIVEAI_TITLE));\
        [void]$t.Item(1).AppendChild($x.CreateTextNode($env:CREATIVEAI_TEXT));\
        $n=[Windows.UI.Notifications.ToastNotification]::new($x);\
        [Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier('creativeai').Show($n)";
    let mut command = Command::new("powershell");
    command
        .args(["-NoProfile", "-NonInteractive", "-Command", SCRIPT])
        .env("CREATIVEAI_TITLE", title)
        .env("CREATIVEAI_TEXT", text);
    command
}

#[cfg(not(any(target_os = "macos", windows)))]
fn command(title: &str, text: &str) -> Command {
    let mut command = Command::new("notify-send");
    command.args(["--app-name=creativeai", "--", title, text]);
    command
}
