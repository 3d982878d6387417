//! The walk that the iOS client takes, in its own words: the predecessor's spelling, a bare URL, partial bodies.

use serde_json::{Value, json};

use crate::common::{Device, Http, TestServer};

const IDENTIFICATION: &str = r#"{"type": "restaurant_connect", "restaurant_id": "test-restaurant", "platform": "iOS"}"#;

/// An iPad that has connected to the bare `/realtime` and identified itself.
async fn ipad(server: &TestServer) -> Device {
    let mut device = Device::connect(server.address, "").await;
    device.say_text(IDENTIFICATION).await;
    let ack = device.expect("restaurant_connect").await;
    assert_eq!((&ack["restaurant_id"], &ack["platform"]), (&json!("test-restaurant"), &json!("iOS")));
    device
}

/// What it does every 30 s.
async fn keep_alive(device: &mut Device) {
    device.say_text(r#"{"type": "ping"}"#).await;
    assert!(device.expect("pong").await["timestamp"].is_string());
}

async fn server_with_a_floor() -> (TestServer, Http) {
    let server =
        TestServer::start_with(|config| config.restaurants.push("test-restaurant".parse().expect("an id"))).await;
    let mut http = server.http().await;
    for (id, number) in [("table-456", 4), ("table-789", 7)] {
        let body = json!({ "id": id, "number": number, "capacity": 4 });
        http.post("/restaurants/test-restaurant/tables", body).await.ok();
    }
    let body = json!({ "id": "guest-123", "name": "Rivera", "party_size": 4, "status": "Waitlist" });
    http.post("/restaurants/test-restaurant/guests", body).await.ok();
    (server, http)
}

#[tokio::test]
async fn a_second_ipad_sees_all_that_the_first_one_does() {
    let (server, mut http) = server_with_a_floor().await;
    let (mut first, mut second) = (ipad(&server).await, ipad(&server).await);
    keep_alive(&mut first).await;
    keep_alive(&mut second).await;

    // The host seats a party that waited.
    let body = json!({ "status": "Seated", "assignedTableId": "table-456" });
    let answer = http.put("/restaurants/test-restaurant/guests/guest-123", body).await.ok();
    assert_eq!(answer["guest"]["status"], "seated");
    for device in [&mut first, &mut second] {
        let heard = device.expect("guest_updated").await;
        assert_eq!((&heard["guest_id"], &heard["action"]), (&json!("guest-123"), &json!("status_change")));
        assert_eq!(heard["data"], answer["guest"]);
        assert_eq!((&heard["data"]["status"], &heard["data"]["table_id"]), (&json!("seated"), &json!("table-456")));
        let heard = device.expect("table_updated").await;
        assert_eq!((&heard["table_id"], &heard["data"]["status"]), (&json!("table-456"), &json!("occupied")));
        assert_eq!(heard["data"]["guest_id"], "guest-123");
    }

    // A walk-in.
    let body = json!({ "first_name": "John", "last_name": "Doe", "party_size": 2, "phone_number": "555-0123" });
    let answer = http.post("/restaurants/test-restaurant/guests", body).await;
    assert_eq!(answer.status, 201);
    let guest = answer.ok()["guest"].take();
    for device in [&mut first, &mut second] {
        let heard = device.expect("guest_created").await;
        assert_eq!((&heard["guest_id"], &heard["data"]), (&guest["id"], &guest));
        let fields = ["guestName", "partySize", "status", "phone"].map(|field| heard["data"][field].clone());
        assert_eq!(fields, [json!("John Doe"), json!(2), json!("waiting"), json!("555-0123")]);
    }

    // A table is taken out of service.
    let body = json!({ "status": "outOfService" });
    http.patch("/restaurants/test-restaurant/tables/table-789", body).await.ok();
    for device in [&mut first, &mut second] {
        let heard = device.expect("table_updated").await;
        assert_eq!((&heard["table_id"], &heard["data"]["status"]), (&json!("table-789"), &json!("out_of_service")));
    }

    // Several things at once: the first party leaves, its table is wiped, the walk-in sits down there.
    let body = json!({ "transaction_id": "7B1C", "guests": [
        { "id": "guest-123", "operation": "update", "data": { "status": "Completed" } },
        { "id": guest["id"], "operation": "update", "data": { "tableId": "table-456", "status": "seated" } },
    ], "tables": [
        { "id": "table-456", "operation": "update", "data": { "section": "terrace" } },
    ]});
    let answer = http.post("/transactions/atomic?restaurant_id=test-restaurant", body).await.ok();
    assert_eq!(answer["results"].as_array().map(Vec::len), Some(3));
    for device in [&mut first, &mut second] {
        let heard = device.expect("atomic_transaction_complete").await;
        assert_eq!(heard["affected_entities"], json!(["guest-123", guest["id"], "table-456"]));
        let statuses = heard["changes"].as_array().expect("changes").iter().map(|change| &change["data"]["status"]);
        assert_eq!(statuses.collect::<Vec<_>>(), ["finished", "seated", "occupied"]);
    }

    // The party is taken off the list, and the iPads are as alive as ever.
    http.delete("/restaurants/test-restaurant/guests/guest-123").await.ok();
    for device in [&mut first, &mut second] {
        assert_eq!(device.expect("guest_deleted").await["guest_id"], "guest-123");
        keep_alive(device).await;
    }
}

#[tokio::test]
async fn an_ipad_may_put_a_whole_guest_back_with_one_thing_changed() {
    let (server, mut http) = server_with_a_floor().await;
    let mut device = ipad(&server).await;
    let path = "/restaurants/test-restaurant/guests/guest-123";
    let mut guest: Value = http.get(path).await.ok()["guest"].take();
    guest["status"] = json!("Running Late");
    http.put(path, guest).await.ok();
    let heard = device.expect("guest_updated").await;
    assert_eq!((&heard["action"], &heard["data"]["status"]), (&json!("status_change"), &json!("running_late")));
    assert_eq!(heard["data"]["guestName"], "Rivera");
    device.expect_silence().await;
}

#[tokio::test]
async fn an_ipad_that_slept_hears_the_next_change_after_it_identifies_itself_again() {
    let (server, mut http) = server_with_a_floor().await;
    let path = "/restaurants/test-restaurant/guests/guest-123";
    drop(ipad(&server).await);
    http.put(path, json!({ "status": "Arrived" })).await.ok();
    // It knows nothing of cursors, and is told nothing of what it slept through: it reads the floor anew.
    let mut device = ipad(&server).await;
    device.expect_silence().await;
    let floor = http.get("/restaurants/test-restaurant/guests?status=Arrived").await.ok();
    assert_eq!(floor["guests"][0]["id"], "guest-123");
    http.put(path, json!({ "status": "No Show" })).await.ok();
    assert_eq!(device.expect("guest_updated").await["data"]["status"], "no_show");
}
