//! Every route and everything that is done on a socket, with every kind of token.

use std::collections::BTreeSet;

use floor::{Command, Purpose, RestaurantPatch};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use maitred::{
    access::Role,
    dispatch::{Caller, dispatch, now},
};
use serde_json::{Map, Value, json};

use super::{SECRET, ask, devices, guarded_server, join, paired, pairing_codes, token, token_by};
use crate::common::{Device, Http, RESTAURANT, TestServer};

/// A restaurant that is opened and closed on the way.
const SECOND: &str = "second-house";

/// What a route takes.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    /// Nothing: anybody may ask.
    Nothing,
    /// Any token that counts; what is seen depends on it.
    AnyToken,
    /// A token for all restaurants.
    AllRestaurants,
    /// A token for the restaurant, with at least this role.
    Role(Role),
}

/// A route: method, path as the description names it, what it takes, the answer to those who may.
const ROUTES: &[(&str, &str, Takes, u16)] = &[
    ("GET", "/restaurants", Takes::AnyToken, 200),
    ("POST", "/restaurants", Takes::Role(Role::Owner), 201),
    ("GET", "/restaurants/{restaurant_id}", Takes::Role(Role::Display), 200),
    ("PATCH", "/restaurants/{restaurant_id}", Takes::Role(Role::Manager), 200),
    ("DELETE", "/restaurants/{restaurant_id}", Takes::Role(Role::Owner), 200),
    ("GET", "/restaurants/{restaurant_id}/floor", Takes::Role(Role::Display), 200),
    ("GET", "/restaurants/{restaurant_id}/changes", Takes::Role(Role::Display), 200),
    ("GET", "/restaurants/{restaurant_id}/audit", Takes::Role(Role::Manager), 200),
    ("GET", "/restaurants/{restaurant_id}/guests", Takes::Role(Role::Display), 200),
    ("POST", "/restaurants/{restaurant_id}/guests", Takes::Role(Role::Host), 201),
    ("GET", "/restaurants/{restaurant_id}/guests/{guest_id}", Takes::Role(Role::Display), 200),
    ("PUT", "/restaurants/{restaurant_id}/guests/{guest_id}", Takes::Role(Role::Host), 200),
    ("PATCH", "/restaurants/{restaurant_id}/guests/{guest_id}", Takes::Role(Role::Host), 200),
    ("DELETE", "/restaurants/{restaurant_id}/guests/{guest_id}", Takes::Role(Role::Host), 200),
    ("GET", "/restaurants/{restaurant_id}/tables", Takes::Role(Role::Display), 200),
    ("POST", "/restaurants/{restaurant_id}/tables", Takes::Role(Role::Host), 201),
    ("GET", "/restaurants/{restaurant_id}/tables/{table_id}", Takes::Role(Role::Display), 200),
    ("PUT", "/restaurants/{restaurant_id}/tables/{table_id}", Takes::Role(Role::Host), 200),
    ("PATCH", "/restaurants/{restaurant_id}/tables/{table_id}", Takes::Role(Role::Host), 200),
    ("DELETE", "/restaurants/{restaurant_id}/tables/{table_id}", Takes::Role(Role::Host), 200),
    ("POST", "/transactions/atomic", Takes::Role(Role::Host), 200),
    ("POST", "/restaurants/{restaurant_id}/pairing_codes", Takes::Role(Role::Manager), 201),
    ("GET", "/restaurants/{restaurant_id}/devices", Takes::Role(Role::Manager), 200),
    // The code is what lets in; a wrong one is sent here.
    ("POST", "/restaurants/{restaurant_id}/devices", Takes::Nothing, 403),
    ("PATCH", "/restaurants/{restaurant_id}/devices/{device_id}", Takes::Role(Role::Manager), 200),
    ("DELETE", "/restaurants/{restaurant_id}/devices/{device_id}", Takes::Role(Role::Manager), 200),
    // Without a WebSocket's headers; what happens on sockets is below.
    ("GET", "/realtime", Takes::Nothing, 426),
    ("GET", "/", Takes::Nothing, 200),
    ("GET", "/web/{version}/{path}", Takes::Nothing, 200),
    ("GET", "/healthz", Takes::Nothing, 200),
    ("GET", "/readyz", Takes::Nothing, 200),
    ("GET", "/metrics", Takes::AllRestaurants, 200),
    ("GET", "/openapi.json", Takes::Nothing, 200),
    ("GET", "/asyncapi.json", Takes::Nothing, 200),
    ("GET", "/docs", Takes::Nothing, 200),
    ("GET", "/docs/style.css", Takes::Nothing, 200),
];

/// Someone who asks.
struct Column {
    name: &'static str,
    token: Option<String>,
    /// What they are, and in which restaurants; none for those whose token does not count.
    who: Option<(Role, &'static [&'static str])>,
}

const HERE: &[&str] = &[RESTAURANT, SECOND];
const ELSEWHERE: &[&str] = &["elsewhere"];
const EVERYWHERE: &[&str] = &["*"];

async fn columns(http: &mut Http) -> Vec<Column> {
    let claims = || {
        let exp = now().as_microseconds() / 1_000_000 + 600;
        json!({ "sub": "x", "restaurants": "*", "role": "owner", "exp": exp })
    };
    let signed = |algorithm| encode(&Header::new(algorithm), &claims(), &EncodingKey::from_secret(SECRET));
    let owner = token(Role::Owner, EVERYWHERE, 600);
    let (_, device) = paired(http, &owner, Role::Host).await;
    let (revoked_row, revoked) = paired(http, &owner, Role::Manager).await;
    let path = format!("{}/{}", devices(), revoked_row["id"].as_str().expect("an id"));
    ask(http, Some(&owner), "DELETE", &path, &json!(null)).await.ok();
    let role = |role| Column { name: "a role", token: Some(token(role, HERE, 600)), who: Some((role, HERE)) };
    let refused = |name, token: String| Column { name, token: Some(token), who: None };
    vec![
        Column { name: "no token", token: None, who: None },
        refused("no JWT", "let-me-in".to_owned()),
        refused("expired", token(Role::Owner, EVERYWHERE, -1)),
        refused("revoked", revoked),
        refused("a device that never was", format!("mtd_{}", "0".repeat(64))),
        refused("another key", token_by(&[b'x'; 32], Role::Owner, EVERYWHERE, 600)),
        refused("another algorithm", signed(Algorithm::HS512).expect("a token")),
        refused("no algorithm", unsigned(&claims())),
        Column {
            name: "wrong restaurant",
            token: Some(token(Role::Owner, ELSEWHERE, 600)),
            who: Some((Role::Owner, ELSEWHERE)),
        },
        role(Role::Display),
        role(Role::Host),
        role(Role::Manager),
        role(Role::Owner),
        Column {
            name: "an owner of all",
            token: Some(token(Role::Owner, EVERYWHERE, 600)),
            who: Some((Role::Owner, EVERYWHERE)),
        },
        Column {
            name: "a display of all",
            token: Some(token(Role::Display, EVERYWHERE, 600)),
            who: Some((Role::Display, EVERYWHERE)),
        },
        Column { name: "a paired host stand", token: Some(device), who: Some((Role::Host, &[RESTAURANT])) },
    ]
}

/// A token with the algorithm `none`, which says that it needs no signature.
fn unsigned(claims: &Value) -> String {
    let signed = encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(SECRET)).expect("a token");
    let payload = signed.split('.').nth(1).expect("a payload");
    // {"typ":"JWT","alg":"none"}
    format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.{payload}.")
}

/// What someone is answered: the status and, for those who are turned away, the code.
fn expected(takes: Takes, ok: u16, column: &Column, restaurant: &str) -> (u16, Option<&'static str>) {
    let (unauthorized, forbidden) = ((401, Some("unauthorized")), (403, Some("forbidden")));
    let is_in = |restaurants: &[&str]| restaurants.contains(&"*") || restaurants.contains(&restaurant);
    match (takes, column.who) {
        (Takes::Nothing, _) => (ok, None),
        (_, None) => unauthorized,
        (Takes::AnyToken, Some(_)) => (ok, None),
        (Takes::AllRestaurants, Some((_, restaurants))) if restaurants == EVERYWHERE => (ok, None),
        (Takes::Role(least), Some((role, restaurants))) if role >= least && is_in(restaurants) => (ok, None),
        _ => forbidden,
    }
}

/// A request that would be carried out if it were allowed, with rows of its own.
async fn request(server: &TestServer, route: (&str, &str), fresh: usize) -> (String, String, Value) {
    let (method, path) = route;
    let owner = token(Role::Owner, EVERYWHERE, 600);
    let mut http = server.http().await;
    let (guest, table) = (format!("g{fresh}"), format!("t{fresh}"));
    let new_guest = json!({ "id": guest, "guestName": "Rivera", "partySize": 2 });
    let new_table = json!({ "id": table, "tableNumber": table, "capacity": 2 });
    let mut restaurant = RESTAURANT;
    if method == "DELETE" && path == "/restaurants/{restaurant_id}" {
        restaurant = SECOND;
        let patch = RestaurantPatch::read(&SECOND.parse().expect("an id"), &Map::new(), Purpose::Create);
        // It may be there, where the one before was not allowed to close it.
        _ = dispatch(&server.store, SECOND, Command::CreateRestaurant(patch), Caller::of_the_house()).await;
    }
    if method == "POST" && path == "/restaurants" {
        _ = ask(&mut http, Some(&owner), "DELETE", &format!("/restaurants/{SECOND}"), &json!(null)).await;
    }
    if path.contains("{guest_id}") {
        ask(&mut http, Some(&owner), "POST", &format!("/restaurants/{RESTAURANT}/guests"), &new_guest).await.ok();
    }
    if path.contains("{table_id}") {
        ask(&mut http, Some(&owner), "POST", &format!("/restaurants/{RESTAURANT}/tables"), &new_table).await.ok();
    }
    let mut device = String::new();
    if path.contains("{device_id}") {
        device = paired(&mut http, &owner, Role::Display).await.0["id"].as_str().expect("an id").to_owned();
    }
    let body = match (method, path) {
        ("POST", "/restaurants") => json!({ "id": SECOND }),
        ("PATCH", "/restaurants/{restaurant_id}") => json!({ "name": format!("Name {fresh}") }),
        ("POST", path) if path.ends_with("/guests") => new_guest,
        ("POST", path) if path.ends_with("/tables") => new_table,
        ("PUT" | "PATCH", path) if path.ends_with("{device_id}") => json!({ "name": format!("Device {fresh}") }),
        ("PUT" | "PATCH", _) => json!({ "notes": format!("note {fresh}") }),
        ("POST", "/transactions/atomic") => {
            json!({ "restaurant_id": RESTAURANT, "operations": [{ "op": "create_guest", "data": new_guest }] })
        }
        ("POST", path) if path.ends_with("/pairing_codes") => json!({ "role": "display" }),
        ("POST", path) if path.ends_with("/devices") => json!({ "code": "wrong" }),
        _ => json!(null),
    };
    let filled = path
        .replace("{restaurant_id}", restaurant)
        .replace("{guest_id}", &guest)
        .replace("{table_id}", &table)
        .replace("{device_id}", &device)
        .replace("{version}", "any")
        .replace("{path}", "service-worker.js");
    (restaurant.to_owned(), filled, body)
}

#[tokio::test]
async fn every_route_answers_everyone_as_the_table_of_roles_says() {
    let server = guarded_server_with_many_codes().await;
    let mut http = server.http().await;
    let columns = columns(&mut http).await;
    let described = http.get("/openapi.json").await.json();
    let routes: BTreeSet<_> =
        ROUTES.iter().map(|(method, path, ..)| (method.to_lowercase(), (*path).to_owned())).collect();
    let registered = described["paths"].as_object().expect("paths").iter().flat_map(|(path, methods)| {
        methods.as_object().expect("methods").keys().map(move |method| (method.clone(), path.clone()))
    });
    assert_eq!(routes, registered.collect(), "each route has a row here");
    let mut fresh = 0;
    for (method, path, takes, ok) in ROUTES {
        for column in &columns {
            fresh += 1;
            let (restaurant, filled, body) = request(&server, (method, path), fresh).await;
            let restaurant = if *path == "/restaurants" { SECOND } else { &restaurant };
            let answer = ask(&mut http, column.token.as_deref(), method, &filled, &body).await;
            let (status, code) = expected(*takes, *ok, column, restaurant);
            let what = format!("{method} {path} by {} {:?}: {}", column.name, column.who, answer.text);
            assert_eq!(answer.status.as_u16(), status, "{what}");
            let Some(code) = code else { continue };
            assert_eq!(answer.json()["code"], code, "{what}");
            assert_eq!(answer.header("www-authenticate").is_some(), status == 401, "{what}");
            // Nothing tells what exists from what does not, to those who are let into neither.
            if column.who.is_some_and(|(_, restaurants)| restaurants.contains(&RESTAURANT)) {
                continue;
            }
            let elsewhere = filled.replace(&format!("/{restaurant}"), "/no-such-house");
            let nothing = body.to_string().replace(restaurant, "no-such-house");
            let nothing = serde_json::from_str(&nothing).expect("JSON");
            let other = ask(&mut http, column.token.as_deref(), method, &elsewhere, &nothing).await;
            assert_eq!((other.status, other.text), (answer.status, answer.text), "{what}");
        }
    }
}

/// Where as many devices can be paired at once as a matrix takes.
async fn guarded_server_with_many_codes() -> TestServer {
    super::guarded_server_with(|config| config.limits.pairing_tries = 10_000).await
}

/// What is done on a socket.
#[derive(Debug, Clone, Copy)]
enum OnSocket {
    JoinByUrl,
    JoinByMessage,
    Resume,
    Renew,
}

#[tokio::test]
async fn every_operation_on_a_socket_answers_everyone_as_the_table_of_roles_says() {
    let server = guarded_server().await;
    let mut http = server.http().await;
    let columns = columns(&mut http).await;
    let owner = token(Role::Owner, EVERYWHERE, 600);
    for operation in [OnSocket::JoinByUrl, OnSocket::JoinByMessage, OnSocket::Resume, OnSocket::Renew] {
        for column in &columns {
            let token = column.token.as_deref();
            let mut device = match operation {
                OnSocket::JoinByUrl => {
                    Device::connect_as(server.address, &format!("?restaurant_id={RESTAURANT}"), token).await
                }
                OnSocket::JoinByMessage => join(&server, token, json!({})).await,
                OnSocket::Resume => join(&server, token, json!({ "since": 0 })).await,
                OnSocket::Renew => {
                    let mut device = join(&server, Some(&owner), json!({})).await;
                    device.expect("restaurant_connect").await;
                    let renew = json!({ "type": "restaurant_connect", "restaurant_id": RESTAURANT, "token": token });
                    device.say(renew).await;
                    device
                }
            };
            let (status, code) = expected(Takes::Role(Role::Display), 101, column, RESTAURANT);
            let what = format!("{operation:?} by {} {:?}", column.name, column.who);
            match (operation, status) {
                (_, 101) => _ = device.expect("restaurant_connect").await,
                // Without a token, nothing is to be renewed.
                (OnSocket::Renew, _) if token.is_none() => _ = device.expect("restaurant_connect").await,
                // It may go on with what it had.
                (OnSocket::Renew, _) => {
                    assert_eq!(device.expect("error").await["code"], code.expect("a code"), "{what}");
                    device.expect("restaurant_connect").await;
                    device.expect_silence().await;
                }
                (_, _) => {
                    assert_eq!(device.expect("error").await["code"], code.expect("a code"), "{what}");
                    assert_eq!(device.expect_bye("not_allowed").await, 1008, "{what}");
                }
            }
        }
    }
    // Before it has joined, nobody needs to be known for a ping; and nothing is heard.
    let mut stranger = Device::connect(server.address, "").await;
    stranger.say(json!({ "type": "ping" })).await;
    assert_eq!(stranger.expect("pong").await["seq"], Value::Null);
    ask(&mut http, Some(&owner), "POST", &pairing_codes(), &json!({})).await.ok();
}
