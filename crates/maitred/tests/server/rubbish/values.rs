//! JSON that is well formed and still makes no sense, and texts that only look like rubbish.

use serde_json::{Value, json};

use crate::common::{Http, RESTAURANT, TestServer, guest, guests, table, tables};

/// Checks that each of these values is refused by the name of its field, and that the row stays as it was.
async fn refused(http: &mut Http, path: &str, kind: &str, field: &str, values: impl IntoIterator<Item = Value>) {
    let before = http.get(path).await.ok();
    for value in values {
        for method in ["PUT", "PATCH"] {
            let mut body = json!({ "notes": "Aisle" });
            body[field] = value.clone();
            let problem = http.json(method, path, body).await.problem(422, "invalid");
            let fields: Vec<&Value> =
                problem["errors"].as_array().expect("errors").iter().map(|error| &error["field"]).collect();
            assert_eq!(fields, [field], "{field}: {value}");
        }
    }
    assert_eq!(http.get(path).await.ok()[kind], before[kind]);
}

#[tokio::test]
async fn values_out_of_range_or_of_the_wrong_type_are_refused_by_the_name_of_their_field() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    http.add_guest("g", 2).await;
    http.add_table("t", 2).await;
    let mut device = server.device().await;
    let (g, t) = (&guest("g"), &table("t"));
    let no_count = || {
        let numbers = [
            "0",
            "-1",
            "-0.0",
            "100",
            "4.5",
            "1e300",
            "-1e300",
            "18446744073709551616",
            "9007199254740993",
            "99.00000000000001",
        ];
        let numbers = numbers.map(|number| serde_json::from_str(number).expect("a number"));
        numbers.into_iter().chain([json!(null), json!("4"), json!("four"), json!(true), json!([4]), json!({ "n": 4 })])
    };
    refused(&mut http, g, "guest", "partySize", no_count()).await;
    refused(&mut http, t, "table", "capacity", no_count()).await;
    let no_text = || [json!(7), json!(false), json!([]), json!({}), json!("a\u{0}b"), json!("a\nb"), json!("\u{85}")];
    let blank = || [json!(null), json!(""), json!("  "), json!("\u{3000}\u{a0}")];
    refused(&mut http, g, "guest", "guestName", no_text().into_iter().chain(blank())).await;
    refused(&mut http, g, "guest", "phone", no_text()).await;
    let no_number = no_text().into_iter().chain(blank()).filter(|value| *value != json!(7));
    refused(&mut http, t, "table", "tableNumber", no_number.chain([json!(-7), json!(1.5), json!(1e30)])).await;
    let no_status = [json!("hungry"), json!(""), json!("seated\u{0}!seated"), json!(7), json!(null), json!("🍽")];
    refused(&mut http, g, "guest", "status", no_status.clone()).await;
    refused(&mut http, t, "table", "status", no_status).await;
    let no_reference = [json!(7), json!("a/b"), json!("../g"), json!(" "), json!("x".repeat(65)), json!({ "id": "g" })];
    refused(&mut http, g, "guest", "table_id", no_reference.clone()).await;
    refused(&mut http, t, "table", "guest_id", no_reference).await;
    let no_time =
        [json!("yesterday"), json!(1_755_328_887), json!("2025-02-30T00:00:00Z"), json!("2025-08-16T18:00:00")];
    refused(&mut http, g, "guest", "reservationTime", no_time).await;
    refused(&mut http, t, "table", "position", [json!({ "x": 0.5 }), json!([0, 0]), json!({ "x": -0.1, "y": 2 })])
        .await;
    device.expect_silence().await;
}

#[tokio::test]
async fn a_name_in_any_script_is_stored_and_broadcast_as_it_was_said() {
    let server = TestServer::start().await;
    let (mut http, mut device) = (server.http().await, server.device().await);
    for name in [
        "José Núñez-O'Brien",
        "عائلة الخطيب",
        "משפחת כהן",
        "田中さん",
        "Zoë 🍽️ 👨‍👩‍👧‍👦",
        "\u{202e}nerdlihC\u{202c}",
        "e\u{301} is not é",
        "\u{feff}\u{200b}x",
        "</script><b>\"'\\`${name}&amp;",
        "'; DROP TABLE guests; --",
        "\u{10ffff}\u{e000}\u{2028}",
    ] {
        let body = json!({ "guestName": name, "partySize": 2, "tags": [name.chars().take(40).collect::<String>()] });
        let row = http.post(&guests(), body).await.ok()["guest"].take();
        assert_eq!(row["guestName"], name);
        assert_eq!(device.expect("guest_created").await["data"], row);
        let id = row["id"].as_str().expect("an id");
        assert_eq!(http.get(&guest(id)).await.ok()["guest"], row);
    }
}

#[tokio::test]
async fn the_length_of_a_text_is_counted_in_characters() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for letter in ["x", "é", "田", "🍽"] {
        let longest = letter.repeat(200);
        let row = http.post(&guests(), json!({ "guestName": longest, "partySize": 2 })).await.ok()["guest"].take();
        assert_eq!(row["guestName"], longest);
        let problem = http.post(&guests(), json!({ "guestName": letter.repeat(201), "partySize": 2 })).await;
        assert_eq!(problem.problem(422, "invalid")["errors"][0]["field"], "guestName");
    }
}

#[tokio::test]
async fn an_id_that_no_path_could_name_is_refused_in_a_body() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let ids =
        [json!("a/b"), json!(""), json!("a b"), json!("-a"), json!("é"), json!("x".repeat(65)), json!(7), json!([])];
    for id in ids {
        for (path, body) in [
            (guests(), json!({ "id": id, "guestName": "Rivera", "partySize": 2 })),
            (tables(), json!({ "id": id, "tableNumber": "7", "capacity": 2 })),
            ("/restaurants".to_owned(), json!({ "id": id })),
        ] {
            let problem = http.post(&path, body).await.problem(422, "invalid");
            assert_eq!(problem["errors"].as_array().map(Vec::len), Some(1), "{problem}");
            assert_eq!(problem["errors"][0]["field"], "id", "{path} {id}");
        }
        let operation = json!({ "op": "create_guest", "id": id, "data": { "guestName": "Rivera", "partySize": 2 } });
        let body = json!({ "restaurant_id": RESTAURANT, "operations": [operation] });
        let problem = http.post("/transactions/atomic", body).await.problem(422, "invalid");
        assert_eq!((&problem["errors"][0]["field"], &problem["operation"]), (&json!("id"), &json!(0)));
    }
    assert_eq!(http.get(&format!("/restaurants/{RESTAURANT}/floor")).await.ok()["seq"], 0);
}
