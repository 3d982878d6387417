//! Forgetting who somebody was: who is to be forgotten, and what becomes of the texts that tell of them. The numbers of the
//! messages, and whatever else they say, stay. Pure; each side finds the texts and puts the new ones.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use floor::{Id, purge};
use serde::Deserialize;

use super::StoreError;
use crate::config::{PRUNE_BYTES, PRUNE_ROWS, PURGE_SCAN_BYTES};

/// A guest of a restaurant who is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purge {
    pub(super) restaurant: Id,
    pub(super) guest: String,
    /// The number up to which the log means this guest by its id.
    pub(super) through: u64,
    /// The life of the log that this is about.
    pub(super) epoch: String,
}

/// How far a search for texts has come that tell of someone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// In the log, after this number.
    Log(u64),
    /// Among the answers kept for retries, after this key.
    Answers(String),
}

/// What one step of a purge came to.
#[derive(Debug)]
pub struct PurgeStep {
    /// How many texts were rewritten.
    pub rewritten: usize,
    /// Who of the guests is told of at all, by what was there to remove and what had been removed before.
    pub told: BTreeSet<String>,
    /// Where to look on; none if everything was looked through.
    pub next: Option<Search>,
}

/// What one look found.
pub(super) struct Found {
    /// Where there is something to rewrite; none if there is nothing.
    pub(super) places: Option<Places>,
    pub(super) told: BTreeSet<String>,
    pub(super) next: Option<Search>,
}

/// Where texts were found that tell of someone.
#[derive(Debug, Clone)]
pub(super) enum Places {
    /// The numbers of messages.
    Log(Vec<u64>),
    /// The keys of answers.
    Answers(Vec<String>),
}

/// The guests of a restaurant who are to be forgotten, each with the last number that means it, and those met so far.
pub(super) struct Forgotten {
    through: HashMap<String, u64>,
    /// Who of them has been seen in a text.
    told: Mutex<BTreeSet<String>>,
}

/// Goes through texts, one after the other, and stops when it has seen or found enough for once.
pub(super) struct Sieve<'a, P> {
    forgotten: &'a Forgotten,
    found: Vec<P>,
    last: Option<P>,
    bytes_seen: usize,
    bytes_found: usize,
}

impl Search {
    /// From the beginning.
    pub const START: Self = Self::Log(0);
}

impl Purge {
    /// The restaurant that the guest was in.
    pub fn restaurant(&self) -> &Id {
        &self.restaurant
    }
}

impl Found {
    /// Nobody is to be forgotten.
    pub(super) const NOTHING: Self = Self { places: None, told: BTreeSet::new(), next: None };
}

impl Forgotten {
    pub(super) fn new(through: HashMap<String, u64>) -> Self {
        Self { through, told: Mutex::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.through.is_empty()
    }

    /// The last number that means any of them.
    pub(super) fn last(&self) -> u64 {
        self.through.values().copied().max().unwrap_or_default()
    }

    /// The message of this number without their personal data; none if there is nothing to remove.
    pub(super) fn purged(&self, seq: u64, text: &str) -> Result<Option<String>, StoreError> {
        if !self.may_be_in(text) {
            return Ok(None);
        }
        let goes = |id: &str| {
            let goes = self.through.get(id).is_some_and(|through| seq <= *through);
            if goes {
                self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
            }
            goes
        };
        Ok(purge(text, goes)?)
    }

    /// The same of an answer, which tells by itself after which message it was given.
    pub(super) fn purged_answer(&self, text: &str) -> Result<Option<String>, StoreError> {
        /// Of an outcome, what matters here.
        #[derive(Deserialize)]
        struct Given {
            seq: u64,
        }
        if !self.may_be_in(text) {
            return Ok(None);
        }
        let Given { seq } = serde_json::from_str(text)?;
        self.purged(seq, text)
    }

    /// Whether a text may name one of them. Cheap, since nearly all texts are somebody else's; and never a wrong no, since
    /// they are all written in one way, and an id has nothing to escape.
    fn may_be_in(&self, text: &str) -> bool {
        [r#""guest_id":""#, r#""entity_id":""#].into_iter().any(|key| {
            let ids = text.match_indices(key).map(|(at, _)| &text[at + key.len()..]);
            ids.into_iter().any(|rest| rest.split('"').next().is_some_and(|id| self.through.contains_key(id)))
        })
    }
}

impl<'a, P: Clone> Sieve<'a, P> {
    pub(super) fn new(forgotten: &'a Forgotten) -> Self {
        Self { forgotten, found: Vec::new(), last: None, bytes_seen: 0, bytes_found: 0 }
    }

    /// Takes a text of so many bytes that stands at `place`, and tells whether that is enough for once. `is_told`: whether
    /// there is something in it to remove.
    pub(super) fn take(&mut self, place: P, bytes: usize, is_told: bool) -> bool {
        self.bytes_seen += bytes;
        self.last = Some(place.clone());
        if is_told {
            self.found.push(place);
            self.bytes_found += bytes;
        }
        self.found.len() >= PRUNE_ROWS || self.bytes_found >= PRUNE_BYTES || self.bytes_seen >= PURGE_SCAN_BYTES
    }

    /// What it came to; the last place that it saw, if any, is where to look on from.
    pub(super) fn found(self, places: fn(Vec<P>) -> Places, next: impl FnOnce(Option<P>) -> Option<Search>) -> Found {
        let told = std::mem::take(&mut *self.forgotten.told.lock().unwrap_or_else(PoisonError::into_inner));
        Found { places: (!self.found.is_empty()).then(|| places(self.found)), told, next: next(self.last) }
    }
}

/// Where to look on after the log was looked through up to its last message that there was, if there was any more: behind
/// the log stand the answers, and they are looked through from their beginning.
pub(super) fn after_log(last: Option<u64>) -> Option<Search> {
    Some(last.map_or(Search::Answers(String::new()), Search::Log))
}

/// The same of the answers, behind which there is nothing.
pub(super) fn after_answers(last: Option<String>) -> Option<Search> {
    last.map(Search::Answers)
}
