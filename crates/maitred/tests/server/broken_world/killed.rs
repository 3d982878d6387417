//! A server that is killed over and over under writers that send again what was not answered.

use std::{collections::BTreeMap, net::SocketAddr};

use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use super::{guests, log, text};
use crate::{
    common::{Http, PATIENCE},
    program::{Serving, folder, try_to_add_guest},
};

/// How often the server is killed.
const KILLS: usize = 20;

/// Those who write at once.
const WRITERS: usize = 8;

/// Where the server is just then.
#[derive(Clone, Copy, PartialEq)]
struct Served {
    address: SocketAddr,
    /// Nobody kills it any more.
    to_the_end: bool,
}

/// Adds parties whose ids the server is to mint, one after another, and sends each again until it is answered.
async fn add_guests(
    writer: usize,
    mut served: watch::Receiver<Served>,
    answers: mpsc::UnboundedSender<(String, Value)>,
) {
    for number in 0.. {
        if served.borrow().to_the_end {
            return;
        }
        let name = format!("Party {writer}-{number}");
        let answer = loop {
            let current = *served.borrow_and_update();
            let key = format!("idempotency-key: {}\r\n", name.replace(' ', "-"));
            let body = json!({ "guestName": name, "partySize": 2 });
            match try_to_add_guest(current.address, &key, &body).await {
                Some((201, answer)) => break answer,
                Some((503, _)) => {}
                Some(other) => panic!("{name}: {other:?}"),
                // Killed. The next server has another port.
                None if *served.borrow() == current => served.changed().await.expect("a next server"),
                None => {}
            }
        };
        answers.send((name, answer)).expect("a test that listens");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_send_again_what_was_not_answered_add_each_guest_once_through_twenty_kills() {
    let (folder, _) = folder();
    let mut serving = Serving::start(folder.path(), "127.0.0.1:0").await;
    let (announce, served) = watch::channel(Served { address: serving.address, to_the_end: false });
    let (sender, mut answers) = mpsc::unbounded_channel();
    let writers: Vec<_> =
        (0..WRITERS).map(|writer| tokio::spawn(add_guests(writer, served.clone(), sender.clone()))).collect();
    drop(sender);
    let mut answered = BTreeMap::new();
    for kill in 0..KILLS {
        // Each time after another number of answers, so that it strikes at different moments.
        for _ in 0..20 + kill {
            let (name, answer) = timeout(PATIENCE, answers.recv()).await.expect("in time").expect("an answer");
            assert!(answered.insert(name, answer).is_none());
        }
        serving.program.signal("KILL");
        serving.program.ended().await;
        serving = Serving::start(folder.path(), "127.0.0.1:0").await;
        announce.send_replace(Served { address: serving.address, to_the_end: kill + 1 == KILLS });
    }
    while let Some((name, answer)) = timeout(PATIENCE, answers.recv()).await.expect("writers that end") {
        assert!(answered.insert(name, answer).is_none());
    }
    for writer in writers {
        writer.await.expect("a writer without a complaint");
    }

    let mut http = Http::connect(serving.address).await;
    let log = log(&mut http).await;
    let names: Vec<_> = log.iter().map(|change| text(&change["data"]["guestName"])).collect();
    let told: BTreeMap<_, _> = names.iter().zip(&log).collect();
    assert_eq!(told.len(), log.len(), "nobody came twice");
    assert_eq!(log.len(), answered.len(), "nobody was lost, and nobody came who was not answered for");
    for (name, answer) in &answered {
        let change = told.get(name).unwrap_or_else(|| panic!("{name} was answered and is not in the log"));
        assert_eq!((&change["data"], &change["seq"]), (&answer["guest"], &answer["seq"]), "{name}");
    }
    let mut ids: Vec<_> = log.iter().map(|change| text(&change["guest_id"])).collect();
    ids.sort();
    assert_eq!(guests(&mut http).await, ids);
}
