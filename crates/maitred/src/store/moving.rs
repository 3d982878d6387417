//! Restaurants on their way from one database to another: what each of them takes along, a piece at a time. Texts and
//! numbers go as they are stored; how they are read and put stands with each database.

use floor::{Guest, Id, Table};
use serde::Deserialize;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{StoreError, register::Edit};

/// The most rows of a piece: enough that the way to a server and back is hardly felt.
pub(super) const PIECE_ROWS: usize = 1_024;

/// The most bytes of texts in a piece, give or take one row. Whatever a restaurant has, four pieces of it are in memory at
/// once: one that is read, one that waits, one that is put, and that one again as it goes over the wire.
pub(super) const PIECE_BYTES: usize = 1024 * 1024;

/// A restaurant that leaves a database.
pub(crate) struct Leaving {
    pub(crate) id: Id,
    pub(super) body: String,
    /// The number of its last message.
    pub(crate) head: u64,
    /// The life of its log.
    pub(super) epoch: String,
    /// When its last message was said, if the log still has it.
    pub(super) last_said: Option<String>,
}

/// Rows of a restaurant that are on their way together.
pub(super) enum Piece {
    /// Guests, each with the text that it is stored as.
    Guests(Vec<(Guest, String)>),
    /// The same of tables.
    Tables(Vec<(Table, String)>),
    /// Messages, in their order.
    Messages(Vec<Logged>),
    /// Answers kept for retries.
    Answers(Vec<Kept>),
    /// Devices and pairing codes.
    Register(Vec<Edit>),
    /// Guests who are to be forgotten, each with the last number that means it.
    Purges(Vec<(String, i64)>),
}

/// A message of a log.
pub(super) struct Logged {
    pub(super) seq: i64,
    /// In microseconds since 1970.
    pub(super) at: i64,
    pub(super) subject: Option<String>,
    pub(super) message: String,
}

/// An answer kept for a retry.
pub(super) struct Kept {
    pub(super) key: String,
    pub(super) fingerprint: Vec<u8>,
    pub(super) outcome: String,
    /// In microseconds since 1970.
    pub(super) kept_at: i64,
}

/// How much a restaurant has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Belongings {
    pub(crate) guests: u64,
    pub(crate) tables: u64,
    pub(crate) messages: u64,
    pub(crate) answers: u64,
    pub(crate) devices: u64,
    pub(crate) codes: u64,
    pub(crate) purges: u64,
    /// Of the texts of guests, tables, messages and answers.
    pub(crate) bytes: u64,
}

/// The pieces of a restaurant, as they are read.
pub(crate) struct Pieces {
    pub(super) pieces: mpsc::Receiver<Piece>,
    pub(super) reading: JoinHandle<Result<(), StoreError>>,
}

/// What became of a restaurant that was to move.
pub(crate) enum Arrival {
    /// It is there, and was not before.
    Moved {
        belongings: Belongings,
        /// The number of its last message.
        head: u64,
        /// How often a character was replaced that the server can't keep.
        replaced: u64,
    },
    /// It moved before. How much it has there by now does not matter.
    MovedBefore,
    /// It moved before, and the file was written to after that. The numbers of the last messages of both.
    Parted { left: u64, arrived: u64 },
    /// Another of the same id is there, with so much.
    Another(Belongings),
}

/// Why a restaurant could not move, as the rest of a sentence. Nothing of it is there then, unless it was the end of the
/// transaction that was not heard of.
pub(crate) enum Hitch {
    /// Others may move all the same.
    Here(String),
    /// None can.
    Everywhere(String),
}

/// When a message was said, as it says itself: it may tell less than it did, where somebody was forgotten, but that stays.
pub(super) fn said_at(message: &str) -> Result<String, StoreError> {
    /// Of a message, what matters here.
    #[derive(Deserialize)]
    struct Said {
        timestamp: String,
    }
    let Said { timestamp } = serde_json::from_str(message)?;
    Ok(timestamp)
}

impl Belongings {
    /// Counts a piece.
    pub(super) fn add(&mut self, piece: &Piece) {
        let bytes: usize = match piece {
            Piece::Guests(rows) => rows.iter().map(|(_, body)| body.len()).sum(),
            Piece::Tables(rows) => rows.iter().map(|(_, body)| body.len()).sum(),
            Piece::Messages(messages) => messages.iter().map(|logged| logged.message.len()).sum(),
            Piece::Answers(answers) => answers.iter().map(|kept| kept.outcome.len()).sum(),
            Piece::Register(_) | Piece::Purges(_) => 0,
        };
        self.bytes += bytes as u64;
        match piece {
            Piece::Guests(rows) => self.guests += rows.len() as u64,
            Piece::Tables(rows) => self.tables += rows.len() as u64,
            Piece::Messages(rows) => self.messages += rows.len() as u64,
            Piece::Answers(rows) => self.answers += rows.len() as u64,
            Piece::Register(edits) => {
                for edit in edits {
                    self.devices += u64::from(matches!(edit, Edit::AddDevice(..)));
                    self.codes += u64::from(matches!(edit, Edit::OpenCode(_)));
                }
            }
            Piece::Purges(rows) => self.purges += rows.len() as u64,
        }
    }
}

impl Pieces {
    /// The next piece; none when there are no more, and all were read well.
    pub(super) async fn next(&mut self) -> Result<Option<Piece>, StoreError> {
        match self.pieces.recv().await {
            Some(piece) => Ok(Some(piece)),
            // The reader hangs up when it is done, and when it fails: only it can tell which.
            None => (&mut self.reading).await.map_err(|error| StoreError::Bug(error.to_string()))?.map(|()| None),
        }
    }
}
