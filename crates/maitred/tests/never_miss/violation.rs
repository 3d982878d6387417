//! What can be wrong, as values: a kind to know it by and a sentence for people.

use std::fmt;

/// What was promised and not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// An acknowledged write is not in the log.
    LostWrite,
    /// A write is in the log more than once, or not in one piece.
    DoubledWrite,
    /// A write that was refused is in the log all the same.
    RefusedButApplied,
    /// An answer names another number or other rows than the log has.
    WrongAnswer,
    /// The same request with the same key was answered in two ways.
    AnswersDiffer,
    /// A request was answered with what no correct server says.
    ServerError,
    /// A message of the log that nobody wrote.
    PhantomMessage,
    /// A log whose numbers have a hole.
    HoleInLog,
    /// The same number with another text.
    OtherText,
    /// A device was not sent a message that it should have been sent.
    Gap,
    /// A device was sent a number again, or an old one, on the same socket.
    Reordered,
    /// A device was sent a message of another restaurant.
    ForeignMessage,
    /// The server has forgotten messages that a device has heard.
    HeadWentBack,
    /// A snapshot that does not hold together, or that was not due.
    BadSnapshot,
    /// A log took another name though nobody restored anything.
    EpochChanged,
    /// A device was sent something that the contract does not know.
    Unexpected,
    /// What a device has folded is not what the floor is.
    WrongFold,
    /// A floor on which guests and tables contradict each other.
    BrokenFloor,
    /// Something did not come to an end in all patience.
    Stuck,
    /// The server's process did not do as it should.
    ServerTrouble,
}

/// A promise not kept, and where.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    pub(crate) kind: Kind,
    pub(crate) sentence: String,
}

impl Violation {
    pub(crate) fn new(kind: Kind, sentence: impl Into<String>) -> Self {
        Self { kind, sentence: sentence.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rows with long notes would hide what is said of them.
        write!(f, "{:?}: {:.600}", self.kind, self.sentence)
    }
}
