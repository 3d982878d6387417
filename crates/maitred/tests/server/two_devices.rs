//! What the server is for: what one device does, the others hear.

use crate::common::{TestServer, guest, guests};
use serde_json::json;

#[tokio::test]
async fn a_change_by_one_device_is_heard_by_another() {
    let server = TestServer::start().await;
    let (mut a, mut b) = (server.http().await, server.device().await);
    a.post(&guests(), json!({ "id": "g", "guestName": "Rivera", "partySize": 4 })).await.ok();
    let created = b.expect("guest_created").await;
    assert_eq!((&created["guest_id"], &created["seq"]), (&json!("g"), &json!(1)));
    a.put(&guest("g"), json!({ "status": "arrived" })).await.ok();
    let updated = b.expect("guest_updated").await;
    assert_eq!((&updated["action"], &updated["data"]["status"]), (&json!("status_change"), &json!("arrived")));
}
