//! What processes tell each other of a restaurant, and how it is written: a line that says what it is, and behind it the
//! message, as the log keeps it, if it is one.

use floor::Id;

use crate::feed::Committed;

/// Something that a process tells the others of a restaurant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// A message was appended to its log.
    Message { epoch: String, seq: u64, text: String },
    /// There is news in the database.
    Look,
}

impl Notice {
    /// What is told of something that was committed, and of which restaurant.
    pub(super) fn of(committed: &Committed) -> (&Id, Self) {
        match committed {
            Committed::Message { restaurant, epoch, seq, message } => {
                (restaurant, Self::Message { epoch: epoch.clone(), seq: *seq, text: message.clone() })
            }
            // Rare, and nothing that one process should believe another: each sees for itself.
            Committed::AccessChanged(restaurant)
            | Committed::TextsPurged(restaurant)
            | Committed::RestaurantDeleted(restaurant) => (restaurant, Self::Look),
        }
    }

    /// The number up to which there is something in the log; none where there may be other news.
    pub(super) fn seq(&self) -> Option<u64> {
        match self {
            Self::Message { seq, .. } => Some(*seq),
            Self::Look => None,
        }
    }

    pub(super) fn write(&self) -> String {
        match self {
            Self::Message { epoch, seq, text } => format!("message {seq} {epoch}\n{text}"),
            Self::Look => "look\n".to_owned(),
        }
    }

    /// Reads what another process wrote; none if it is nothing that this one knows.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (head, text) = text.split_once('\n')?;
        let mut words = head.split(' ');
        match (words.next()?, words.next(), words.next(), words.next()) {
            ("message", Some(seq), Some(epoch), None) => {
                Some(Self::Message { epoch: epoch.to_owned(), seq: seq.parse().ok()?, text: text.to_owned() })
            }
            ("look", None, ..) => Some(Self::Look),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let text = "{\"type\":\"guest_created\",\n\"seq\":42}".to_owned();
        for notice in [Notice::Message { epoch: "01a2-b3".to_owned(), seq: 42, text }, Notice::Look] {
            assert_eq!(Notice::read(&notice.write()), Some(notice));
        }
        for unknown in ["", "look", "message 42\n{}", "message x e\n{}", "message 1 e f\n{}", "later 1\n"] {
            assert_eq!(Notice::read(unknown), None, "{unknown:?}");
        }
    }
}
