//! `review` in a browser: the page is served until the person is done.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use super::super::runtime::{bind, on_runtime};
use super::super::{open, signals};
use super::desk::Desk;
use super::log::read_log;
use super::shelf::Shelf;
use crate::cli::ReviewArgs;
use crate::engine::filter::Filters;
use crate::engine::stop::Stop;
use crate::exit::{Code, Failure};
use crate::output::review::OnPage;
use crate::output::{Printer, stopped};
use crate::review::{Question, Served, serve, token};
use crate::settings::Settings;

/// Serves the page until the person is done.
pub fn run(
    args: &ReviewArgs,
    path: &Path,
    filters: &Filters,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<Code> {
    let log = read_log(path, settings, printer)?;
    let commands = open::commands(path, log.ledger(), settings);
    drop(log);
    let stop = Stop::default();
    signals::watch(&stop);
    let shelf = Shelf {
        path,
        filters,
        settings,
        commands,
    };
    let mut desk = Desk {
        args,
        shelf,
        done: OnPage::default(),
    };
    let code = match served(&mut desk, &stop, printer)? {
        Served::Done => Code::Success,
        Served::Stopped => stopped::ending_of_server(&stop).code(),
    };
    let done = desk.done;
    printer.result(|| done.to_json(code.number()), || done.sentence())?;
    Ok(code)
}

/// Serves the page. Its questions are answered on this thread.
fn served(desk: &mut Desk<'_>, stop: &Stop, printer: &mut Printer) -> anyhow::Result<Served> {
    let token = token().map_err(|error| {
        Failure::io("this computer gives no random numbers for the page's address").because(error)
    })?;
    thread::scope(|scope| {
        let (questions, asked) = mpsc::channel();
        let (bound, address) = mpsc::channel();
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, desk.args.port));
        let secret = token.clone();
        let server = scope.spawn(move || {
            on_runtime(async {
                let listener = bind(at).await?;
                let address = listener.local_addr()?;
                // The thread that waits for it is there, as long as this thread is.
                let _ = bound.send(address);
                Ok(serve(listener, secret, questions, stop.wait()).await?)
            })
        });
        if let Ok(address) = address.recv() {
            printer.note(format_args!(
                "review on http://{address}/{token}/ (open it in your browser; Ctrl-C ends it)"
            ));
        }
        // It ends with the server, which holds the other end.
        for question in asked {
            let Question { ask, .. } = &question;
            let answer = desk.answer(ask, printer);
            question.answer(answer);
        }
        server
            .join()
            .unwrap_or_else(|_| Err(Failure::io("the page's server has failed").into()))
    })
}
