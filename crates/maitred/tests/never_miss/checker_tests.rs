//! The checker against records made by hand: a sound one passes, and each fault is called by its name.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};

use crate::{
    checker::{Evidence, Ledger, check},
    ear::{Ear, FirstHeard, Meaning, Wish},
    violation::{Kind, Violation},
    write::{Answered, Write},
};

const HERE: &str = "bistro";

fn guest(id: &str, status: &str, table: Option<&str>, version: u64) -> Value {
    json!({ "id": id, "guestName": id, "status": status, "table_id": table, "version": version })
}

fn table(guest: Option<&str>, version: u64) -> Value {
    let status = if guest.is_some() { "occupied" } else { "available" };
    json!({ "id": "t1", "tableNumber": "1", "status": status, "guest_id": guest, "version": version })
}

fn message(seq: u64, origin: &str, kind: &str, data: Value) -> Value {
    let timestamp = format!("written by {origin}");
    json!({ "type": kind, "restaurant_id": HERE, "timestamp": timestamp, "data": data, "seq": seq, "origin": origin })
}

fn write(key: &str, status: u16, body: Value) -> Write {
    let answers = vec![Answered { status, body }];
    Write { key: key.into(), restaurant: HERE.into(), method: "POST", attempts: 1, answers, ..Write::default() }
}

/// A table and two guests come, the first guest is seated, and one write is refused.
fn sound() -> Evidence {
    let log = [
        message(1, "w1", "table_created", table(None, 1)),
        message(2, "w2", "guest_created", guest("g1", "waiting", None, 1)),
        message(3, "w3", "guest_created", guest("g2", "waiting", None, 1)),
        message(4, "w4", "guest_updated", guest("g1", "seated", Some("t1"), 2)),
        message(5, "w4", "table_updated", table(Some("g1"), 2)),
        message(6, "w5", "guest_updated", guest("g2", "cancelled", None, 2)),
    ];
    let writes = vec![
        write("w1", 201, json!({ "table": table(None, 1), "seq": 1 })),
        write("w2", 201, json!({ "guest": guest("g1", "waiting", None, 1), "seq": 2 })),
        write("w3", 201, json!({ "guest": guest("g2", "waiting", None, 1), "seq": 3 })),
        write("w4", 200, json!({ "guest": guest("g1", "seated", Some("t1"), 2), "seq": 5 })),
        write("same again", 200, json!({ "guest": guest("g1", "seated", Some("t1"), 2), "seq": 5 })),
        write("refused", 409, json!({ "code": "table_occupied" })),
        write("w5", 200, json!({ "guest": guest("g2", "cancelled", None, 2), "seq": 6 })),
        Write { answers: Vec::new(), ..write("never answered", 0, json!(null)) },
    ];
    let floor = json!({
        "restaurant": { "id": HERE }, "guests": [guest("g1", "seated", Some("t1"), 2)], "tables": [table(Some("g1"), 2)],
        "seq": log.len(), "epoch": "e",
    });
    let mut ear = ear();
    listen(&mut ear, 0, &log).expect("nothing is wrong");
    let log = log.iter().map(Value::to_string).collect();
    let ledger = Ledger { restaurant: HERE.into(), first: json!({ "id": HERE }), log, floor };
    Evidence { ledgers: vec![ledger], writes, devices: vec![ear.record] }
}

fn ear() -> Ear {
    let mut ear = Ear::new("d1", HERE, Arc::default());
    ear.start_from_nothing();
    ear
}

fn joined(head: u64, epoch: &str) -> String {
    json!({ "type": "restaurant_connect", "restaurant_id": HERE, "seq": head, "epoch": epoch }).to_string()
}

/// Resumes, and hears these messages.
fn listen(ear: &mut Ear, head: u64, messages: &[Value]) -> Result<(), Violation> {
    ear.open(Wish::Missed);
    ear.hear(&joined(head, "e"))?;
    messages.iter().try_for_each(|message| ear.hear(&message.to_string()).map(drop))
}

/// What the checker finds once the sound record has been changed, in the order in which kinds are listed.
fn found(change: impl FnOnce(&mut Evidence)) -> Vec<Kind> {
    let mut evidence = sound();
    change(&mut evidence);
    let kinds: BTreeSet<_> = check(&evidence).iter().map(|violation| violation.kind).collect();
    kinds.into_iter().collect()
}

/// Changes a message of the log, and what the device has heard along with it.
fn rewrite(evidence: &mut Evidence, seq: u64, change: impl FnOnce(&mut Value)) {
    let text = &mut evidence.ledgers[0].log[seq as usize - 1];
    let mut message: Value = serde_json::from_str(text).expect("JSON");
    change(&mut message);
    *text = message.to_string();
    evidence.devices[0].heard.insert(seq, text.as_str().into());
}

#[test]
fn a_sound_record_passes() {
    assert_eq!(found(|_| {}), []);
}

#[test]
fn a_lost_write_is_caught_behind_the_head_and_where_another_has_taken_its_number() {
    let lost = |seq| write("lost", 200, json!({ "guest": guest("g1", "arrived", None, 7), "seq": seq }));
    assert_eq!(found(|evidence| evidence.writes.push(lost(7))), [Kind::LostWrite]);
    assert_eq!(found(|evidence| evidence.writes.push(lost(3))), [Kind::LostWrite]);
    let created = write("lost", 201, json!({ "guest": guest("g3", "waiting", None, 1), "seq": 3 }));
    assert_eq!(found(|evidence| evidence.writes.push(created)), [Kind::LostWrite]);
    let deleted =
        Write { method: "DELETE", ..write("lost", 200, json!({ "guest": guest("g1", "waiting", None, 1), "seq": 3 })) };
    assert_eq!(found(|evidence| evidence.writes.push(deleted)), [Kind::LostWrite]);
    let results = json!([{ "status": "created", "guest": guest("g3", "waiting", None, 1) }]);
    let transaction = write("lost", 200, json!({ "results": results, "seq": 3 }));
    assert_eq!(found(|evidence| evidence.writes.push(transaction)), [Kind::LostWrite]);
}

#[test]
fn a_doubled_write_is_caught_far_apart_and_side_by_side() {
    let far = found(|evidence| rewrite(evidence, 6, |message| message["origin"] = "w1".into()));
    assert_eq!(far, [Kind::DoubledWrite, Kind::WrongAnswer]);
    let beside = found(|evidence| {
        rewrite(evidence, 5, |message| message["timestamp"] = "a little later".into());
    });
    assert_eq!(beside, [Kind::DoubledWrite]);
}

#[test]
fn a_refused_write_in_the_log_is_caught_unless_an_attempt_was_given_up() {
    let refuse = |evidence: &mut Evidence, loose| {
        let refused = write("w5", 409, json!({ "code": "invalid_transition" }));
        evidence.writes[6] = Write { loose, ..refused };
    };
    assert_eq!(found(|evidence| refuse(evidence, false)), [Kind::RefusedButApplied]);
    assert_eq!(found(|evidence| refuse(evidence, true)), []);
}

#[test]
fn an_answer_with_another_number_or_other_rows_than_the_log_is_caught() {
    assert_eq!(found(|evidence| evidence.writes[3].answers[0].body["seq"] = 4.into()), [Kind::WrongAnswer]);
    let other = found(|evidence| evidence.writes[3].answers[0].body["guest"]["version"] = 3.into());
    assert_eq!(other, [Kind::WrongAnswer]);
}

#[test]
fn two_answers_to_one_request_must_be_one() {
    let again = |status: u16, body: Value| found(|evidence| evidence.writes[1].answers.push(Answered { status, body }));
    let same = sound().writes[1].answers[0].body.clone();
    assert_eq!(again(201, same.clone()), []);
    assert_eq!(again(200, same), [Kind::AnswersDiffer]);
    assert_eq!(again(201, json!({ "guest": guest("g1", "waiting", None, 1), "seq": 3 })), [Kind::AnswersDiffer]);
    assert_eq!(again(409, json!({ "code": "already_exists" })), [], "a refusal leaves the key free");
    assert_eq!(again(500, json!({ "code": "internal" })), [Kind::ServerError]);
    assert_eq!(again(422, json!({ "code": "idempotency_key_reused" })), [Kind::ServerError]);
}

#[test]
fn a_message_that_nobody_wrote_is_caught() {
    assert_eq!(
        found(|evidence| rewrite(evidence, 6, |message| message["origin"] = Value::Null)),
        [Kind::PhantomMessage]
    );
    let heard = found(|evidence| {
        let text = message(7, "w6", "guest_deleted", json!({ "id": "g1" })).to_string();
        evidence.devices[0].heard.insert(7, text.as_str().into());
    });
    assert_eq!(heard, [Kind::PhantomMessage]);
}

#[test]
fn a_hole_in_the_log_is_caught() {
    assert!(found(|evidence| _ = evidence.ledgers[0].log.remove(2)).contains(&Kind::HoleInLog));
    assert!(found(|evidence| _ = evidence.ledgers[0].log.pop()).contains(&Kind::HoleInLog));
}

#[test]
fn a_message_of_another_restaurant_in_the_log_is_caught() {
    let foreign = found(|evidence| rewrite(evidence, 3, |message| message["restaurant_id"] = "other".into()));
    assert_eq!(foreign, [Kind::ForeignMessage]);
}

#[test]
fn a_device_that_was_told_less_or_something_else_than_the_log_is_caught() {
    assert_eq!(found(|evidence| _ = evidence.devices[0].heard.remove(&3)), [Kind::Gap]);
    let excused = found(|evidence| {
        evidence.devices[0].heard.remove(&3);
        evidence.devices[0].skipped.push((2, 3));
    });
    assert_eq!(excused, [], "a snapshot stands for what it shows");
    assert_eq!(found(|evidence| evidence.devices[0].standing.last = Some(5)), [Kind::Gap]);
    assert_eq!(found(|evidence| _ = evidence.devices[0].heard.insert(3, "{}".into())), [Kind::OtherText]);
}

#[test]
fn rows_that_are_not_the_floor_are_caught_in_the_log_and_on_a_device() {
    let device = found(|evidence| {
        let rows = evidence.devices[0].standing.rows.as_mut().expect("rows");
        rows.guests.remove("g1");
    });
    assert_eq!(device, [Kind::WrongFold]);
    let floor = found(|evidence| evidence.ledgers[0].floor["guests"][0]["partySize"] = 9.into());
    assert_eq!(floor, [Kind::WrongFold]);
    let ghost = found(|evidence| evidence.ledgers[0].floor["tables"] = json!([]));
    assert_eq!(ghost, [Kind::WrongFold, Kind::BrokenFloor]);
}

/// What the ear says of the last of these texts, all others being sound.
fn heard_wrong(ear: &mut Ear, texts: &[String]) -> Kind {
    let (last, before) = texts.split_last().expect("a text");
    for text in before {
        ear.hear(text).expect("sound so far");
    }
    ear.hear(last).expect_err("a violation").kind
}

fn created(seq: u64) -> String {
    message(seq, &format!("w{seq}"), "guest_created", guest("g", "waiting", None, 1)).to_string()
}

fn snapshot(seq: u64, part: u64, parts: u64) -> String {
    let guests = json!([guest(&format!("g{part}"), "waiting", None, 1)]);
    let data = json!({ "restaurant": { "id": HERE }, "guests": guests, "tables": [] });
    json!({ "type": "snapshot", "restaurant_id": HERE, "seq": seq, "epoch": "e", "part": part, "parts": parts, "data": data })
        .to_string()
}

#[test]
fn the_ear_hears_a_gap_a_repeat_and_a_change_of_order() {
    let resumed = || {
        let mut ear = ear();
        ear.open(Wish::Missed);
        ear
    };
    assert_eq!(heard_wrong(&mut resumed(), &[joined(9, "e"), created(2)]), Kind::Gap);
    assert_eq!(heard_wrong(&mut resumed(), &[joined(9, "e"), created(1), created(3)]), Kind::Gap);
    assert_eq!(heard_wrong(&mut resumed(), &[joined(9, "e"), created(1), created(1)]), Kind::Reordered);
    assert_eq!(heard_wrong(&mut resumed(), &[joined(9, "e"), created(1), created(2), created(1)]), Kind::Reordered);
    assert_eq!(heard_wrong(&mut resumed(), &[created(1)]), Kind::Unexpected);
    let pong = json!({ "type": "pong", "seq": 2 }).to_string();
    assert_eq!(heard_wrong(&mut resumed(), &[joined(9, "e"), created(1), pong]), Kind::Gap);
}

#[test]
fn the_ear_hears_another_text_at_a_number_that_it_or_another_has_heard() {
    let first_heard = Arc::<FirstHeard>::default();
    let other = created(1).replace("waiting", "arrived");
    for (text, expected) in [(created(1), Ok(Meaning::Message)), (other, Err(Kind::OtherText))] {
        let mut ear = Ear::new("d", HERE, Arc::clone(&first_heard));
        ear.open(Wish::Missed);
        ear.hear(&joined(1, "e")).expect("sound");
        assert_eq!(ear.hear(&text).map_err(|violation| violation.kind), expected);
    }
}

#[test]
fn the_ear_hears_that_the_server_has_forgotten_something() {
    let mut ear = ear();
    listen(&mut ear, 0, &[message(1, "w", "guest_created", guest("g", "waiting", None, 1))]).expect("sound");
    ear.open(Wish::Missed);
    assert_eq!(heard_wrong(&mut ear, &[joined(0, "e")]), Kind::HeadWentBack);
    ear.open(Wish::Missed);
    assert_eq!(heard_wrong(&mut ear, &[joined(1, "another")]), Kind::EpochChanged);
}

#[test]
fn the_ear_hears_what_is_not_meant_for_it() {
    let mut ear = ear();
    ear.open(Wish::Missed);
    let foreign = created(1).replace(HERE, "other");
    assert_eq!(heard_wrong(&mut ear, &[joined(0, "e"), foreign]), Kind::ForeignMessage);
    assert_eq!(heard_wrong(&mut ear, &["gibberish".to_owned()]), Kind::Unexpected);
    assert_eq!(
        heard_wrong(&mut ear, &[json!({ "type": "error", "restaurant_id": HERE }).to_string()]),
        Kind::Unexpected
    );
    let bye = |reason| json!({ "type": "bye", "reason": reason, "retry_ms": 9 }).to_string();
    assert_eq!(heard_wrong(&mut ear, &[bye("not_found")]), Kind::Unexpected);
    ear.open(Wish::Missed);
    assert_eq!(heard_wrong(&mut ear, &[bye("shutting_down"), created(1)]), Kind::Unexpected);
}

#[test]
fn the_ear_puts_a_snapshot_together_and_hears_what_is_wrong_with_one() {
    let wishing = |wish| {
        let mut ear = ear();
        ear.open(wish);
        ear
    };
    let mut sound = wishing(Wish::Floor);
    for text in [joined(7, "e"), snapshot(7, 1, 2), snapshot(7, 2, 2), created(8)] {
        sound.hear(&text).expect("sound");
    }
    assert_eq!(sound.record.skipped, [(0, 7)]);
    assert!(sound.is_at(8));
    assert_eq!(sound.standing().rows.as_ref().expect("rows").guests.len(), 3);
    let wrong = |wish, texts: &[String]| heard_wrong(&mut wishing(wish), texts);
    let floor = |texts: &[String]| wrong(Wish::Floor, &[&[joined(7, "e")], texts].concat());
    assert_eq!(floor(&[snapshot(7, 2, 2)]), Kind::BadSnapshot);
    assert_eq!(floor(&[snapshot(7, 1, 2), snapshot(8, 2, 2)]), Kind::BadSnapshot);
    assert_eq!(floor(&[snapshot(7, 1, 2), snapshot(7, 1, 2)]), Kind::BadSnapshot);
    assert_eq!(floor(&[snapshot(7, 1, 2), created(8)]), Kind::Gap);
    assert_eq!(floor(&[created(1)]), Kind::Gap, "it can't know what the floor was");
    assert_eq!(wrong(Wish::Missed, &[joined(500, "e"), snapshot(500, 1, 1)]), Kind::BadSnapshot, "500 are replayed");
    assert_eq!(wishing(Wish::Missed).hear(&joined(501, "e")).map(drop).map_err(|wrong| wrong.kind), Ok(()));
}
