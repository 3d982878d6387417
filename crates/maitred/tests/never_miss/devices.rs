//! Devices: each opens a socket, listens for a while in its own way, leaves in its own way, and comes back from where it
//! stands, from an earlier point or from nothing. In the end each catches up.

use std::{ops::Range, sync::Arc, time::Duration};

use rand::{RngExt, rngs::StdRng};
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::{
    common::PATIENCE,
    ear::{Ear, Meaning, Record, Wish},
    scene::{RESTAURANTS, Scene},
    violation::Violation,
    wire::{Line, Socket},
};

/// The longest that a device heeds a server that asks to be left alone, in ms: a test has less time than a restaurant.
const LONGEST_RETRY_MS: u64 = 60;

/// How many messages a device lets pass while it does not read: a few that its connection holds, or more than the server
/// keeps at hand as well.
const FEW: u64 = 50;
const MANY: Range<u64> = 160..190;

/// How long it waits for them. The server may be gone, and nobody hear anything.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

pub(crate) struct Device {
    scene: Arc<Scene>,
    pub(crate) restaurant: &'static str,
    dice: StdRng,
    ear: Ear,
}

/// Why a device has stopped listening.
#[derive(Debug, PartialEq, Eq)]
enum Stopped {
    /// It has heard what it waited for.
    Satisfied,
    /// Its time is up, or the run's.
    TimeUp,
    /// The connection is over.
    CutOff,
    /// The server said good-bye.
    SentAway { retry_ms: u64 },
}

impl Device {
    pub(crate) fn new(scene: Arc<Scene>, number: usize) -> Self {
        let name = format!("device-{number}");
        let restaurant = RESTAURANTS[number % RESTAURANTS.len()];
        let ear = Ear::new(&name, restaurant, Arc::clone(&scene.first_heard[restaurant]));
        Self { dice: scene.dice(&name), scene, restaurant, ear }
    }

    /// Comes and goes until the epilogue.
    pub(crate) async fn live(mut self) -> Self {
        while !self.scene.epilogue.is_cancelled() {
            match self.visit().await {
                Ok(Stopped::SentAway { retry_ms }) => {
                    sleep(Duration::from_millis(retry_ms.min(LONGEST_RETRY_MS))).await;
                }
                Ok(_) => {}
                Err(violation) => {
                    self.scene.raise(violation);
                    break;
                }
            }
            let away_ms = if self.dice.random_ratio(1, 4) { 900 } else { 40 };
            self.rest(away_ms).await;
        }
        self
    }

    /// Comes back until it has heard everything up to `head`, and the server says that there is no more.
    pub(crate) async fn catch_up(mut self, head: u64) -> Record {
        let catching_up = async {
            loop {
                let wish = if self.ear.standing().rows.is_some() { Wish::Missed } else { Wish::Floor };
                let Some(mut socket) = self.enter(wish).await else {
                    self.scene.knock_again().await;
                    continue;
                };
                let at_head = |ear: &Ear, _: &Meaning| ear.is_at(head);
                if self.listen(&mut socket, None, at_head).await? == Stopped::Satisfied
                    && socket.say(json!({ "type": "ping" })).await.is_some()
                    && self.listen(&mut socket, None, |_, meaning| *meaning == Meaning::Pong).await?
                        == Stopped::Satisfied
                {
                    socket.close().await;
                    return Ok(());
                }
            }
        };
        match timeout(PATIENCE, catching_up).await {
            Ok(Ok(())) => {}
            Ok(Err(violation)) => self.scene.raise(violation),
            Err(_) => {
                let (record, last) = (&self.ear.record, self.ear.standing().last);
                self.scene.stuck(format!("device {} stands at {last:?}, and does not come to {head}", record.device));
            }
        }
        self.ear.record
    }

    /// One socket, from its opening to its end.
    async fn visit(&mut self) -> Result<Stopped, Violation> {
        let wish = self.choose_wish().await?;
        let entering = timeout(PATIENCE, self.enter(wish)).await;
        let Some(mut socket) = entering.ok().flatten() else {
            self.scene.knock_again().await;
            return Ok(Stopped::CutOff);
        };
        let stopped = self.listen_a_while(&mut socket).await?;
        if stopped != Stopped::TimeUp {
            return Ok(stopped);
        }
        match self.dice.random_range(0..20) {
            // From one moment to the next.
            0..7 => Ok(stopped),
            7..12 => {
                _ = timeout(PATIENCE, socket.close()).await;
                Ok(stopped)
            }
            // It reads nothing while others hear a few messages or many, and goes on.
            _ => {
                self.miss_some(socket.small_buffer).await;
                self.listen_a_while(&mut socket).await
            }
        }
    }

    async fn listen_a_while(&mut self, socket: &mut Socket) -> Result<Stopped, Violation> {
        let until = Instant::now() + Duration::from_millis(self.dice.random_range(10..1_500));
        self.listen(socket, Some(until), |_, _| false).await
    }

    /// Listens until something is so, or it is time, or the end.
    async fn listen(
        &mut self,
        socket: &mut Socket,
        until: Option<Instant>,
        satisfied: impl Fn(&Ear, &Meaning) -> bool,
    ) -> Result<Stopped, Violation> {
        loop {
            let text = tokio::select! {
                text = socket.next() => text,
                () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => return Ok(Stopped::TimeUp),
                () = self.scene.epilogue.cancelled(), if until.is_some() => return Ok(Stopped::TimeUp),
            };
            let Some(text) = text else { return Ok(Stopped::CutOff) };
            let meaning = self.ear.hear(&text)?;
            self.scene.heard.notify_waiters();
            if let Meaning::Bye { retry_ms } = meaning {
                return Ok(Stopped::SentAway { retry_ms });
            }
            if satisfied(&self.ear, &meaning) {
                return Ok(Stopped::Satisfied);
            }
            let asks = until.is_some() && meaning == Meaning::Message && self.dice.random_ratio(1, 50);
            if asks && socket.say(json!({ "type": "ping" })).await.is_none() {
                return Ok(Stopped::CutOff);
            }
        }
    }

    /// What it asks for next, and where it stands when it does.
    async fn choose_wish(&mut self) -> Result<Wish, Violation> {
        let fresh = self.ear.standing().rows.is_none();
        match self.dice.random_range(0..100) {
            0..70 if !fresh => Ok(Wish::Missed),
            70..82 if !fresh => {
                self.ear.rewind(self.dice.random_range(0..1_000));
                Ok(Wish::Missed)
            }
            82..87 => Ok(Wish::Live),
            87..91 => {
                self.ear.start_from_nothing();
                Ok(Wish::Missed)
            }
            91..96 => {
                let path = format!("/restaurants/{}/floor", self.restaurant);
                let floor = timeout(PATIENCE, async { Line::new(self.scene.address).get(&path).await });
                if let Some(floor) = floor.await.ok().flatten().filter(|floor| floor.status == 200) {
                    self.ear.start_from_floor(&floor.body)?;
                    return Ok(Wish::Missed);
                }
                Ok(Wish::Floor)
            }
            _ => Ok(Wish::Floor),
        }
    }

    /// Opens a socket and says what it is for, on the URL or in a message.
    async fn enter(&mut self, wish: Wish) -> Option<Socket> {
        self.ear.open(wish);
        let standing = self.ear.standing();
        let last = standing.last.unwrap_or(0);
        let mut join =
            json!({ "restaurant_id": self.restaurant, "platform": "iOS", "device_id": self.ear.record.device });
        match wish {
            Wish::Live => {}
            Wish::Missed => {
                join["since"] = last.into();
                if let Some(epoch) = &standing.epoch
                    && self.dice.random_ratio(4, 5)
                {
                    join["epoch"] = epoch.as_str().into();
                }
            }
            Wish::Floor => match self.dice.random_range(0..3) {
                0 => join["since"] = "lately".into(),
                1 => join["since"] = u32::MAX.into(),
                _ => (join["since"], join["epoch"]) = (last.into(), "of-another-life".into()),
            },
        }
        let small_buffer = self.scene.calm || self.dice.random_ratio(2, 5);
        if self.dice.random_bool(0.5) {
            let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let join = join.as_object().into_iter().flatten();
            let query: Vec<_> = join.map(|(name, value)| format!("{name}={}", text(value))).collect();
            return Socket::open(self.scene.address, &format!("?{}", query.join("&")), small_buffer).await;
        }
        let mut socket = Socket::open(self.scene.address, "", small_buffer).await?;
        join["type"] = "restaurant_connect".into();
        socket.say(join).await?;
        Some(socket)
    }

    /// Does nothing until others have heard so many messages more, if they do.
    async fn miss_some(&mut self, small_buffer: bool) {
        let others = &self.scene.first_heard[self.restaurant];
        let mut missed = self.dice.random_range(1..FEW);
        if small_buffer && self.dice.random_ratio(1, 2) {
            missed = self.dice.random_range(MANY);
            self.scene.call_for_rush(self.restaurant);
        }
        let goal = others.head() + missed;
        let missing = async {
            while others.head() < goal {
                self.scene.heard.notified().await;
            }
        };
        tokio::select! {
            _ = timeout(LONGEST_PAUSE, missing) => {}
            () = self.scene.epilogue.cancelled() => {}
        }
    }

    /// Does nothing for a while, but not beyond the epilogue.
    async fn rest(&mut self, longest_ms: u64) {
        let while_ = Duration::from_millis(self.dice.random_range(0..longest_ms));
        _ = timeout(while_, self.scene.epilogue.cancelled()).await;
    }
}
