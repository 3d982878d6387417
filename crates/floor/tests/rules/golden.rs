//! What devices know of the rules, so that they offer only what will be done: the files in `golden/rules/` at the root of
//! the repository. `GOLDEN_WRITE=1` writes them anew.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use floor::{GuestStatus, TableStatus};
use serde_json::{Value, json};

#[test]
fn the_moves_that_devices_offer_are_those_that_the_rules_allow() {
    let may_become = |from: GuestStatus| -> Vec<GuestStatus> {
        GuestStatus::ALL.into_iter().filter(|to| *to != from && from.can_become(*to)).collect()
    };
    let moves = GuestStatus::ALL.map(|status| (status.as_str(), may_become(status)));
    assert_golden("guest_transitions", &json!(BTreeMap::from(moves)));
}

#[test]
fn the_tables_that_devices_offer_to_nobody_are_those_that_the_rules_give_to_nobody() {
    let statuses = TableStatus::ALL.map(|status| (status.as_str(), json!({ "unavailable": status.is_unavailable() })));
    assert_golden("table_statuses", &json!(BTreeMap::from(statuses)));
}

#[track_caller]
fn assert_golden(name: &str, value: &Value) {
    let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "golden", "rules", name].iter().collect();
    let file = file.with_extension("json");
    if env::var_os("GOLDEN_WRITE").is_some() {
        fs::write(&file, format!("{value:#}\n")).expect("a file that can be written");
        return;
    }
    let known = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let known: Value = known.parse().expect("JSON");
    assert_eq!(*value, known, "golden/rules/{name}.json says otherwise; GOLDEN_WRITE=1 writes it anew");
}
