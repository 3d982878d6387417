//! The checker: from what writers, devices and the log say, whether every promise was kept. Pure; it knows the
//! contract, and nothing of the server.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    ear::Record,
    rows::Rows,
    violation::{Kind, Violation},
    write::{Answered, Fate, Write},
};

/// One restaurant at the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    pub(crate) restaurant: String,
    /// The restaurant's own row before the first write.
    pub(crate) first: Value,
    /// The whole log, text by text, as `/changes` gives it.
    pub(crate) log: Vec<String>,
    /// What `/floor` says.
    pub(crate) floor: Value,
}

/// All that is known at the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evidence {
    pub(crate) ledgers: Vec<Ledger>,
    pub(crate) writes: Vec<Write>,
    pub(crate) devices: Vec<Record>,
}

/// The messages of one write: where they stand in the log, and when they were written.
#[derive(Default)]
struct Run {
    seqs: Vec<u64>,
    timestamps: BTreeSet<String>,
}

/// Every promise that was not kept.
pub(crate) fn check(evidence: &Evidence) -> Vec<Violation> {
    let mut violations: Vec<_> = evidence.writes.iter().filter_map(Write::disagreement).collect();
    for ledger in &evidence.ledgers {
        let messages: Vec<Value> =
            ledger.log.iter().map(|text| serde_json::from_str(text).unwrap_or_default()).collect();
        let of_here = |write: &&Write| write.restaurant == ledger.restaurant;
        let writes: Vec<_> = evidence.writes.iter().filter(of_here).collect();
        violations.extend(check_numbers(ledger, &messages));
        violations.extend(check_writes(ledger, &messages, &writes));
        violations.extend(check_rows(ledger, &messages, &writes));
        let devices = evidence.devices.iter().filter(|device| device.restaurant == ledger.restaurant);
        violations.extend(devices.flat_map(|device| check_device(ledger, device)));
    }
    violations
}

/// The log counts from 1 to its head without a hole, and speaks of nothing but its restaurant.
fn check_numbers(ledger: &Ledger, messages: &[Value]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let here = &ledger.restaurant;
    for (message, expected) in messages.iter().zip(1_u64..) {
        if message["seq"] != expected {
            let found = format!("the log of {here} has {} where {expected} is due", message["seq"]);
            violations.push(Violation::new(Kind::HoleInLog, found));
            break;
        }
        if message["restaurant_id"] != here.as_str() {
            let foreign = format!("the log of {here} has a message of {} at {expected}", message["restaurant_id"]);
            violations.push(Violation::new(Kind::ForeignMessage, foreign));
        }
    }
    if ledger.floor["seq"] != messages.len() {
        let head = format!("the floor of {here} is at {}, its log at {}", ledger.floor["seq"], messages.len());
        violations.push(Violation::new(Kind::HoleInLog, head));
    }
    violations
}

/// Each acknowledged write stands in the log in one piece that ends where the answer says; each refused one does not,
/// one of which nothing is known at most once; and there is nothing else.
fn check_writes(ledger: &Ledger, messages: &[Value], writes: &[&Write]) -> Vec<Violation> {
    let here = &ledger.restaurant;
    let mut runs: BTreeMap<&str, Run> = BTreeMap::new();
    for (message, seq) in messages.iter().zip(1..) {
        let run = runs.entry(message["origin"].as_str().unwrap_or_default()).or_default();
        run.seqs.push(seq);
        run.timestamps.insert(message["timestamp"].to_string());
    }
    let mut violations = Vec::new();
    for write in writes {
        let Some(run) = runs.remove(write.key.as_str()) else { continue };
        let (first, last) = (run.seqs[0], run.seqs[run.seqs.len() - 1]);
        let unbroken = last - first + 1 == run.seqs.len() as u64 && run.timestamps.len() == 1;
        if !unbroken {
            let seqs = format!("{write} is in the log of {here} at {:?}, written at {:?}", run.seqs, run.timestamps);
            violations.push(Violation::new(Kind::DoubledWrite, seqs));
        }
        match write.fate() {
            Fate::Acknowledged(answer) if answer.seq() != Some(last) => {
                let sentence = format!("{write} is in the log of {here} up to {last}, but was answered {answer}");
                violations.push(Violation::new(Kind::WrongAnswer, sentence));
            }
            Fate::Refused => {
                let sentence = format!("{write} was refused, but is in the log of {here} at {:?}", run.seqs);
                violations.push(Violation::new(Kind::RefusedButApplied, sentence));
            }
            Fate::Acknowledged(_) | Fate::Unknown => {}
        }
    }
    violations.extend(runs.into_iter().map(|(origin, run)| {
        let sentence = format!("nobody wrote what is in the log of {here} at {:?}, from {origin:?}", run.seqs);
        Violation::new(Kind::PhantomMessage, sentence)
    }));
    violations
}

/// Folding the log gives, at the number of each answer, the rows in that answer; and at the end the floor. So an answer
/// without a message is one that changed nothing, or is one of a write that was lost.
fn check_rows(ledger: &Ledger, messages: &[Value], writes: &[&Write]) -> Vec<Violation> {
    let here = &ledger.restaurant;
    let mut answers: BTreeMap<u64, Vec<(&Write, &Answered)>> = BTreeMap::new();
    let mut violations = Vec::new();
    for write in writes {
        let Fate::Acknowledged(answer) = write.fate() else { continue };
        match answer.seq() {
            Some(seq) if seq <= messages.len() as u64 => answers.entry(seq).or_default().push((write, answer)),
            _ => {
                let sentence =
                    format!("{write} was answered {answer}, but the log of {here} ends at {}", messages.len());
                violations.push(Violation::new(Kind::LostWrite, sentence));
            }
        }
    }
    let mut rows = Rows { restaurant: Some(Arc::new(ledger.first.clone())), ..Rows::default() };
    for seq in 0..=messages.len() {
        if let Some(message) = seq.checked_sub(1).map(|index| &messages[index]) {
            rows.fold(message);
        }
        for (write, answer) in answers.remove(&(seq as u64)).unwrap_or_default() {
            let Some(difference) = answered_otherwise(&rows, write, answer) else { continue };
            let written = seq > 0 && messages[seq - 1]["origin"] == write.key.as_str();
            let kind = if written { Kind::WrongAnswer } else { Kind::LostWrite };
            let sentence =
                format!("{write} was answered {answer}, but at that number of the log of {here} {difference}");
            violations.push(Violation::new(kind, sentence));
        }
    }
    rows.forget_absent();
    let mut floor = Rows::default();
    if let Err(twice) = floor.add(&ledger.floor) {
        violations.push(Violation::new(Kind::BrokenFloor, format!("the floor of {here} has {twice} twice")));
    }
    if let Some(difference) = rows.difference(&floor) {
        violations.push(Violation::new(Kind::WrongFold, format!("in the folded log of {here} {difference}")));
    }
    let contradictions = floor.contradictions().into_iter();
    violations.extend(contradictions.map(|what| Violation::new(Kind::BrokenFloor, format!("in {here} {what}"))));
    violations
}

/// What the rows at an answer's number say against the answer.
fn answered_otherwise(rows: &Rows, write: &Write, answer: &Answered) -> Option<String> {
    let body = &answer.body;
    let results = body["results"].as_array().into_iter().flatten();
    let results = results.map(|result| (result, result["status"] == "deleted"));
    let rows_told = results.chain([(body, write.method == "DELETE")]).flat_map(|(told, deleted)| {
        ["guest", "table", "restaurant"].map(|kind| (kind, &told[kind], deleted)).into_iter()
    });
    for (kind, row, deleted) in rows_told.filter(|(_, row, _)| row.is_object()) {
        let id = row["id"].as_str().unwrap_or_default();
        let here = match kind {
            "guest" => rows.guests.get(id),
            "table" => rows.tables.get(id),
            _ => rows.restaurant.as_ref(),
        };
        match here {
            Some(here) if deleted => return Some(format!("{kind} {id} is still there: {here}")),
            Some(here) if **here != *row => return Some(format!("{kind} {id} is {here}")),
            None if !deleted => return Some(format!("there is no {kind} {id}")),
            _ => {}
        }
    }
    None
}

/// A device was told, of each number, the very text of the log, or was shown a floor beyond it; it is at the head; and
/// what it has folded is the floor.
fn check_device(ledger: &Ledger, device: &Record) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut wrong = |kind, what: String| {
        let sentence = format!("device {} of {} {what}", device.device, device.restaurant);
        violations.push(Violation::new(kind, sentence));
    };
    for (seq, text) in &device.heard {
        match ledger.log.get(*seq as usize - 1) {
            Some(logged) if **logged == **text => {}
            Some(logged) => wrong(Kind::OtherText, format!("heard {seq} as {text}, where the log has {logged}")),
            None => wrong(Kind::PhantomMessage, format!("heard {text}, which the log does not have")),
        }
    }
    let head = ledger.log.len() as u64;
    let mut unaccounted = (1..=head).filter(|seq| {
        let skipped = device.skipped.iter().any(|(from, to)| (from + 1..=*to).contains(seq));
        !skipped && !device.heard.contains_key(seq)
    });
    if let Some(seq) = unaccounted.next() {
        wrong(Kind::Gap, format!("was never sent {seq}, nor a snapshot in its place"));
    }
    if device.standing.last != Some(head) {
        wrong(Kind::Gap, format!("stands at {:?} in the end, and the log at {head}", device.standing.last));
    }
    let mut floor = Rows::default();
    // A row that is there twice is told of once, with the log.
    _ = floor.add(&ledger.floor);
    let mut rows = device.standing.rows.clone().unwrap_or_default();
    rows.forget_absent();
    if let Some(difference) = rows.difference(&floor) {
        wrong(Kind::WrongFold, format!("has folded what the floor is not: {difference}"));
    }
    violations
}
