//! Who may come in: tokens, roles, restaurants and paired devices, over HTTP and on sockets.

mod matrix;
mod pairing;
mod sockets;
mod tokens;

use std::{fs, sync::Arc};

use maitred::{
    access::{Claims, Keys, Restaurants, Role, SigningKey, mint},
    config::{Config, KeyFiles},
    dispatch::now,
};
use serde_json::{Value, json};

use crate::common::{Answer, Device, Http, RESTAURANT, TestServer};

pub(crate) const SECRET: &[u8] = b"an-apple-a-day-keeps-the-doctor-away";

/// Keys out of files.
fn keys(secrets: &[&[u8]]) -> Arc<Keys> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut files = KeyFiles::default();
    for (index, secret) in secrets.iter().enumerate() {
        let path = folder.path().join(format!("{index}.secret"));
        fs::write(&path, secret).expect("a file");
        files.secrets.push(path);
    }
    Arc::new(Keys::read(&files).expect("keys"))
}

/// A server that tokens let into, signed with [`SECRET`].
pub(crate) async fn guarded_server() -> TestServer {
    guarded_server_with(|_| {}).await
}

async fn guarded_server_with(change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::start_with(|config| {
        config.keys = keys(&[SECRET]);
        change(config);
    })
    .await
}

/// A token, good for so many seconds from now.
pub(crate) fn token(role: Role, restaurants: &[&str], seconds: i64) -> String {
    token_by(SECRET, role, restaurants, seconds)
}

fn token_by(secret: &[u8], role: Role, restaurants: &[&str], seconds: i64) -> String {
    let restaurants = Restaurants::Several(restaurants.iter().map(|id| (*id).to_owned()).collect());
    let exp = (now().as_microseconds() / 1_000_000 + seconds).unsigned_abs();
    let claims = Claims { sub: format!("a {role}"), restaurants, role, exp };
    mint(&claims, &SigningKey::Secret(secret.to_owned())).expect("a token")
}

pub(crate) async fn ask(http: &mut Http, token: Option<&str>, method: &str, path: &str, body: &Value) -> Answer {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    http.send(method, path, &headers, body.to_string()).await
}

/// Lets a device in; its row and its token.
async fn paired(http: &mut Http, manager: &str, role: Role) -> (Value, String) {
    let offer = json!({ "role": role, "name": "Host stand" });
    let code = ask(http, Some(manager), "POST", &pairing_codes(), &offer).await.ok();
    let trade = json!({ "code": code["pairing_code"]["code"] });
    let mut paired = ask(http, None, "POST", &devices(), &trade).await.ok();
    let token = paired["token"].as_str().expect("a token").to_owned();
    (paired["device"].take(), token)
}

fn pairing_codes() -> String {
    format!("/restaurants/{RESTAURANT}/pairing_codes")
}

fn devices() -> String {
    format!("/restaurants/{RESTAURANT}/devices")
}

/// Says on a bare socket what a device says that has a token.
pub(crate) async fn join(server: &TestServer, token: Option<&str>, more: Value) -> Device {
    let mut device = Device::connect(server.address, "").await;
    let mut message = json!({ "type": "restaurant_connect", "restaurant_id": RESTAURANT, "token": token });
    let (Value::Object(message_), Value::Object(more)) = (&mut message, more) else { panic!("objects") };
    message_.extend(more);
    device.say(message).await;
    device
}
