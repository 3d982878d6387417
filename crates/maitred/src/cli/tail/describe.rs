//! A message in one line for people. Pure.

use serde_json::Value;

/// What a message says; none for those that only keep the connection alive.
pub(super) fn describe(message: &Value) -> Option<String> {
    let what = match text(message, "type") {
        "pong" | "heartbeat" => return None,
        "restaurant_connect" => format!("connected to {}", text(message, "restaurant_id")),
        "snapshot" => {
            let count = |rows: &str| message["data"][rows].as_array().map_or(0, Vec::len);
            let part = format!("part {} of {}", message["part"], message["parts"]);
            format!("the floor as it is, {part}: {} guests, {} tables", count("guests"), count("tables"))
        }
        "error" => format!("the server says: {}", text(message, "message")),
        "bye" => format!("the server says good-bye: {}", text(message, "reason").replace('_', " ")),
        "atomic_transaction_complete" => {
            let changes = message["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
            changes.iter().map(change).collect::<Vec<_>>().join("; ")
        }
        _ => change(message),
    };
    // The time of day of 2025-08-16T07:21:27.177385Z.
    let time = text(message, "timestamp").get(11..19).map_or("         ".to_owned(), |time| format!("{time}Z"));
    let number = message["seq"].as_u64().map_or(String::new(), |seq| format!("#{seq}"));
    let origin = message["origin"].as_str().map_or(String::new(), |origin| format!("  ({origin})"));
    Some(format!("{time} {number:>7}  {what}{origin}"))
}

/// One change, alone or within a transaction.
fn change(message: &Value) -> String {
    let data = &message["data"];
    match text(message, "type") {
        "guest_created" => format!("{} comes in, {}", party(data), status(data)),
        "guest_updated" if message["action"] == "status_change" => format!("{} is {}", party(data), status(data)),
        "guest_updated" => format!("{} changed", party(data)),
        "guest_deleted" => format!("guest {} is deleted", text(data, "id")),
        "table_created" => format!("{} is new, seats {}", table(data), data["capacity"]),
        "table_updated" if message["action"] == "status_change" => format!("{} is {}", table(data), status(data)),
        "table_updated" => format!("{} changed", table(data)),
        "table_deleted" => format!("table {} is deleted", text(data, "id")),
        "restaurant_updated" => format!("{} changed", text(data, "name")),
        other => other.replace('_', " "),
    }
}

fn party(guest: &Value) -> String {
    format!("{}, party of {},", text(guest, "guestName"), guest["partySize"])
}

fn table(table: &Value) -> String {
    format!("table {}", text(table, "tableNumber"))
}

/// A row's status, and what belongs to it.
fn status(row: &Value) -> String {
    let status = text(row, "status").replace('_', " ");
    match (row["table_id"].as_str(), row["guest_id"].as_str()) {
        (Some(table), _) => format!("{status} at {table}"),
        (_, Some(guest)) => format!("{status} by {guest}"),
        (None, None) => status,
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_one_line_with_its_time_number_and_author() {
        let message = json!({
            "type": "guest_updated", "action": "status_change", "timestamp": "2025-08-16T07:21:27.177385Z",
            "seq": 42, "origin": "host-stand",
            "data": { "guestName": "Rivera", "partySize": 4, "status": "seated", "table_id": "table-7" },
        });
        let line = "07:21:27Z     #42  Rivera, party of 4, is seated at table-7  (host-stand)";
        assert_eq!(describe(&message).as_deref(), Some(line));
    }

    #[test]
    fn a_transaction_is_one_line_too() {
        let message = json!({
            "type": "atomic_transaction_complete", "timestamp": "2025-08-16T07:21:27.177385Z", "seq": 7, "origin": null,
            "changes": [
                { "type": "guest_updated", "action": "update", "data": { "guestName": "Ali", "partySize": 2 } },
                { "type": "table_updated", "action": "status_change",
                  "data": { "tableNumber": "12", "status": "out_of_service", "guest_id": null } },
            ],
        });
        let line = "07:21:27Z      #7  Ali, party of 2, changed; table 12 is out of service";
        assert_eq!(describe(&message).as_deref(), Some(line));
    }

    #[test]
    fn what_only_keeps_the_connection_alive_is_not_told() {
        assert_eq!(describe(&json!({ "type": "heartbeat", "seq": 7 })), None);
    }
}
