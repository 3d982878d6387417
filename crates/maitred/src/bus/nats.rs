//! The bus over NATS: a subject a restaurant. A process listens to those that it has devices of.

use std::{sync::Arc, time::Duration};

use async_nats::{Client, ConnectOptions, Event, ServerAddr, Subject, connection::State};
use floor::Id;
use futures_util::StreamExt;
use tokio::{
    sync::{Notify, SetOnce, mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use super::{Looks, Notice};
use crate::{
    config::{BUS_ATTEND_TIMEOUT, BUS_BACKLOG, BUS_PING_INTERVAL, BUS_RECONNECT_MS, NatsUrl},
    hub::Hub,
};

#[derive(Clone)]
pub(super) struct Nats {
    client: Arc<SetOnce<Client>>,
    /// What all subjects of this database begin with: no other database's processes speak of them.
    prefix: Arc<str>,
    hub: Arc<Hub>,
    looks: Looks,
}

impl Nats {
    /// Connects in its own time, and passes on what is in `letters`. `again` hears of each connection that came about: what
    /// was told in the meantime is to be looked for.
    pub(super) fn open(
        url: &NatsUrl,
        database: &str,
        hub: Arc<Hub>,
        looks: Looks,
        letters: mpsc::Receiver<(Id, Notice)>,
        again: Arc<Notify>,
    ) -> (Self, JoinHandle<()>) {
        let servers = url.servers().map(|server| server.parse().expect("it was an address when it was named"));
        let servers: Vec<ServerAddr> = servers.collect();
        let prefix = format!("maitred.{database}.").into();
        let nats = Self { client: Arc::default(), prefix, hub, looks };
        let task = tokio::spawn(nats.clone().run(servers, letters, again));
        (nats, task)
    }

    async fn run(self, servers: Vec<ServerAddr>, mut letters: mpsc::Receiver<(Id, Notice)>, again: Arc<Notify>) {
        let metrics = Arc::clone(&self.hub.metrics);
        let mut options = ConnectOptions::new();
        // The library does not take them out of the address by itself. A name without a password is a token.
        if let Some((name, password)) = servers.iter().find_map(|server| Some((server.username()?, server.password())))
        {
            options = match password {
                Some(password) => options.user_and_password(name.to_owned(), password.to_owned()),
                None => options.token(name.to_owned()),
            };
        }
        let options = options
            .name("maitred")
            // What this process committed, its own devices have heard.
            .no_echo()
            .retry_on_initial_connect()
            .ping_interval(BUS_PING_INTERVAL)
            .subscription_capacity(BUS_BACKLOG)
            .reconnect_delay_callback(|attempt| {
                let most = BUS_RECONNECT_MS.start << attempt.min(16);
                Duration::from_millis(rand::random_range(BUS_RECONNECT_MS.start..=most.min(BUS_RECONNECT_MS.end)))
            })
            .event_callback(move |event| {
                let (metrics, again) = (Arc::clone(&metrics), Arc::clone(&again));
                async move {
                    match event {
                        Event::Connected => {
                            tracing::info!("the bus is there");
                            metrics.bus_up.set(1);
                            again.notify_one();
                        }
                        Event::Disconnected => {
                            tracing::warn!(
                                "the bus is gone; other processes' changes are found by the sweep until it is back"
                            );
                            metrics.bus_up.set(0);
                        }
                        Event::SlowConsumer(_) => metrics.bus("dropped"),
                        other => tracing::warn!(event = %other, "the bus has trouble"),
                    }
                }
            });
        let client = match options.connect(servers).await {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(%error, "there is no bus; other processes' changes are found by the sweep");
                return;
            }
        };
        // Only this task sets it, and only once.
        _ = self.client.set(client.clone());
        while let Some((restaurant, notice)) = letters.recv().await {
            // What could not be sent for long would be old news.
            if client.connection_state() != State::Connected {
                self.hub.metrics.bus("dropped");
                continue;
            }
            let mut text = notice.write();
            if text.len() > client.max_payload() {
                text = Notice::Look.write();
            }
            match client.publish(self.subject(&restaurant), text.into()).await {
                Ok(()) => self.hub.metrics.bus("sent"),
                Err(error) => tracing::warn!(%error, %restaurant, "could not tell other processes of a change"),
            }
        }
    }

    /// Begins to listen to what is told of a restaurant, and waits a moment until the bus was asked for it.
    pub(super) async fn attend(&self, restaurant: &Id) -> AbortOnDropHandle<()> {
        let (asked, is_asked) = oneshot::channel();
        let listening = self.clone().listen(restaurant.clone(), asked);
        let ear = AbortOnDropHandle::new(tokio::spawn(listening));
        // Where the bus is away, it is asked when it is back.
        _ = timeout(BUS_ATTEND_TIMEOUT, is_asked).await;
        ear
    }

    async fn listen(self, restaurant: Id, asked: oneshot::Sender<()>) {
        let client = self.client.wait().await;
        let mut ear = match client.subscribe(self.subject(&restaurant)).await {
            Ok(ear) => ear,
            Err(error) => {
                tracing::warn!(%error, %restaurant, "could not listen to other processes");
                return;
            }
        };
        _ = client.flush().await;
        // Whoever asked may have become tired of waiting.
        _ = asked.send(());
        while let Some(letter) = ear.next().await {
            self.hear(&restaurant, &letter.payload);
        }
    }

    /// Sends what is on its way.
    pub(super) async fn flush(&self) {
        if let Some(client) = self.client.get() {
            _ = client.flush().await;
        }
    }

    fn hear(&self, restaurant: &Id, payload: &[u8]) {
        match std::str::from_utf8(payload).ok().and_then(Notice::read) {
            Some(Notice::Message { epoch, seq, text }) => {
                self.hub.metrics.bus("heard");
                if self.hub.publish(restaurant, &epoch, seq, &text).is_none() {
                    self.looks.at(restaurant);
                }
            }
            // A newer release may say things that this one does not know. What it is about, the database knows.
            Some(Notice::Look) | None => {
                if self.hub.is_news(restaurant, None) {
                    self.looks.at(restaurant);
                }
            }
        }
    }

    /// What a restaurant's subject is called. A dot would divide it, and an empty part is not allowed.
    fn subject(&self, restaurant: &Id) -> Subject {
        format!("{}{}", self.prefix, restaurant.as_str().replace('.', "%2E")).into()
    }
}
