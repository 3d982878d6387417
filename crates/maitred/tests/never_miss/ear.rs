//! A device's ear: what it has heard, what it makes of it, and whether that is what it was promised. Pure: it is told
//! which socket was opened for what, and every text that came. The rule of the contract stands here as a client keeps it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;

use crate::{
    rows::Rows,
    violation::{Kind, Violation},
};

/// Missed messages that are always replayed one by one.
const ALWAYS_REPLAYED: u64 = 500;

/// Heard messages from one checkpoint to the next.
const CHECKPOINT_EVERY: usize = 40;

/// Checkpoints that a device keeps.
const CHECKPOINTS: usize = 12;

/// The first text that anybody heard at each number of a restaurant: whoever hears another is told so at once.
#[derive(Default)]
pub(crate) struct FirstHeard(Mutex<BTreeMap<u64, Arc<str>>>);

/// Where a device stands: the number of the last message, the life of the log, and the rows as they were there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// None before the first message or snapshot.
    pub(crate) last: Option<u64>,
    pub(crate) epoch: Option<String>,
    /// None where it only listens, without having seen the floor.
    pub(crate) rows: Option<Rows>,
}

/// What a device has been told in all its life. The checker compares it with the log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    pub(crate) device: String,
    pub(crate) restaurant: String,
    /// Every message, by its number.
    pub(crate) heard: BTreeMap<u64, Arc<str>>,
    /// What it was not sent and need not be: after `.0`, up to and including `.1`.
    pub(crate) skipped: Vec<(u64, u64)>,
    pub(crate) standing: Standing,
    pub(crate) messages: u64,
    pub(crate) repeats: u64,
    pub(crate) resumes: u64,
    pub(crate) snapshots: u64,
    /// Whether it heard the last message on the socket that it had before that was written.
    pub(crate) stayed: bool,
}

/// What a device asks for when it opens a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// What happens from now on.
    Live,
    /// What it has missed since where it stands.
    Missed,
    /// The floor, by a `since` or an `epoch` that can't be resumed from.
    Floor,
}

/// What a text means for the conversation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The device has been let in.
    Joined,
    Message,
    /// Whatever was sent before the answer to its ping has been heard.
    Pong,
    Other,
    /// The server ends the conversation, and wants to be left alone for a while.
    Bye {
        retry_ms: u64,
    },
}

pub(crate) struct Ear {
    pub(crate) record: Record,
    first_heard: Arc<FirstHeard>,
    checkpoints: VecDeque<Standing>,
    socket: Socket,
    /// Whether there are several nodes, of which one may not have heard yet what another has told.
    several_nodes: bool,
}

/// What has happened on one socket.
struct Socket {
    wish: Wish,
    joined: bool,
    /// A snapshot of which not all parts have come.
    snapshot: Option<Parts>,
    ended: bool,
}

struct Parts {
    rows: Rows,
    seq: u64,
    parts: u64,
    so_far: u64,
}

impl Ear {
    pub(crate) fn new(device: &str, restaurant: &str, first_heard: Arc<FirstHeard>) -> Self {
        let record = Record { device: device.to_owned(), restaurant: restaurant.to_owned(), ..Record::default() };
        let socket = Socket { wish: Wish::Live, joined: false, snapshot: None, ended: false };
        Self { record, first_heard, checkpoints: VecDeque::new(), socket, several_nodes: false }
    }

    /// The same among several nodes: whoever does not say where it stands may be told of a head that it is beyond.
    pub(crate) fn among(self, nodes: usize) -> Self {
        Self { several_nodes: nodes > 1, ..self }
    }

    pub(crate) fn standing(&self) -> &Standing {
        &self.record.standing
    }

    /// Puts the device back to where it stood once. Of its record it forgets nothing.
    pub(crate) fn rewind(&mut self, checkpoint: usize) {
        if let Some(standing) = self.checkpoints.get(checkpoint % self.checkpoints.len().max(1)) {
            self.record.standing = standing.clone();
        }
    }

    /// Starts the device anew, with an empty floor before the first message.
    pub(crate) fn start_from_nothing(&mut self) {
        self.record.standing = Standing { last: Some(0), epoch: None, rows: Some(Rows::default()) };
    }

    /// Starts the device anew from what `/floor` says.
    pub(crate) fn start_from_floor(&mut self, floor: &Value) -> Result<(), Violation> {
        let (Some(seq), Some(epoch)) = (floor["seq"].as_u64(), floor["epoch"].as_str()) else {
            return Err(self.unexpected(&floor.to_string()));
        };
        self.check_head(seq, self.has_heard())?;
        let mut rows = Rows::default();
        if let Err(twice) = rows.add(floor) {
            return Err(self.wrong(Kind::BrokenFloor, format!("read a floor at {seq} with {twice} twice")));
        }
        self.skip(self.standing().last.unwrap_or(0), seq);
        self.record.standing = Standing { last: Some(seq), epoch: Some(epoch.to_owned()), rows: Some(rows) };
        Ok(())
    }

    /// A socket is opened.
    pub(crate) fn open(&mut self, wish: Wish) {
        self.socket = Socket { wish, joined: false, snapshot: None, ended: false };
        if wish == Wish::Missed {
            self.record.resumes += 1;
        }
    }

    /// Whether everything asked for on this socket up to `head` has come.
    pub(crate) fn is_at(&self, head: u64) -> bool {
        self.socket.joined && self.socket.wish != Wish::Floor && self.standing().last.is_some_and(|last| last >= head)
    }

    pub(crate) fn is_joined(&self) -> bool {
        self.socket.joined
    }

    /// A text has come.
    pub(crate) fn hear(&mut self, text: &str) -> Result<Meaning, Violation> {
        let message: Value = serde_json::from_str(text).map_err(|_| self.unexpected(text))?;
        if self.socket.ended {
            return Err(self.unexpected(text));
        }
        let kind = message["type"].as_str().unwrap_or_default();
        match kind {
            "bye" => return self.bye(&message),
            "pong" | "heartbeat" => return self.count(&message),
            _ => {}
        }
        if message["restaurant_id"] != self.record.restaurant.as_str() {
            return Err(self.wrong(Kind::ForeignMessage, format!("was sent what is not for it: {text}")));
        }
        match kind {
            "restaurant_connect" => self.acknowledged(&message),
            "snapshot" => self.snapshot(&message),
            "guest_created"
            | "guest_updated"
            | "guest_deleted"
            | "table_created"
            | "table_updated"
            | "table_deleted"
            | "restaurant_updated"
            | "atomic_transaction_complete" => self.message(&message, text),
            _ => Err(self.unexpected(text)),
        }
    }

    fn acknowledged(&mut self, message: &Value) -> Result<Meaning, Violation> {
        let (Some(head), Some(epoch)) = (message["seq"].as_u64(), message["epoch"].as_str()) else {
            return Err(self.unexpected(&message.to_string()));
        };
        if self.standing().epoch.as_ref().is_some_and(|ours| ours != epoch) {
            let ours = self.standing().epoch.as_deref().unwrap_or_default();
            return Err(self.wrong(Kind::EpochChanged, format!("knows the log {ours}, and was told of {epoch}")));
        }
        let may_lag = self.several_nodes && self.socket.wish == Wish::Live;
        if let Some(last) = self.standing().last.filter(|last| *last > head && !may_lag) {
            return Err(
                self.wrong(Kind::HeadWentBack, format!("has heard {last}, and was told that {head} is the last"))
            );
        }
        self.socket.joined = true;
        match self.socket.wish {
            Wish::Live => {
                self.skip(self.standing().last.unwrap_or(0), head);
                self.record.standing = Standing { last: Some(head), epoch: Some(epoch.to_owned()), rows: None };
            }
            // The first life of the log that it hears of is its own.
            Wish::Missed => self.record.standing.epoch = Some(epoch.to_owned()),
            Wish::Floor => {}
        }
        Ok(Meaning::Joined)
    }

    fn message(&mut self, message: &Value, text: &str) -> Result<Meaning, Violation> {
        let Some(seq) = message["seq"].as_u64() else { return Err(self.unexpected(text)) };
        let expected = self.standing().last.map_or(1, |last| last + 1);
        if !self.socket.joined {
            return Err(self.wrong(Kind::Unexpected, format!("was sent {seq} before it was let in")));
        }
        if self.socket.wish == Wish::Floor || self.socket.snapshot.is_some() {
            return Err(self.wrong(Kind::Gap, format!("was sent {seq} where (the rest of) a snapshot was due")));
        }
        if seq > expected {
            return Err(self.wrong(Kind::Gap, format!("expected {expected}, and was sent {seq}")));
        }
        if seq < expected {
            return Err(
                self.wrong(Kind::Reordered, format!("expected {expected}, and was sent {seq} on the same socket"))
            );
        }
        let text = self.first_heard.compare(seq, text).map_err(|first| {
            self.wrong(Kind::OtherText, format!("was sent {seq} as {text}, where it or another had heard {first}"))
        })?;
        self.record.messages += 1;
        if self.record.heard.insert(seq, text).is_some() {
            self.record.repeats += 1;
        }
        let standing = &mut self.record.standing;
        standing.last = Some(seq);
        if let Some(rows) = &mut standing.rows {
            rows.fold(message);
        }
        if self.record.messages.is_multiple_of(CHECKPOINT_EVERY as u64) {
            self.keep_checkpoint();
        }
        Ok(Meaning::Message)
    }

    fn snapshot(&mut self, message: &Value) -> Result<Meaning, Violation> {
        let number = |name: &str| message[name].as_u64();
        let (Some(seq), Some(part), Some(parts)) = (number("seq"), number("part"), number("parts")) else {
            return Err(self.unexpected(&message.to_string()));
        };
        let mut so_far = match self.socket.snapshot.take() {
            Some(so_far) => so_far,
            None => Parts { rows: Rows::default(), seq, parts, so_far: 0 },
        };
        so_far.so_far += 1;
        if !self.socket.joined || (so_far.seq, so_far.parts, so_far.so_far) != (seq, parts, part) || part > parts {
            let expected = format!("part {} of {} at {}", so_far.so_far, so_far.parts, so_far.seq);
            let sent = format!("expected {expected} of a snapshot, and was sent part {part} of {parts} at {seq}");
            return Err(self.wrong(Kind::BadSnapshot, sent));
        }
        if let Err(twice) = so_far.rows.add(&message["data"]) {
            return Err(self.wrong(Kind::BadSnapshot, format!("was shown {twice} twice in the snapshot at {seq}")));
        }
        if part < parts {
            self.socket.snapshot = Some(so_far);
            return Ok(Meaning::Other);
        }
        let from = self.standing().last.unwrap_or(0);
        // A node shows what it knows the floor to be, which is never before what the device says that it has heard.
        self.check_head(seq, if self.several_nodes { from } else { self.has_heard() })?;
        if self.socket.wish != Wish::Floor && seq.saturating_sub(from) <= ALWAYS_REPLAYED {
            let few = format!("had missed the few from {from} to {seq}, and was not sent them but a snapshot");
            return Err(self.wrong(Kind::BadSnapshot, few));
        }
        let epoch = message["epoch"].as_str().unwrap_or_default();
        if self.standing().epoch.as_ref().is_some_and(|ours| ours != epoch) {
            return Err(self.wrong(Kind::EpochChanged, format!("was shown the floor of another log, {epoch}")));
        }
        self.skip(from, seq);
        self.record.standing = Standing { last: Some(seq), epoch: Some(epoch.to_owned()), rows: Some(so_far.rows) };
        self.record.snapshots += 1;
        // From here on this socket goes on like one that has resumed.
        self.socket.wish = Wish::Missed;
        self.keep_checkpoint();
        Ok(Meaning::Other)
    }

    /// Every message up to the number in a pong or heartbeat has been sent before it.
    fn count(&self, message: &Value) -> Result<Meaning, Violation> {
        if self.socket.joined
            && self.socket.wish != Wish::Floor
            && let (Some(sent), last) = (message["seq"].as_u64(), self.standing().last.unwrap_or(0))
            && sent > last
        {
            return Err(
                self.wrong(Kind::Gap, format!("has heard up to {last}, and was told that {sent} has been sent"))
            );
        }
        Ok(if message["type"] == "pong" { Meaning::Pong } else { Meaning::Other })
    }

    fn bye(&mut self, message: &Value) -> Result<Meaning, Violation> {
        self.socket.ended = true;
        let reason = message["reason"].as_str().unwrap_or_default();
        match message["retry_ms"].as_u64() {
            Some(retry_ms) if matches!(reason, "shutting_down" | "unavailable") => Ok(Meaning::Bye { retry_ms }),
            _ => Err(self.unexpected(&message.to_string())),
        }
    }

    /// What a device has heard once is there for ever.
    fn check_head(&self, head: u64, heard: u64) -> Result<(), Violation> {
        if head < heard {
            return Err(
                self.wrong(Kind::HeadWentBack, format!("has heard of {heard}, and was told that {head} is the last"))
            );
        }
        Ok(())
    }

    /// The highest number that it has ever heard of.
    fn has_heard(&self) -> u64 {
        self.record.heard.last_key_value().map(|(seq, _)| *seq).max(self.standing().last).unwrap_or(0)
    }

    fn skip(&mut self, from: u64, to: u64) {
        if from < to {
            self.record.skipped.push((from, to));
        }
    }

    fn keep_checkpoint(&mut self) {
        if let Some(rows) = &mut self.record.standing.rows {
            rows.forget_absent();
        }
        if self.checkpoints.len() == CHECKPOINTS {
            self.checkpoints.pop_front();
        }
        self.checkpoints.push_back(self.record.standing.clone());
    }

    fn unexpected(&self, text: &str) -> Violation {
        self.wrong(Kind::Unexpected, format!("was sent {text}"))
    }

    fn wrong(&self, kind: Kind, what: String) -> Violation {
        Violation::new(kind, format!("device {} of {} {what}", self.record.device, self.record.restaurant))
    }
}

impl FirstHeard {
    /// The highest number that anybody has heard.
    pub(crate) fn head(&self) -> u64 {
        let texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.last_key_value().map_or(0, |(seq, _)| *seq)
    }

    /// The text as everybody else has heard it, shared; another text if that is another.
    fn compare(&self, seq: u64, text: &str) -> Result<Arc<str>, Arc<str>> {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = texts.entry(seq).or_insert_with(|| text.into());
        if **first == *text { Ok(Arc::clone(first)) } else { Err(Arc::clone(first)) }
    }
}
