//! Folding a file's lines: read and taken apart on every core, folded on one.

use std::io::{self, Read};
use std::ops::Range;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::read::{bare, blocks};
use crate::disk::{Block, Blocks, lines_of, pieces_of};
use crate::jobs::{Ledger, LineAt, ReadLines, ReadOptions};

/// Parts of a block that are taken apart at the same time.
const PIECES: usize = 8;

/// Folds every line of `file` into `ledger`; stops early once so many cannot be read that another
/// reader has to take over.
pub(super) fn fold(file: &mut (impl Read + Send), ledger: &mut Ledger) -> io::Result<()> {
    let mut blocks = blocks(file);
    let mut text = Vec::new();
    let mut read = blocks.next(&mut text)?;
    // A short log is done before a second thread would have started.
    if blocks.is_at_end() {
        while let Some(block) = read {
            let batch = match block {
                Block::Lines(_) => take_lines(ledger.reading(), &text, 0..text.len()),
                Block::TooLong(_) => too_long(),
            };
            fold_all(ledger, &text, block, &[batch]);
            read = blocks.next(&mut text)?;
        }
        return Ok(());
    }
    // On a thread of the pool, so that it need not be woken block by block.
    rayon::scope(|_| fold_blocks(&mut blocks, text, read, ledger))
}

/// Folds `text`, the block that was just read, and all that follow.
fn fold_blocks(
    blocks: &mut Blocks<impl Read + Send>,
    mut text: Vec<u8>,
    mut read: Option<Block>,
    ledger: &mut Ledger,
) -> io::Result<()> {
    let reading = ledger.reading().clone();
    let mut apart: Option<(Block, Vec<ReadLines>)> = None;
    let (mut apart_text, mut next_text) = (Vec::new(), Vec::new());
    while read.is_some() || apart.is_some() {
        if ledger.unreadable_places().is_none() {
            return Ok(());
        }
        // At the same time one block is folded, the next one is taken apart, and a third one is
        // read.
        let ((), (batch, next)) = rayon::join(
            || {
                if let Some((block, batch)) = &apart {
                    fold_all(ledger, &apart_text, *block, batch);
                }
            },
            || {
                rayon::join(
                    || take_apart(&reading, read, &text),
                    || match read {
                        Some(_) => blocks.next(&mut next_text),
                        None => Ok(None),
                    },
                )
            },
        );
        apart = read.map(|block| (block, batch));
        read = next?;
        std::mem::swap(&mut apart_text, &mut text);
        std::mem::swap(&mut text, &mut next_text);
    }
    Ok(())
}

/// The batch of lines that were just written.
pub(in super::super) fn take_text(text: &[u8], reading: &ReadOptions) -> Vec<ReadLines> {
    let block = Block::Lines(0);
    if text.len() < SMALL {
        vec![take_lines(reading, text, 0..text.len())]
    } else {
        take_apart(reading, Some(block), text)
    }
}

/// Folds lines that were just written, which start at `offset`.
pub(in super::super) fn fold_text(
    text: &[u8],
    offset: u64,
    batch: &[ReadLines],
    ledger: &mut Ledger,
) {
    fold_all(ledger, text, Block::Lines(offset), batch);
}

/// As short as lines mostly are, in bytes.
const SHORT_LINE: usize = 240;
/// Bytes that are not worth being shared among threads.
const SMALL: usize = 64 << 10;

fn fold_all(ledger: &mut Ledger, text: &[u8], block: Block, batch: &[ReadLines]) {
    let offset = match block {
        Block::Lines(offset) | Block::TooLong(offset) => offset,
    };
    for batch in batch {
        ledger.fold(text, offset, batch);
    }
}

fn too_long() -> ReadLines {
    ReadLines {
        unreadable: vec![0],
        ..ReadLines::default()
    }
}

fn take_apart(reading: &ReadOptions, block: Option<Block>, text: &[u8]) -> Vec<ReadLines> {
    match block {
        Some(Block::Lines(_)) => {}
        Some(Block::TooLong(_)) => return vec![too_long()],
        None => return Vec::new(),
    }
    pieces_of(text, text.len() / PIECES)
        .into_par_iter()
        .map(|piece| take_lines(reading, text, piece))
        .collect()
}

/// Passes on what `map` makes of each line of `file`, in their order. Lines are mapped on every
/// core, while the next ones are read.
pub(super) fn map_lines<T: Send>(
    file: &mut (impl Read + Send),
    map: impl Fn(&str, &mut Vec<T>) + Sync,
    mut each: impl FnMut(T),
) -> io::Result<()> {
    let map_piece = |text: &[u8]| {
        let mut made = Vec::new();
        for (_, line) in lines_of(text) {
            if let Ok(line) = std::str::from_utf8(bare(line).1) {
                map(line, &mut made);
            }
        }
        made
    };
    let mut blocks = blocks(file);
    let (mut text, mut next_text) = (Vec::new(), Vec::new());
    let mut read = blocks.next(&mut text)?;
    while read.is_some() {
        let (made, next) = rayon::join(
            || {
                let pieces = pieces_of(&text, text.len() / PIECES);
                let made = pieces.into_par_iter().map(|piece| map_piece(&text[piece]));
                made.collect::<Vec<_>>()
            },
            || blocks.next(&mut next_text),
        );
        made.into_iter().flatten().for_each(&mut each);
        read = next?;
        std::mem::swap(&mut text, &mut next_text);
    }
    Ok(())
}

/// The batch of the lines of `text[piece]`.
fn take_lines(reading: &ReadOptions, text: &[u8], piece: Range<usize>) -> ReadLines {
    let start = piece.start;
    let text = &text[piece];
    let mut batch = ReadLines::with_room_for(text.len() / SHORT_LINE);
    // All at once is quicker than line by line.
    let valid = std::str::from_utf8(text).ok();
    for (at, line) in lines_of(text) {
        let (skipped, line) = bare(line);
        let at = at + skipped as usize;
        let place = LineAt {
            // Blocks are of some megabytes.
            start: (start + at) as u32,
            len: line.len() as u32,
        };
        let line = match valid {
            Some(valid) => Ok(&valid[at..at + line.len()]),
            None => std::str::from_utf8(line),
        };
        match line {
            Ok(line) => reading.read(line, place, &mut batch),
            Err(_) => batch.unreadable.push(place.start),
        }
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Rates;

    fn line(n: u64, status: &str) -> String {
        format!("{{\"job\":\"{n:016x}\",\"status\":\"{status}\",\"generation_id\":\"vgen_{n}\"}}\n")
    }

    #[test]
    fn a_long_log_folds_as_its_lines_do_one_by_one() {
        let mut text = "\u{feff}".to_owned();
        for n in 0..20_000 {
            text.push_str(&line(
                n % 7_000,
                if n % 3 == 0 { "pending" } else { "completed" },
            ));
            if n % 1000 == 0 {
                text.push_str("{\"torn\n\r\n");
            }
        }
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(b"\xff\n{\"job\"");
        let new = || Ledger::new(Rates::default()).with_places().with_items();

        let mut folded = new();
        fold(&mut bytes.as_slice(), &mut folded).unwrap();
        let mut single = new();
        super::super::read::for_each_line(&mut bytes.as_slice(), |offset, line| match line {
            Ok(line) => single.absorb(line, offset),
            Err(_) => single.count_unreadable(1),
        })
        .unwrap();

        assert_eq!(folded.lines(), 20_000);
        assert_eq!(folded.unreadable(), 22);
        let all = |ledger: &Ledger| {
            let jobs = ledger
                .jobs()
                .map(|job| (job.key, job.status(), ledger.places(job.key)));
            jobs.collect::<Vec<_>>()
        };
        assert_eq!(all(&folded), all(&single));
        assert_eq!(
            (single.lines(), single.unreadable()),
            (folded.lines(), folded.unreadable())
        );

        let mut one_by_one = Vec::new();
        super::super::read::for_each_line(&mut bytes.as_slice(), |_, line| {
            one_by_one.extend(line.map(str::to_owned));
        })
        .unwrap();
        let mut mapped = Vec::new();
        let copy = |line: &str, made: &mut Vec<String>| {
            if !line.is_empty() {
                made.push(line.to_owned());
            }
        };
        map_lines(&mut bytes.as_slice(), copy, |line| mapped.push(line)).unwrap();
        assert_eq!(mapped, one_by_one);
    }
}
