//! A room: one restaurant's newest messages, kept at hand for the devices that listen to it, and the news that there
//! is one more. It never waits for a device, and it is bounded: what it no longer has, the log has.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use floor::Id;
use tokio::{
    sync::{OnceCell, watch},
    time::Instant,
};

use super::{
    Frame, Hub, Records,
    records::{self, Unread},
};
use crate::{
    access::Permit,
    bus::{Attendance, Bus},
    config::{RING_BYTES, RING_MESSAGES, SEND_BATCH_BYTES},
    store::Head,
};

pub(super) struct Room {
    recent: RwLock<Recent>,
    news: watch::Sender<News>,
    /// How many listen. Changed only under the hub's lock.
    members: AtomicUsize,
    /// Read once for all who come.
    life: OnceCell<Life>,
    /// The number of the last message, and its life of the log, that came in before it was known which life this is.
    early: Mutex<Option<(String, u64)>>,
    /// Whether, before that was known, it was heard that there is news.
    has_early_news: AtomicBool,
}

/// The life of the log whose messages a room passes on.
struct Life {
    epoch: String,
    /// How often something had been told that no message tells: see [`crate::store::Head`].
    notices: AtomicU64,
    /// Those who were let in before this may not be let in any more, without anybody having heard of it.
    since: Instant,
    /// What other processes tell of it is heard as long as this is kept.
    attendance: Option<Attendance>,
}

/// The newest messages: one unbroken run.
#[derive(Default)]
struct Recent {
    run: VecDeque<Message>,
    bytes: usize,
}

/// A message on its way to the devices: encoded once, shared by all.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) seq: u64,
    pub(super) frame: Frame,
}

#[derive(Clone, Copy, Default)]
struct News {
    /// The number of the restaurant's last message, as far as this room has heard.
    head: u64,
    /// The restaurant is gone.
    closed: bool,
    /// How often those who listen had to prove that they may.
    doubts: u64,
}

/// What a process knows of a restaurant that it passes on.
pub(crate) struct Known {
    /// The number of the last message.
    pub(crate) seq: u64,
    /// The life of its log.
    pub(crate) epoch: String,
    /// How often something was told that no message tells.
    pub(crate) notices: u64,
}

/// A place in a room, given up when dropped.
pub(super) struct Membership {
    hub: Arc<Hub>,
    permit: Permit,
    room: Arc<Room>,
    news: watch::Receiver<News>,
    /// After how many doubts it was last sure that its device may listen.
    doubts: u64,
}

/// What a member hears that has heard everything up to some number.
pub(super) enum Heard {
    /// The messages that come next.
    Messages(Vec<Message>),
    /// There are more than the room still has: the log has them.
    Behind,
    /// It must be made sure that its device may still listen; [`Membership::is_sure`] then.
    Doubt(u64),
    /// The restaurant is gone.
    Closed,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            recent: RwLock::default(),
            news: watch::Sender::default(),
            members: AtomicUsize::new(0),
            life: OnceCell::new(),
            early: Mutex::default(),
            has_early_news: AtomicBool::new(false),
        }
    }

    /// Takes a message in, and tells how many devices are told of it; none if it is of another life than theirs.
    pub(super) fn publish(&self, epoch: &str, seq: u64, frame: Frame) -> Option<usize> {
        if !self.is_of_this_life(epoch, seq) {
            return None;
        }
        self.recent.write().unwrap_or_else(PoisonError::into_inner).push(Message { seq, frame });
        self.advance(seq);
        Some(self.members())
    }

    /// Whether a message is of the life that is passed on here. Where that is not known yet, it is noted down how far its life
    /// has come, for [`Membership::open`].
    fn is_of_this_life(&self, epoch: &str, seq: u64) -> bool {
        if let Some(life) = self.life.get() {
            return life.epoch == epoch;
        }
        let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
        // Looked at once more under the lock: what is noted down after that is found by whoever opens the room.
        match self.life.get() {
            Some(life) => life.epoch == epoch,
            None => {
                *early = Some((epoch.to_owned(), seq));
                true
            }
        }
    }

    /// See [`Hub::is_news`].
    pub(super) fn is_news(&self, seq: Option<u64>) -> bool {
        if self.life.get().is_none() {
            self.has_early_news.store(true, Ordering::SeqCst);
            // Asked once more: whoever has opened the room meanwhile may have looked before this was noted down.
            if self.life.get().is_none() {
                return false;
            }
        }
        seq.is_none_or(|seq| self.news.borrow().head < seq)
    }

    /// Learns that the log has come as far as this number.
    pub(super) fn advance(&self, seq: u64) {
        self.news.send_modify(|news| news.head = seq.max(news.head));
    }

    /// What is known of the restaurant; none as long as nobody has read it.
    pub(super) fn known(&self) -> Option<Known> {
        let life = self.life.get()?;
        Some(Known {
            seq: self.news.borrow().head,
            epoch: life.epoch.clone(),
            notices: life.notices.load(Ordering::SeqCst),
        })
    }

    /// Learns how often something was told that no message tells.
    pub(super) fn heed(&self, notices: u64) {
        if let Some(life) = self.life.get() {
            life.notices.store(notices, Ordering::SeqCst);
        }
    }

    /// Lets go of all messages. Who has not been sent them finds them in the log.
    pub(super) fn forget(&self) {
        *self.recent.write().unwrap_or_else(PoisonError::into_inner) = Recent::default();
    }

    pub(super) fn close(&self) {
        self.news.send_modify(|news| news.closed = true);
    }

    pub(super) fn doubt(&self) {
        self.news.send_modify(|news| news.doubts += 1);
    }

    pub(super) fn members(&self) -> usize {
        self.members.load(Ordering::Relaxed)
    }

    /// Takes a place, unless `most` are taken. For the hub, under its lock.
    pub(super) fn let_in(&self, most: usize) -> bool {
        let free = self.members() < most;
        if free {
            self.members.fetch_add(1, Ordering::Relaxed);
        }
        free
    }

    /// Gives a place up, and tells how many are still taken. For the hub, under its lock.
    pub(super) fn let_out(&self) -> usize {
        self.members.fetch_sub(1, Ordering::Relaxed) - 1
    }

    /// What comes after number `last`; none if nothing does yet.
    fn after(&self, last: u64) -> Option<Heard> {
        let News { head, closed, .. } = *self.news.borrow();
        if closed {
            return Some(Heard::Closed);
        }
        if last >= head {
            return None;
        }
        let messages = self.recent.read().unwrap_or_else(PoisonError::into_inner).after(last);
        Some(messages.map_or(Heard::Behind, Heard::Messages))
    }
}

impl Recent {
    fn push(&mut self, message: Message) {
        let next = self.run.back().map_or(message.seq, |newest| newest.seq + 1);
        if message.seq < next {
            return;
        }
        if message.seq > next {
            // A run has no holes; what came before this one is in the log.
            *self = Self::default();
        }
        self.bytes += message.frame.len();
        self.run.push_back(message);
        while self.run.len() > RING_MESSAGES || (self.bytes > RING_BYTES && self.run.len() > 1) {
            self.bytes -= self.run.pop_front().map_or(0, |oldest| oldest.frame.len());
        }
    }

    /// The messages after number `last`, as many as are sent in one go; none if the run does not have the first of them.
    fn after(&self, last: u64) -> Option<Vec<Message>> {
        let oldest = self.run.front()?.seq;
        let skipped = (last + 1).checked_sub(oldest)?;
        let mut bytes = 0;
        let fits = |message: &&Message| {
            let first = bytes == 0;
            bytes += message.frame.len();
            first || bytes <= SEND_BATCH_BYTES
        };
        let messages: Vec<_> = self.run.iter().skip(skipped as usize).take_while(fits).cloned().collect();
        (!messages.is_empty()).then_some(messages)
    }
}

impl Membership {
    pub(super) fn new(hub: Arc<Hub>, permit: Permit, room: Arc<Room>) -> Self {
        let news = room.news.subscribe();
        let doubts = news.borrow().doubts;
        Self { hub, permit, room, news, doubts }
    }

    pub(super) fn restaurant(&self) -> &Id {
        self.permit.restaurant()
    }

    /// The proof that its device may listen.
    pub(super) fn permit(&self) -> &Permit {
        &self.permit
    }

    /// Learns how far the restaurant's log has come. The first who comes reads it from the store; since then, the room hears
    /// of every message.
    pub(super) async fn open(&self, records: &Records, bus: Option<&Bus>) -> Result<(), Unread> {
        let read = async || {
            // Attended to before it is read, so that what comes in between is heard.
            let attendance = match bus {
                Some(bus) => Some(bus.attend(self.permit.restaurant()).await),
                None => None,
            };
            let since = Instant::now();
            let Head { seq, epoch, notices } = records.head(&self.permit).await?;
            self.room.advance(seq);
            Ok(Life { epoch, notices: notices.into(), since, attendance })
        };
        let life = self.room.life.get_or_try_init(read).await?;
        let early = self.room.early.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((_, seq)) = early.filter(|(epoch, _)| *epoch == life.epoch) {
            self.room.advance(seq);
        }
        if let Some(bus) = bus.filter(|_| self.room.has_early_news.swap(false, Ordering::SeqCst)) {
            bus.look_at(self.permit.restaurant());
        }
        Ok(())
    }

    /// Learns how far the log has come by now, of which the room may not have heard yet where other processes write to it.
    pub(super) async fn look_again(&self, records: &Records) -> Result<(), Unread> {
        let head = records.head(&self.permit).await?;
        // That its life is over, if it is, whoever looks for what is new finds out.
        if self.room.life.get().is_some_and(|life| life.epoch == head.epoch) {
            self.room.advance(head.seq);
        }
        Ok(())
    }

    /// The life of the log that the room passes on. Only once it is open.
    pub(super) fn life(&self) -> records::Life {
        let life = self.room.life.get().expect("the room is open");
        records::Life { epoch: life.epoch.clone(), notices: life.notices.load(Ordering::SeqCst) }
    }

    /// Whether whoever was let in at this time may have been sent away without the room having heard of it.
    pub(super) fn may_have_missed_since(&self, at: Instant) -> bool {
        self.room.life.get().is_some_and(|life| life.attendance.is_some() && at < life.since)
    }

    /// The number of the restaurant's last message.
    pub(super) fn head(&self) -> u64 {
        self.room.news.borrow().head
    }

    /// Notes down that it was made sure after so many doubts that its device may still listen.
    pub(super) fn is_sure(&mut self, doubts: u64) {
        self.doubts = doubts;
    }

    /// Waits for what comes after number `last`. May be dropped while waiting without losing anything.
    pub(super) async fn heard(&mut self, last: u64) -> Heard {
        loop {
            // Seen before looking, so that what comes after the look is news again.
            let doubts = self.news.borrow_and_update().doubts;
            if self.doubts != doubts {
                return Heard::Doubt(doubts);
            }
            if let Some(heard) = self.room.after(last) {
                return heard;
            }
            if self.news.changed().await.is_err() {
                return Heard::Closed;
            }
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.hub.leave(self.permit.restaurant(), &self.room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(seq: u64, bytes: usize) -> Message {
        Message { seq, frame: Frame::text(&"x".repeat(bytes)) }
    }

    fn numbers(recent: &Recent, last: u64) -> Option<Vec<u64>> {
        Some(recent.after(last)?.iter().map(|message| message.seq).collect())
    }

    #[test]
    fn a_run_has_no_holes_and_no_repeats() {
        let mut recent = Recent::default();
        for seq in [5, 6, 6, 5, 7] {
            recent.push(message(seq, 1));
        }
        assert_eq!(numbers(&recent, 4), Some(vec![5, 6, 7]));
        assert_eq!(numbers(&recent, 6), Some(vec![7]));
        assert_eq!(numbers(&recent, 3), None, "4 is in the log");
        assert_eq!(numbers(&recent, 7), None, "8 has not come here, if it is anywhere");
        recent.push(message(9, 1));
        assert_eq!(numbers(&recent, 8), Some(vec![9]));
        assert_eq!(numbers(&recent, 7), None, "8 is in the log");
        assert_eq!(recent.bytes, recent.run[0].frame.len());
    }

    #[test]
    fn a_run_is_bounded_by_number_and_by_bytes_and_keeps_the_newest() {
        let mut recent = Recent::default();
        for seq in 1..=1_000 {
            recent.push(message(seq, 1));
        }
        assert_eq!((recent.run.len(), recent.run[0].seq), (RING_MESSAGES, 1_001 - RING_MESSAGES as u64));
        for seq in 1_001..=1_010 {
            recent.push(message(seq, RING_BYTES / 4));
        }
        assert_eq!(recent.run.len(), 3);
        recent.push(message(1_011, 2 * RING_BYTES));
        assert_eq!(numbers(&recent, 1_010), Some(vec![1_011]), "the newest, however large");
    }

    #[test]
    fn no_more_is_taken_at_once_than_is_sent_in_one_go() {
        let mut recent = Recent::default();
        for seq in 1..=10 {
            recent.push(message(seq, SEND_BATCH_BYTES / 3));
        }
        assert_eq!(numbers(&recent, 0), Some(vec![1, 2]));
        recent.push(message(11, SEND_BATCH_BYTES + 1));
        assert_eq!(numbers(&recent, 10), Some(vec![11]), "one at least");
    }
}
