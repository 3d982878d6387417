//! Sockets whose device may not listen any more: revoked, expired, its key gone.

use std::fs;

use maitred::access::Role;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::{SECRET, ask, devices, guarded_server, join, keys, paired, token, token_by};
use crate::{
    common::{Device, Http, PATIENCE, RESTAURANT, guests},
    program::{Program, Serving, folder},
};

const RIVERA: &str = r#"{ "guestName": "Rivera", "partySize": 2 }"#;

#[tokio::test]
async fn a_revoked_device_is_sent_away_at_once_and_the_others_stay() {
    let server = guarded_server().await;
    let (mut http, manager) = (server.http().await, token(Role::Manager, &[RESTAURANT], 600));
    let (row, revoked) = paired(&mut http, &manager, Role::Display).await;
    let (_, other) = paired(&mut http, &manager, Role::Display).await;
    let (mut first, mut second) =
        (join(&server, Some(&revoked), json!({})).await, join(&server, Some(&other), json!({})).await);
    let mut third = Device::connect_as(server.address, &format!("?restaurant_id={RESTAURANT}"), Some(&revoked)).await;
    for device in [&mut first, &mut second, &mut third] {
        device.expect("restaurant_connect").await;
    }
    let path = format!("{}/{}", devices(), row["id"].as_str().expect("an id"));
    let begun = Instant::now();
    ask(&mut http, Some(&manager), "DELETE", &path, &json!(null)).await.ok();
    for device in [&mut first, &mut third] {
        assert_eq!(device.expect_bye("not_allowed").await, 1008);
    }
    println!("revoked and told after {:?}", begun.elapsed());
    let rivera = serde_json::from_str(RIVERA).expect("JSON");
    ask(&mut http, Some(&manager), "POST", &guests(), &rivera).await.ok();
    second.expect("guest_created").await;
    let mut late = join(&server, Some(&revoked), json!({})).await;
    assert_eq!(late.expect("error").await["code"], "unauthorized");
    assert_eq!(late.expect_bye("not_allowed").await, 1008);
}

#[tokio::test]
async fn a_device_is_told_before_its_token_expires_and_stays_with_another() {
    let server = guarded_server().await;
    let short = token(Role::Display, &[RESTAURANT], 3);
    let (mut stays, mut goes) =
        (join(&server, Some(&short), json!({})).await, join(&server, Some(&short), json!({})).await);
    for device in [&mut stays, &mut goes] {
        device.expect("restaurant_connect").await;
        // Less than a minute is left: it is told at once.
        let warning = device.expect("token_expiring").await;
        assert!(warning["expires_at"].as_str() > warning["timestamp"].as_str(), "{warning}");
    }
    let long = token(Role::Display, &[RESTAURANT], 600);
    stays.say(json!({ "type": "restaurant_connect", "restaurant_id": RESTAURANT, "token": long })).await;
    stays.expect("restaurant_connect").await;
    assert_eq!(goes.expect_bye("not_allowed").await, 1008);
    stays.expect_silence().await;
}

#[tokio::test]
async fn those_whom_no_key_vouches_for_any_more_are_sent_away() {
    let server = guarded_server().await;
    let new: &[u8] = b"a-new-broom-sweeps-clean-they-always-say";
    let old_token = token(Role::Display, &[RESTAURANT], 600);
    let new_token = token_by(new, Role::Display, &[RESTAURANT], 600);
    let manager = token(Role::Manager, &[RESTAURANT], 600);
    let (_, paired_token) = paired(&mut server.http().await, &manager, Role::Display).await;
    let mut old = join(&server, Some(&old_token), json!({})).await;
    let mut paired = join(&server, Some(&paired_token), json!({})).await;
    old.expect("restaurant_connect").await;
    paired.expect("restaurant_connect").await;
    // Both count while clients change over.
    server.access.replace_keys(keys(&[SECRET, new]));
    old.expect_silence().await;
    let mut fresh = join(&server, Some(&new_token), json!({})).await;
    fresh.expect("restaurant_connect").await;
    server.access.replace_keys(keys(&[new]));
    assert_eq!(old.expect_bye("not_allowed").await, 1008);
    fresh.expect_silence().await;
    paired.expect_silence().await;
}

#[tokio::test]
async fn on_sighup_the_keys_are_read_again_and_a_broken_file_changes_nothing() {
    let (folder, _) = folder();
    let file = folder.path().join("maitred.secret");
    fs::write(&file, SECRET).expect("a secret");
    let arguments =
        ["serve", "--listen", "127.0.0.1:0", "--restaurant", RESTAURANT, "--token-secret-file", "maitred.secret"];
    let mut serving = Serving::listening(Program::maitred(folder.path(), &arguments)).await;
    let url = format!("?restaurant_id={RESTAURANT}");
    let token = token(Role::Display, &[RESTAURANT], 600);
    let mut device = Device::connect_as(serving.address, &url, Some(&token)).await;
    device.expect("restaurant_connect").await;
    fs::write(&file, "oops").expect("a broken file");
    serving.program.signal("HUP");
    serving.program.complaint("those from before stay").await;
    device.expect_silence().await;
    fs::write(&file, [b'n'; 40]).expect("another secret");
    serving.program.signal("HUP");
    assert_eq!(device.expect_bye("not_allowed").await, 1008);
    let mut http = Http::connect(serving.address).await;
    let gone = async { while ask(&mut http, Some(&token), "GET", &guests(), &json!(null)).await.status != 401 {} };
    timeout(PATIENCE, gone).await.expect("a token that does not count any more");
}
