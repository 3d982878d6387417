//! `GET /restaurants/{id}/guests`: filters and pages.

use serde_json::{Value, json};

use super::ids;
use crate::common::{Http, TestServer, guest, guests};

/// Creates `count` guests by one transaction, so that they have their `createdAt` in common.
async fn add_guests_at_once(http: &mut Http, prefix: &str, count: usize) {
    let operations: Vec<Value> = (0..count)
        .map(|index| {
            let data = json!({ "guestName": "Rivera", "partySize": 2 });
            json!({ "op": "create_guest", "id": format!("{prefix}-{index:03}"), "data": data })
        })
        .collect();
    let body = json!({ "restaurant_id": crate::common::RESTAURANT, "operations": operations });
    http.post("/transactions/atomic", body).await.ok();
}

/// All ids, page by page, and how many came on each.
async fn read_pages(http: &mut Http, query: &str) -> (Vec<String>, Vec<usize>) {
    let (mut all, mut sizes) = (Vec::new(), Vec::new());
    let mut after = String::new();
    loop {
        let page = http.get(&format!("{}?{query}{after}", guests())).await.ok();
        let ids = ids(&page["guests"]);
        sizes.push(ids.len());
        all.extend(ids.into_iter().map(str::to_owned));
        match &page["next"] {
            Value::Null => return (all, sizes),
            next => {
                let next = next.as_str().expect("a text");
                let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
                after = format!("&after={next}");
            }
        }
    }
}

#[tokio::test]
async fn the_list_is_newest_first_with_the_head_and_null_at_its_end() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let empty = http.get(&guests()).await;
    assert_eq!(empty.header("etag"), None);
    assert_eq!(empty.ok(), json!({ "success": true, "guests": [], "next": null, "seq": 0 }));
    let mut rows = Vec::new();
    for id in ["a", "b", "c"] {
        rows.insert(0, http.add_guest(id, 2).await);
    }
    let list = http.get(&guests()).await.ok();
    assert_eq!(list, json!({ "success": true, "guests": rows, "next": null, "seq": 3 }));
}

#[tokio::test]
async fn pages_lose_and_repeat_no_one_even_among_guests_of_one_moment() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    add_guests_at_once(&mut http, "early", 110).await;
    add_guests_at_once(&mut http, "late", 15).await;
    let mut expected: Vec<String> = (0..15).map(|index| format!("late-{index:03}")).collect();
    expected.reverse();
    expected.extend((0..110).rev().map(|index| format!("early-{index:03}")));

    assert_eq!(read_pages(&mut http, "").await, (expected.clone(), vec![100, 25]), "100 a page unless asked otherwise");
    assert_eq!(read_pages(&mut http, "limit=7").await.0, expected);
    assert_eq!(read_pages(&mut http, "limit=25").await, (expected.clone(), vec![25; 5]), "no empty page at the end");
    assert_eq!(read_pages(&mut http, "limit=500").await, (expected.clone(), vec![125]));
    assert_eq!(read_pages(&mut http, "limit=10&status=waiting&status=finished").await.0, expected);
}

#[tokio::test]
async fn pages_hold_still_while_guests_come_and_go() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    add_guests_at_once(&mut http, "g", 20).await;
    let first = http.get(&format!("{}?limit=10", guests())).await.ok();
    http.add_guest("newcomer", 2).await;
    http.delete(&guest("g-010")).await.ok();
    let next: String = form_urlencoded::byte_serialize(first["next"].as_str().expect("a text").as_bytes()).collect();
    let second = http.get(&format!("{}?limit=10&after={next}", guests())).await.ok();
    let rest: Vec<String> = (0..10).rev().map(|index| format!("g-{index:03}")).collect();
    assert_eq!(ids(&second["guests"]), rest, "what followed the last one of the first page, though that one is gone");
}

#[tokio::test]
async fn the_list_is_narrowed_to_any_number_of_statuses_in_any_spelling() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for status in ["waiting", "no_show", "running_late", "cancelled"] {
        let body = json!({ "id": status, "guestName": "Rivera", "partySize": 2, "status": status });
        http.post(&guests(), body).await.ok();
    }
    for (query, expected) in [
        ("status=waiting", vec!["waiting"]),
        ("status=Waitlist", vec!["waiting"]),
        ("status=No%20Show", vec!["no_show"]),
        ("status=noShow&status=Canceled", vec!["cancelled", "no_show"]),
        ("status=waiting&status=WAITING&status=Running+Late", vec!["running_late", "waiting"]),
        ("status=seated", vec![]),
        ("", vec!["cancelled", "running_late", "no_show", "waiting"]),
    ] {
        let list = http.get(&format!("{}?{query}", guests())).await.ok();
        assert_eq!(ids(&list["guests"]), expected, "{query}");
    }
}

#[tokio::test]
async fn a_query_that_means_nothing_is_told_so_by_the_name_of_its_parameter() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for (query, field) in [
        ("status=hungry", "status"),
        ("status=", "status"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("after=yesterday", "after"),
    ] {
        let problem = http.get(&format!("{}?{query}", guests())).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], field, "{query}");
    }
}
