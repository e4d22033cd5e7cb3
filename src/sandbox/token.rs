//! An id that says everything about its job that the log keeps: when it was accepted, how long it
//! renders, how it ends and what it costs. Any process can read the ids of any other.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::job::{Endpoint, Frame, JobEnding};
use crate::jobs::{Credits, GenerationId, SANDBOX_PREFIX};

/// Bytes before the checksum, of a job whose clip has no length and shape of its own.
const LEN: usize = 33;
/// Bytes of a clip's length and shape, which follow.
const FRAME: usize = 3;
/// Bytes of the checksum: enough to distinguish a made-up or mistyped id from a real one.
const CHECKSUM: usize = 4;

/// An id, opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub endpoint: Endpoint,
    pub ending: JobEnding,
    /// Whether its first status was `processing`.
    pub starts_processing: bool,
    /// Whether the job asked for the very model that failovers go to, so that it got another.
    pub asked_for_backup: bool,
    /// Which error text it fails with, 0 to 3.
    pub complaint: u8,
    /// When it was accepted, in whole milliseconds.
    pub at: Timestamp,
    /// How long it renders, in milliseconds.
    pub render_ms: u32,
    /// Credits charged in the end.
    pub charged: Credits,
    /// The process that accepted it.
    pub process: u64,
    /// Its place in what that process has accepted.
    pub number: u32,
    /// What the clip is to look like.
    pub frame: Option<Frame>,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stage {
    /// Waiting for its turn.
    Pending,
    /// Being rendered; `done` goes from 0 to 1.
    Processing { done: f64, left: Duration },
    /// Over.
    Ended,
}

impl Token {
    /// Reads an id; `None` for any text that no sandbox has made.
    pub fn parse(id: &str) -> Option<Self> {
        let bytes = base16ct::mixed::decode_vec(id.strip_prefix(SANDBOX_PREFIX)?).ok()?;
        let len = bytes.len().checked_sub(CHECKSUM)?;
        if len != LEN && len != LEN + FRAME {
            return None;
        }
        let (body, checksum) = bytes.split_at_checked(len)?;
        if checksum != checksum_of(body) {
            return None;
        }
        let mut reader = Reader(body);
        let flags = u8::from_be_bytes(reader.take()?);
        let token = Self {
            endpoint: [Endpoint::Video, Endpoint::Voice][usize::from(flags & 1)],
            ending: match (flags >> 1) & 3 {
                0 => JobEnding::Completed,
                1 => JobEnding::Failover,
                _ => JobEnding::Failed,
            },
            starts_processing: flags & 8 != 0,
            asked_for_backup: flags & 16 != 0,
            complaint: (flags >> 5) & 3,
            at: Timestamp::from_millisecond(i64::from_be_bytes(reader.take()?)).ok()?,
            render_ms: u32::from_be_bytes(reader.take()?),
            charged: Credits::from_number(i64::from_be_bytes(reader.take()?) as f64 / 1000.0)?,
            process: u64::from_be_bytes(reader.take()?),
            number: u32::from_be_bytes(reader.take()?),
            frame: match reader.take::<FRAME>() {
                Some([seconds, width, height]) => Some(Frame::new(seconds, (width, height))?),
                None => None,
            },
        };
        // One job has one id: no upper-case spelling of it, no unused bits set.
        (token.to_string() == id).then_some(token)
    }

    pub fn id(&self) -> Option<GenerationId> {
        GenerationId::parse(&self.to_string())
    }

    /// When rendering ends.
    pub fn ends_at(&self) -> Timestamp {
        let render = Duration::from_millis(self.render_ms.into());
        self.at.checked_add(render).unwrap_or(Timestamp::MAX)
    }

    /// Where the job stands at `now`.
    pub fn stage(&self, now: Timestamp) -> Stage {
        let elapsed = now.as_millisecond() - self.at.as_millisecond();
        let whole = i64::from(self.render_ms);
        if elapsed >= whole {
            return Stage::Ended;
        }
        let done = elapsed.max(0) as f64 / whole as f64;
        if done < 0.15 && !self.starts_processing {
            return Stage::Pending;
        }
        let left = Duration::from_millis((whole - elapsed.max(0)) as u64);
        Stage::Processing { done, left }
    }

    fn bytes(&self) -> Vec<u8> {
        let ending = match self.ending {
            JobEnding::Completed => 0,
            JobEnding::Failover => 1,
            JobEnding::Failed => 2,
        };
        let flags = u8::from(self.endpoint == Endpoint::Voice)
            | ending << 1
            | u8::from(self.starts_processing) << 3
            | u8::from(self.asked_for_backup) << 4
            | (self.complaint & 3) << 5;
        let frame = self.frame.map(|f| [f.seconds, f.shape.0, f.shape.1]);
        let parts: [&[u8]; 7] = [
            &[flags],
            &self.at.as_millisecond().to_be_bytes(),
            &self.render_ms.to_be_bytes(),
            &self.charged.thousandths().to_be_bytes(),
            &self.process.to_be_bytes(),
            &self.number.to_be_bytes(),
            frame.as_ref().map_or(&[], |frame| frame),
        ];
        parts.concat()
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes();
        let checksum = base16ct::lower::encode_string(&checksum_of(&bytes));
        write!(
            f,
            "{SANDBOX_PREFIX}{}{checksum}",
            base16ct::lower::encode_string(&bytes)
        )
    }
}

fn checksum_of(body: &[u8]) -> [u8; CHECKSUM] {
    let digest = Sha256::digest(body);
    let mut head = [0; CHECKSUM];
    head.copy_from_slice(&digest[..CHECKSUM]);
    head
}

/// Takes fixed parts off the front.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        Token {
            endpoint: Endpoint::Voice,
            ending: JobEnding::Failed,
            starts_processing: true,
            asked_for_backup: false,
            complaint: 3,
            at: "2026-03-12T09:20:01.006Z".parse().unwrap(),
            render_ms: 2000,
            charged: Credits::from_number(2.5).unwrap(),
            process: u64::MAX,
            number: 7,
            frame: None,
        }
    }

    #[test]
    fn an_id_says_what_was_put_into_it() {
        let mut tokens = vec![token()];
        for ending in [JobEnding::Completed, JobEnding::Failover] {
            tokens.push(Token {
                ending,
                endpoint: Endpoint::Video,
                starts_processing: false,
                asked_for_backup: true,
                frame: Frame::new(5, (16, 9)),
                ..token()
            });
        }
        for token in tokens {
            let id = token.id().unwrap();
            assert!(id.is_sandbox());
            assert_eq!(Token::parse(id.as_str()), Some(token), "{id}");
        }
    }

    #[test]
    fn any_changed_character_makes_it_unknown() {
        let id = token().to_string();
        for at in 0..id.len() {
            let other = if &id[at..=at] == "0" { "1" } else { "0" };
            let changed = format!("{}{other}{}", &id[..at], &id[at + 1..]);
            assert_eq!(Token::parse(&changed), None, "{changed}");
        }
        let longer = format!("{id}00");
        let upper = format!(
            "{SANDBOX_PREFIX}{}",
            id[SANDBOX_PREFIX.len()..].to_uppercase()
        );
        for bad in [
            "",
            "vgen_abc123",
            SANDBOX_PREFIX,
            &longer,
            &upper,
            &id[..50],
        ] {
            assert_eq!(Token::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_job_waits_then_renders_then_ends() {
        let at = |ms: i64| Timestamp::from_millisecond(token().at.as_millisecond() + ms).unwrap();
        let job = Token {
            starts_processing: false,
            ..token()
        };
        assert_eq!(job.stage(at(-5000)), Stage::Pending);
        assert_eq!(job.stage(at(0)), Stage::Pending);
        let half = Stage::Processing {
            done: 0.5,
            left: Duration::from_secs(1),
        };
        assert_eq!(job.stage(at(1000)), half);
        assert_eq!(job.stage(at(2000)), Stage::Ended);
        assert_eq!(job.ends_at(), at(2000));
        assert!(matches!(token().stage(at(0)), Stage::Processing { .. }));
    }

    #[test]
    fn what_renders_in_no_time_has_ended_at_once() {
        let job = Token {
            render_ms: 0,
            ..token()
        };
        assert_eq!(job.stage(job.at), Stage::Ended);
    }
}
