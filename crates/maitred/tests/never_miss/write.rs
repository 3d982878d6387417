//! A write as its writer saw it: what it asked for, how often, and what it was told. Pure.

use serde_json::Value;

use crate::violation::{Kind, Violation};

/// One thing asked for, under one key, however often it was sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Write {
    /// Its `Idempotency-Key`, and its `X-Device-Id`: each message in the log names the write that it came from.
    pub(crate) key: String,
    pub(crate) restaurant: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Value,
    /// How often it was sent.
    pub(crate) attempts: u64,
    /// Whether the writer hung up on an attempt, so that it may still be carried out after a later one was refused.
    pub(crate) loose: bool,
    pub(crate) answers: Vec<Answered>,
}

/// An answer that a writer has read to its end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// What became of a write, as far as its writer knows.
#[derive(Debug, PartialEq)]
pub(crate) enum Fate<'a> {
    Acknowledged(&'a Answered),
    Refused,
    Unknown,
}

impl Answered {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the server could not see to it just now, and the same may be asked again.
    pub(crate) fn is_try_again(&self) -> bool {
        matches!(self.status, 429 | 503)
    }

    pub(crate) fn seq(&self) -> Option<u64> {
        self.body["seq"].as_u64()
    }
}

impl Write {
    pub(crate) fn fate(&self) -> Fate<'_> {
        match self.answers.iter().find(|answer| answer.is_success()) {
            Some(success) => Fate::Acknowledged(success),
            None if self.answers.is_empty() || self.loose => Fate::Unknown,
            None => Fate::Refused,
        }
    }

    /// What is wrong with the answers by themselves. A refusal and a success may stand side by side, since a refusal
    /// leaves the key free; two successes must be the same.
    pub(crate) fn disagreement(&self) -> Option<Violation> {
        let reused = |answer: &&Answered| answer.body["code"] == "idempotency_key_reused";
        let impossible = |answer: &&Answered| !answer.is_success() && !(400..500).contains(&answer.status);
        if let Some(answer) = self.answers.iter().find(|answer| impossible(answer) || reused(answer)) {
            return Some(Violation::new(Kind::ServerError, format!("{self} was answered {answer}")));
        }
        let successes = || self.answers.iter().filter(|answer| answer.is_success());
        let first = successes().next()?;
        let other = successes().find(|answer| *answer != first)?;
        Some(Violation::new(Kind::AnswersDiffer, format!("{self} was answered {first}, and also {other}")))
    }
}

impl std::fmt::Display for Write {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { key, method, path, body, attempts, .. } = self;
        let body: String = body.to_string().chars().take(300).collect();
        write!(f, "write {key} ({method} {path} {body}, sent {attempts} times)")
    }
}

impl std::fmt::Display for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body: String = self.body.to_string().chars().take(600).collect();
        write!(f, "{} {body}", self.status)
    }
}
