//! What sessions read from the store: pages of the log and whole floors, encoded for the wire. When a house's devices
//! all come back at once, each page and each floor is read once and shared. What is kept to be shared is bounded, and
//! so is the line of those who wait for a read.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use floor::Id;
use quick_cache::{Weighter, sync::Cache};
use tokio::sync::Semaphore;

use super::{
    socket::Frame,
    wire::{Say, SnapshotPart, parts},
};
use crate::{
    access::Permit,
    config::{LOG_BLOCK, REPLAY_PAGE_BYTES, SHARED_BYTES, SNAPSHOT_PART_BYTES},
    dispatch::now,
    metrics::Metrics,
    store::{FloorRows, Head, LogPage, LoggedMessage, RestaurantRow, Store, StoreError},
};

/// The store, as sessions read it.
pub struct Records {
    store: Store,
    pub(super) metrics: Arc<Metrics>,
    /// A place for each read under way or waiting.
    line: Semaphore,
    /// By the number before their first.
    pages: Cache<Key, Arc<Page>, ByBytes>,
    /// By the number of a message that is in them for certain.
    floors: Cache<Key, Arc<Floor>, ByBytes>,
    /// How often something was forgotten that pages and floors may tell of.
    forgotten: AtomicU64,
}

/// A restaurant, the life of its log, a message's number, and how often something had been forgotten before the read.
type Key = (Id, Life, u64, u64);

/// The life of a log, as those know it who read it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Life {
    pub(super) epoch: String,
    /// How often something had been told that no message tells, when the room was opened: what was read before that may be
    /// what was to be forgotten since.
    pub(super) notices: u64,
}

/// Some consecutive messages of a log, ready to be sent; none where the log has forgotten all of them.
pub(super) struct Page {
    /// The number of the first; without any, the one that comes after the last message there ever was.
    first: u64,
    frames: Frame,
    /// Where each message begins in `frames`.
    starts: Vec<usize>,
}

/// A floor as it was after some message, ready to be sent.
pub(super) struct Floor {
    pub(super) epoch: String,
    /// The number of that message.
    pub(super) seq: u64,
    /// Guests and tables in it.
    pub(super) rows: u64,
    /// A `snapshot` each.
    pub(super) parts: Vec<Frame>,
}

/// Why nothing was read.
#[derive(Debug, Clone)]
pub(super) enum Unread {
    /// It is not there, or no longer.
    Nothing,
    /// More wait for a read than may.
    Busy,
    /// The database failed.
    Broken(StoreError),
}

impl Records {
    /// Reads from `store`; at most `line` reads are under way or wait at any time.
    pub fn new(store: Store, line: usize, metrics: Arc<Metrics>) -> Self {
        Self {
            store,
            metrics,
            line: Semaphore::new(line),
            pages: shared(),
            floors: shared(),
            forgotten: AtomicU64::new(0),
        }
    }

    /// Lets go of everything that was read so far: none of it is handed out again, nor what a read brings that is under
    /// way. Whoever asks from now on is told what the store says now.
    pub(crate) fn forget(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.pages.clear();
        self.floors.clear();
    }

    /// How often something was forgotten.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    /// Where a restaurant's log ends.
    pub(super) async fn head(&self, permit: &Permit) -> Result<Head, Unread> {
        self.read("head", self.store.head(permit)).await
    }

    /// Messages of a log, the one after number `last` among them unless the log has forgotten it.
    pub(super) async fn page(&self, permit: &Permit, life: &Life, last: u64) -> Result<Arc<Page>, Unread> {
        // Devices left off at all kinds of places. Pages begin at the same few, so that they can be shared.
        let mut after = last - last % LOG_BLOCK;
        let block = after..after + LOG_BLOCK;
        loop {
            let forgotten = self.forgotten();
            let key = (permit.restaurant().clone(), life.clone(), after, forgotten);
            let page = self.pages.get_or_insert_async(&key, self.read_page(permit, &life.epoch, after, &block)).await?;
            if self.forgotten() != forgotten {
                // What was read may be what was forgotten meanwhile.
                self.pages.remove(&key);
                continue;
            }
            if page.last() > last {
                return Ok(page);
            }
            after = page.last();
        }
    }

    async fn read_page(
        &self,
        permit: &Permit,
        epoch: &str,
        after: u64,
        block: &Range<u64>,
    ) -> Result<Arc<Page>, Unread> {
        let page = self.store.log_after(permit, after, block.end - after, REPLAY_PAGE_BYTES);
        let LogPage { head, messages } = self.read("page", page).await?;
        // Another life of the restaurant has numbers of its own. Nor is there a page of what has not happened.
        if head.epoch != epoch || head.seq <= after {
            return Err(Unread::Nothing);
        }
        Ok(Arc::new(Page::new(&messages, head.seq)))
    }

    /// A restaurant's floor as it was when number `head` was its last message, or later.
    pub(super) async fn floor(&self, permit: &Permit, life: &Life, head: u64) -> Result<Arc<Floor>, Unread> {
        loop {
            let forgotten = self.forgotten();
            let key = (permit.restaurant().clone(), life.clone(), head, forgotten);
            let floor = self.floors.get_or_insert_async(&key, self.read_floor(permit, life, head)).await?;
            if self.forgotten() == forgotten {
                return Ok(floor);
            }
            // What was read may be what was forgotten meanwhile.
            self.floors.remove(&key);
        }
    }

    async fn read_floor(&self, permit: &Permit, life: &Life, head: u64) -> Result<Arc<Floor>, Unread> {
        let floor = Floor::new(permit.restaurant(), &self.read("floor", self.store.floor(permit)).await?);
        if floor.seq < head && floor.epoch == life.epoch {
            // Told to the devices, and not in the database: there is nothing true that they could be sent.
            let lost = format!("the log of {} ends at {}, and {head} was told of", permit.restaurant(), floor.seq);
            return Err(Unread::Broken(StoreError::Bug(lost)));
        }
        Ok(Arc::new(floor))
    }

    async fn read<T>(
        &self,
        what: &'static str,
        read: impl Future<Output = Result<Option<T>, StoreError>>,
    ) -> Result<T, Unread> {
        let _place = self.line.try_acquire().map_err(|_| Unread::Busy)?;
        self.metrics.session_read(what);
        read.await.map_err(Unread::Broken)?.ok_or(Unread::Nothing)
    }
}

impl Page {
    fn new(messages: &[LoggedMessage], head: u64) -> Self {
        let first = messages.first().map_or(head + 1, |logged| logged.seq);
        let texts = || messages.iter().map(|logged| logged.message.as_str());
        let starts = texts().scan(0, |end, text| Some(std::mem::replace(end, *end + Frame::length(text))));
        Self { first, starts: starts.collect(), frames: Frame::texts(texts()) }
    }

    /// The number up to which it tells what the log has.
    pub(super) fn last(&self) -> u64 {
        self.first + self.starts.len() as u64 - 1
    }

    /// The messages after number `last`; none unless the next one is among them.
    pub(super) fn after(&self, last: u64) -> Option<Frame> {
        let index = (last + 1).checked_sub(self.first)?;
        Some(self.frames.starting_at(*self.starts.get(index as usize)?))
    }
}

impl Floor {
    fn new(id: &Id, rows: &FloorRows) -> Self {
        let FloorRows { restaurant: RestaurantRow { body, head }, guests, tables } = rows;
        let (timestamp, seq, epoch) = (now(), head.seq, &head.epoch);
        let runs = parts(guests, tables, SNAPSHOT_PART_BYTES);
        let part = |(index, (guests, tables))| {
            let data = SnapshotPart { restaurant: body, guests, tables };
            let (part, parts) = (index + 1, runs.len());
            Say::Snapshot { restaurant_id: id, timestamp, seq, epoch, part, parts, data }.frame()
        };
        let rows = (guests.len() + tables.len()) as u64;
        let parts = runs.iter().copied().enumerate().map(part).collect();
        Self { seq, rows, parts, epoch: epoch.clone() }
    }
}

fn shared<T: Clone>() -> Cache<Key, T, ByBytes>
where
    ByBytes: Weighter<Key, T>,
{
    Cache::with_weighter(SHARED_BYTES / REPLAY_PAGE_BYTES, SHARED_BYTES as u64, ByBytes)
}

/// Counts what is shared by the bytes that it holds.
#[derive(Clone)]
struct ByBytes;

impl Weighter<Key, Arc<Page>> for ByBytes {
    fn weight(&self, _: &Key, page: &Arc<Page>) -> u64 {
        (page.frames.len() + size_of_val(page.starts.as_slice())) as u64
    }
}

impl Weighter<Key, Arc<Floor>> for ByBytes {
    fn weight(&self, _: &Key, floor: &Arc<Floor>) -> u64 {
        floor.parts.iter().map(Frame::len).sum::<usize>() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, sync::mpsc};

    use floor::{Command, Expectation, GuestPatch, Operation, Purpose, RestaurantPatch, Step};
    use futures_util::poll;
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::{
        access::{Identity, Right},
        config::Database,
        dispatch::{Caller, delete_for_good, dispatch},
        feed::Feed,
        hub::Hub,
        purge::Purges,
    };

    #[tokio::test]
    async fn what_a_read_brings_that_was_under_way_during_a_purge_is_not_handed_out() {
        let hub = Arc::new(Hub::default());
        let store = Store::open(&Database::Memory, Feed::new(Arc::clone(&hub))).await.expect("a store");
        let ask = async |command| {
            dispatch(&store, "bistro", command, Caller::of_the_house()).await.expect("nothing stands in the way");
        };
        let (bistro, ada): (Id, Id) = ("bistro".parse().expect("an id"), "ada".parse().expect("an id"));
        ask(Command::CreateRestaurant(RestaurantPatch::read(&bistro, &Map::new(), Purpose::Create))).await;
        let Value::Object(body) = json!({ "guestName": "Lovelace", "partySize": 2 }) else { unreachable!("an object") };
        let operation = Operation::CreateGuest(ada.clone(), GuestPatch::read(&ada, &body, Purpose::Create));
        ask(Command::Write(Step { operation, expects: Expectation::Any })).await;
        let records = Arc::new(Records::new(store.clone(), 8, Arc::clone(&hub.metrics)));
        let permit = Identity::of_the_house().permit(Right::See, "bistro").expect("a permit");
        let Head { epoch, notices, .. } = records.head(&permit).await.expect("a restaurant");
        let life = Life { epoch, notices };

        // Asked for before the purge, and looked at after it; the store is held up until both are asked for.
        let (open, gate) = mpsc::channel::<()>();
        let mut held_up = pin!(store.register(&permit, None, move |_| gate.recv().is_ok()));
        assert!(poll!(&mut held_up).is_pending());
        let mut page = pin!(records.page(&permit, &life, 0));
        let mut floor = pin!(records.floor(&permit, &life, 1));
        assert!(poll!(&mut page).is_pending() && poll!(&mut floor).is_pending());
        open.send(()).expect("a store that waits");
        assert!(held_up.await.expect("a store that works"));
        let expects = Expectation::Any;
        delete_for_good(&store, "bistro", ada, expects, Caller::of_the_house()).await.expect("a guest to delete");
        Purges::new(store.clone(), hub, Arc::clone(&records)).finish(&bistro).await.expect("a store that works");
        let tells = |frame: &Frame| format!("{frame:?}").contains("Lovelace");
        let page = page.await.expect("a page").after(0).expect("messages");
        assert!(!tells(&page), "the log as it is now");
        assert!(!floor.await.expect("a floor").parts.iter().any(tells), "the floor as it is now");
        assert_eq!(records.pages.len() + records.floors.len(), 2, "what was read before is not kept");
        store.close().await;
    }

    #[test]
    fn a_page_is_sent_from_any_message_on() {
        let logged = |seq: u64| LoggedMessage { seq, message: "x".repeat(seq as usize * 40) };
        let messages: Vec<_> = (3..=6).map(logged).collect();
        let page = Page::new(&messages, 9);
        assert_eq!(page.last(), 6);
        for last in 2..=5 {
            let rest = messages.iter().skip(last - 2).map(|logged| logged.message.as_str());
            assert_eq!(page.after(last as u64), Some(Frame::texts(rest)));
        }
        assert_eq!(page.after(1), None, "2 is not there");
        assert_eq!(page.after(6), None, "nothing is left");
    }

    #[test]
    fn a_page_of_a_log_that_has_forgotten_everything_says_how_far_that_goes() {
        let page = Page::new(&[], 9);
        assert_eq!(page.last(), 9);
        for last in [0, 8, 9] {
            assert_eq!(page.after(last), None, "{last}");
        }
    }
}
