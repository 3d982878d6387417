//! What came of a run: whether something was wrong, and how much was looked at.

use std::fmt;

use crate::{
    checker::{Evidence, check},
    ear::Record,
    havoc::Havoc,
    scene::Scene,
    violation::Violation,
    write::Fate,
};

pub(crate) struct Report {
    pub(crate) havoc: Havoc,
    pub(crate) evidence: Evidence,
    pub(crate) violations: Vec<Violation>,
}

impl Report {
    /// Of a run that goes on until it is done, or something is wrong.
    pub(crate) async fn of(scene: &Scene, play: impl AsyncFnOnce(&Havoc) -> Result<Evidence, Violation>) -> Self {
        let havoc = Havoc::default();
        let evidence = tokio::select! {
            played = play(&havoc) => played.unwrap_or_else(|violation| {
                scene.raise(violation);
                Evidence::default()
            }),
            () = scene.alarm() => Evidence::default(),
        };
        let violations = scene.violations();
        let violations = if violations.is_empty() { check(&evidence) } else { violations };
        Self { havoc, evidence, violations }
    }

    pub(crate) fn figures(&self) -> Figures {
        let Evidence { ledgers, writes, devices } = &self.evidence;
        let with = |wanted: fn(&Fate<'_>) -> bool| writes.iter().filter(|write| wanted(&write.fate())).count();
        let sum = |count: fn(&Record) -> u64| devices.iter().map(count).sum();
        Figures {
            acknowledged: with(|fate| matches!(fate, Fate::Acknowledged(_))),
            refused: with(|fate| *fate == Fate::Refused),
            sent_again: writes.iter().map(|write| write.attempts.saturating_sub(1)).sum(),
            given_up_once: writes.iter().filter(|write| write.loose).count(),
            logged: ledgers.iter().map(|ledger| ledger.log.len()).sum(),
            heard: sum(|device| device.messages),
            heard_before: sum(|device| device.repeats),
            resumes: sum(|device| device.resumes),
            snapshots: sum(|device| device.snapshots),
            stayed: devices.iter().filter(|device| device.stayed).count(),
        }
    }
}

/// What was looked at in a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) acknowledged: usize,
    pub(crate) refused: usize,
    pub(crate) sent_again: u64,
    pub(crate) given_up_once: usize,
    pub(crate) logged: usize,
    pub(crate) heard: u64,
    pub(crate) heard_before: u64,
    pub(crate) resumes: u64,
    pub(crate) snapshots: u64,
    /// Devices that heard the last message on the socket that they had before.
    pub(crate) stayed: usize,
}

impl Figures {
    /// Whether everything that can be looked at was: a run in which nothing happened would prove nothing.
    pub(crate) fn are_eventful(&self) -> bool {
        let least = self.sent_again.min(self.heard_before).min(self.resumes).min(self.snapshots);
        least > 0 && self.are_something()
    }

    /// Whether anything was looked at.
    pub(crate) fn are_something(&self) -> bool {
        self.acknowledged > 0 && self.heard > 0 && self.stayed > 0
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, refused, sent_again, given_up_once, logged, heard, heard_before, .. } = self;
        let Self { resumes, snapshots, stayed, .. } = self;
        writeln!(
            f,
            "writes    {acknowledged} acknowledged, {refused} refused; {sent_again} sent again, {given_up_once} given up once"
        )?;
        write!(f, "devices   {heard} messages of a log of {logged} checked, {heard_before} of them heard before; ")?;
        write!(f, "{resumes} resumes, {snapshots} snapshots, {stayed} stayed for the last message")
    }
}
