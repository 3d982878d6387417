//! The bus over PostgreSQL's `NOTIFY`, where there is no other: it carries a restaurant and a number, and whoever has devices
//! there reads the messages from the log. Every process hears of every restaurant.
//!
//! Told after the commit, by a transaction of its own: one that notifies makes all others that do wait for its end, which
//! would make restaurants wait for each other's disk.

use std::{collections::HashMap, sync::Arc, time::Duration};

use floor::Id;
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, MissedTickBehavior, interval_at, sleep, timeout},
};
use tokio_postgres::{Client, Notification, types::Type};
use uuid::Uuid;

use super::{Looks, Notice};
use crate::{
    config::{BUS_BATCH, BUS_PING_INTERVAL, BUS_RECONNECT_MS, DATABASE_READ_TIMEOUT, PostgresUrl},
    hub::Hub,
    store::{StoreError, listen},
};

/// Where all processes listen.
const CHANNEL: &str = "maitred";

/// Listens and tells, and begins anew whenever the connection is lost. `again` hears of each that came about: what was told
/// in the meantime is to be looked for.
pub(super) async fn run(
    url: PostgresUrl,
    hub: Arc<Hub>,
    looks: Looks,
    mut letters: mpsc::Receiver<(Id, Notice)>,
    again: Arc<Notify>,
) {
    loop {
        let end = connected(&url, &hub, &looks, &mut letters, &again).await;
        let end = end.map_err(|error| error.of_server(&url.to_string()));
        hub.metrics.bus_up.set(0);
        match end {
            Ok(()) => return,
            Err(error) => tracing::warn!(
                %error,
                "other processes can't be heard; their changes are found by the sweep until they can be again"
            ),
        }
        sleep(Duration::from_millis(rand::random_range(BUS_RECONNECT_MS))).await;
    }
}

/// Goes on until the connection is lost, or until nobody has anything to tell any more.
async fn connected(
    url: &PostgresUrl,
    hub: &Hub,
    looks: &Looks,
    letters: &mut mpsc::Receiver<(Id, Notice)>,
    again: &Notify,
) -> Result<(), StoreError> {
    let (client, mut notifications) = listen(url).await?;
    // Only this process listens there: it calls itself, to hear whether anything comes through.
    let echo = format!("{CHANNEL}_{}", Uuid::now_v7().simple());
    // What is told here is nothing that would have to be on the disk.
    let begin = format!("SET synchronous_commit = off; LISTEN {CHANNEL}; LISTEN {echo}");
    client.batch_execute(&begin).await?;
    let me: i32 = client.query_typed_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?;
    // The first call comes from elsewhere: a pooler that hands connections on after each transaction may well bring back what
    // was said on the very connection that hears it, and nothing of what others say.
    let (other, _) = listen(url).await?;
    tell(&other, &echo, &[String::new()]).await?;
    drop(other);
    let mut calls = interval_at(Instant::now() + BUS_PING_INTERVAL, BUS_PING_INTERVAL);
    // Each answer has its time, however late the call was.
    calls.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_answered = false;
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            notification = notifications.recv() => {
                let Some(notification) = notification else {
                    return Err(StoreError::lost("the connection for notifications"));
                };
                if notification.channel() == echo {
                    is_answered = true;
                    if hub.metrics.bus_up.set(1) == 0 {
                        again.notify_one();
                    }
                } else if notification.process_id() != me {
                    hear(hub, looks, &notification);
                }
            }
            told = letters.recv_many(&mut batch, BUS_BATCH) => {
                if told == 0 {
                    return Ok(());
                }
                let payloads = payloads(&batch);
                batch.clear();
                tell(&client, CHANNEL, &payloads).await?;
                hub.metrics.bus_by("sent", payloads.len() as u64);
            }
            _ = calls.tick() => {
                if !is_answered {
                    return Err(StoreError::lost(
                        "a notification (where a pooler hands connections on after each transaction, none comes \
                         through: name the server's own address by --bus, or a NATS server)",
                    ));
                }
                is_answered = false;
                tell(&client, &echo, &[String::new()]).await?;
            }
        }
    }
}

/// The last number of each restaurant that is told of.
fn payloads(batch: &[(Id, Notice)]) -> Vec<String> {
    let mut heads: HashMap<&Id, Option<u64>> = HashMap::new();
    for (restaurant, notice) in batch {
        let head = heads.entry(restaurant).or_insert(Some(0));
        // Where there is other news among it, that is looked for whatever the number.
        *head = head.zip(notice.seq()).map(|(head, seq)| head.max(seq));
    }
    let payload = |(restaurant, seq): (&Id, Option<u64>)| match seq {
        Some(seq) => format!("{restaurant} {seq}"),
        None => restaurant.to_string(),
    };
    heads.into_iter().map(payload).collect()
}

async fn tell(client: &Client, channel: &str, payloads: &[String]) -> Result<(), StoreError> {
    let sql = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload";
    let told = async { client.execute_typed(sql, &[(&channel, Type::TEXT), (&payloads, Type::TEXT_ARRAY)]).await };
    timeout(DATABASE_READ_TIMEOUT, told).await.map_err(|_| StoreError::lost("an answer"))??;
    Ok(())
}

fn hear(hub: &Hub, looks: &Looks, notification: &Notification) {
    hub.metrics.bus("heard");
    let (restaurant, seq) = match notification.payload().split_once(' ') {
        Some((restaurant, seq)) => (restaurant, seq.parse::<u64>().ok()),
        None => (notification.payload(), None),
    };
    let Ok(restaurant) = restaurant.parse::<Id>() else { return };
    if hub.is_news(&restaurant, seq) {
        looks.at(&restaurant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_restaurant_the_last_number_is_told_and_other_news_without_one() {
        let message = |restaurant: &str, seq| {
            let restaurant: Id = restaurant.parse().expect("an id");
            (restaurant, Notice::Message { epoch: "e".to_owned(), seq, text: String::new() })
        };
        let look = |restaurant: &str| (restaurant.parse().expect("an id"), Notice::Look);
        let batch = [message("a", 2), message("b", 7), message("a", 3), look("c"), message("c", 9), message("b", 6)];
        let mut told = payloads(&batch);
        told.sort();
        assert_eq!(told, ["a 3", "b 7", "c"]);
    }
}
