//! How many lines a second the disk makes durable for producers that wait for each of theirs.
//!
//! Written the shortest way: a lock, a shared buffer, whoever finds no commit under way commits.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use super::{Result, report};

#[derive(Default)]
struct Shared {
    buffer: Vec<u8>,
    /// Lines handed in, and lines durable.
    handed_in: u64,
    durable: u64,
    committing: bool,
}

/// Prints lines a second: `lines` of 400 bytes by `producers` threads into `file`.
pub fn commit(file: &str, producers: &str, lines: &str) -> Result {
    let (producers, lines): (u64, u64) = (producers.parse()?, lines.parse()?);
    let file = OpenOptions::new().append(true).create(true).open(file)?;
    let mut line = vec![b'x'; 399];
    line.push(b'\n');
    let shared = Mutex::new(Shared::default());
    let turn = Condvar::new();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..producers {
            scope.spawn(|| {
                for _ in 0..lines / producers {
                    // Neither side can go on without the other; the rate shows it.
                    if append(&file, &line, &shared, &turn).is_err() {
                        return;
                    }
                }
            });
        }
    });
    let rate = lines as f64 / started.elapsed().as_secs_f64();
    report(format_args!("{rate:.0}"))
}

fn append(
    mut file: &std::fs::File,
    line: &[u8],
    shared: &Mutex<Shared>,
    turn: &Condvar,
) -> std::io::Result<()> {
    let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
    state.buffer.extend_from_slice(line);
    state.handed_in += 1;
    let mine = state.handed_in;
    while state.durable < mine {
        if state.committing {
            state = turn.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        state.committing = true;
        let batch = std::mem::take(&mut state.buffer);
        let upto = state.handed_in;
        drop(state);
        let done = file.write_all(&batch).and_then(|()| file.sync_data());
        state = shared.lock().unwrap_or_else(PoisonError::into_inner);
        state.committing = false;
        state.durable = upto;
        turn.notify_all();
        done?;
    }
    Ok(())
}
