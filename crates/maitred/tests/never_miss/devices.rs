//! Devices: each opens a socket, listens for a while in its own way, leaves in its own way, and comes back from where it
//! stands, from an earlier point or from nothing, at the same server or at another. In the end each stays, and must hear
//! everything on the socket that it then has.

use std::{future::pending, ops::Range, pin::pin, sync::Arc, time::Duration};

use rand::{RngExt, rngs::StdRng};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::{
    ear::{Ear, Meaning, Record, Wish},
    scene::{RESTAURANTS, Scene},
    violation::Violation,
    wire::{Addresses, Line, Socket},
};

/// The longest that a device heeds a server that asks to be left alone, in ms: a test has less time than a restaurant.
const LONGEST_RETRY_MS: u64 = 60;

/// How many messages a device lets pass while it does not read: a few that its connection holds, or more than the server
/// keeps at hand as well.
const FEW: u64 = 50;
const MANY: Range<u64> = 160..190;

/// How long it waits for them. The server may be gone, and nobody hear anything.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// How long a device listens before it does something else, in ms; and one that outlasts what happens to the database and the
/// bus behind its node.
const A_WHILE_MS: Range<u64> = 10..1_500;
const LONG_MS: Range<u64> = 3_000..20_000;

pub(crate) struct Device {
    scene: Arc<Scene>,
    pub(crate) restaurant: &'static str,
    dice: StdRng,
    ear: Ear,
    /// Whether it mostly listens for long.
    is_patient: bool,
    /// Where it goes next.
    addresses: Addresses,
    /// The one that it is on when nothing more is done to the servers.
    socket: Option<Socket>,
}

/// Until when a device listens, unless it hears what it waits for or the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// A moment, or the lull.
    Moment(Instant),
    Epilogue,
    /// It has nothing else to do.
    Satisfied,
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
        let ear = Ear::new(&name, restaurant, Arc::clone(&scene.first_heard[restaurant])).among(scene.addresses.len());
        let addresses = Addresses::new(&scene.addresses, number / RESTAURANTS.len());
        let is_patient = scene.has_several_nodes() && (number / RESTAURANTS.len()).is_multiple_of(2);
        Self { dice: scene.dice(&name), scene, restaurant, ear, is_patient, addresses, socket: None }
    }

    /// Comes and goes until the lull, and then stays until the epilogue.
    pub(crate) async fn live(mut self) -> Self {
        let lived = async {
            while !self.scene.lull.is_cancelled() {
                let stopped = self.visit().await?;
                if self.socket.is_some() {
                    break;
                }
                if let Stopped::SentAway { retry_ms } = stopped {
                    sleep(Duration::from_millis(retry_ms.min(LONGEST_RETRY_MS))).await;
                }
                // Whoever is behind a load balancer does not choose where it comes back to.
                if matches!(stopped, Stopped::SentAway { .. } | Stopped::CutOff) || self.dice.random_ratio(1, 3) {
                    self.addresses.move_on();
                }
                let away_ms = if self.dice.random_ratio(1, 4) { 900 } else { 40 };
                self.rest(away_ms).await;
            }
            self.stay().await
        };
        if let Err(violation) = lived.await {
            self.scene.raise(violation);
        }
        self
    }

    /// Comes in, if it is not in, and listens until the epilogue.
    async fn stay(&mut self) -> Result<(), Violation> {
        let mut has_arrived = false;
        while !self.scene.epilogue.is_cancelled() {
            let Some(mut socket) = self.come_in().await else { continue };
            if self.ear.is_joined()
                || self.listen(&mut socket, Until::Epilogue, |ear, _| ear.is_joined()).await? == Stopped::Satisfied
            {
                if !std::mem::replace(&mut has_arrived, true) {
                    self.scene.arrive();
                }
                if self.listen(&mut socket, Until::Epilogue, |_, _| false).await? == Stopped::TimeUp {
                    self.socket = Some(socket);
                }
            }
        }
        Ok(())
    }

    /// The socket that it is on; another one where it is on none.
    async fn come_in(&mut self) -> Option<Socket> {
        if let Some(socket) = self.socket.take() {
            return Some(socket);
        }
        let wish = if self.ear.standing().rows.is_some() { Wish::Missed } else { Wish::Floor };
        let entered = timeout(self.scene.patience(), self.enter(wish)).await.ok().flatten();
        if entered.is_none() {
            self.addresses.move_on();
            self.scene.knock_again().await;
        }
        entered
    }

    /// Hears everything up to `head`, and that there is no more: on the socket that it is on, and where it has lost that on
    /// another one.
    pub(crate) async fn hear_out(mut self, head: u64) -> Record {
        let within = self.scene.found_within();
        let hearing_out = async {
            let mut stays = self.socket.is_some();
            loop {
                let Some(mut socket) = self.come_in().await else { continue };
                let at_head = |ear: &Ear, _: &Meaning| ear.is_at(head);
                let heard_all = self.ear.is_at(head)
                    || self.listen(&mut socket, Until::Satisfied, at_head).await? == Stopped::Satisfied;
                if heard_all
                    && socket.say(json!({ "type": "ping" })).await.is_some()
                    && self.listen(&mut socket, Until::Satisfied, |_, meaning| *meaning == Meaning::Pong).await?
                        == Stopped::Satisfied
                {
                    self.ear.record.stayed |= stays;
                    socket.close().await;
                    // One that has only listened comes once more, for the floor.
                    if self.ear.standing().rows.is_some() {
                        return Ok(());
                    }
                }
                stays = false;
            }
        };
        match timeout(within, hearing_out).await {
            Ok(Ok(())) => {}
            Ok(Err(violation)) => self.scene.raise(violation),
            Err(_) => {
                let (device, last) = (&self.ear.record.device, self.ear.standing().last);
                self.scene.stuck(format!("device {device} stands at {last:?}, and {head} did not come in {within:?}"));
            }
        }
        self.ear.record
    }

    /// One socket, from its opening to its end; or to the lull, where it keeps it.
    async fn visit(&mut self) -> Result<Stopped, Violation> {
        let wish = self.choose_wish().await?;
        let entering = timeout(self.scene.patience(), self.enter(wish)).await;
        let Some(mut socket) = entering.ok().flatten() else {
            self.scene.knock_again().await;
            return Ok(Stopped::CutOff);
        };
        let stopped = self.listen_a_while(&mut socket).await?;
        if stopped != Stopped::TimeUp {
            return Ok(stopped);
        }
        if self.scene.lull.is_cancelled() {
            self.socket = Some(socket);
            return Ok(stopped);
        }
        match self.dice.random_range(0..20) {
            // From one moment to the next.
            0..7 => Ok(stopped),
            7..12 => {
                _ = timeout(self.scene.patience(), socket.close()).await;
                Ok(stopped)
            }
            // It reads nothing while others hear a few messages or many, and goes on.
            _ => {
                self.miss_some(socket.small_buffer).await;
                let stopped = self.listen_a_while(&mut socket).await?;
                if stopped == Stopped::TimeUp && self.scene.lull.is_cancelled() {
                    self.socket = Some(socket);
                }
                Ok(stopped)
            }
        }
    }

    async fn listen_a_while(&mut self, socket: &mut Socket) -> Result<Stopped, Violation> {
        let is_long = self.is_patient && self.dice.random_ratio(3, 4);
        let ms = self.dice.random_range(if is_long { LONG_MS } else { A_WHILE_MS });
        let until = Instant::now() + Duration::from_millis(ms);
        self.listen(socket, Until::Moment(until), |_, _| false).await
    }

    /// Listens until something is so, or it is time, or the end.
    async fn listen(
        &mut self,
        socket: &mut Socket,
        until: Until,
        satisfied: impl Fn(&Ear, &Meaning) -> bool,
    ) -> Result<Stopped, Violation> {
        let scene = Arc::clone(&self.scene);
        let mut time_is_up = pin!(async move {
            match until {
                Until::Moment(moment) => _ = timeout_at(moment, scene.lull.cancelled()).await,
                Until::Epilogue => scene.epilogue.cancelled().await,
                Until::Satisfied => pending().await,
            }
        });
        loop {
            let text = tokio::select! {
                text = socket.next() => text,
                () = &mut time_is_up => return Ok(Stopped::TimeUp),
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
            let asks =
                matches!(until, Until::Moment(_)) && meaning == Meaning::Message && self.dice.random_ratio(1, 50);
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
                let floor = async { Line::new(self.addresses.clone()).get(&path).await };
                let floor = timeout(self.scene.patience(), floor);
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
            return Socket::open(self.addresses.current(), &format!("?{}", query.join("&")), small_buffer).await;
        }
        let mut socket = Socket::open(self.addresses.current(), "", small_buffer).await?;
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
            () = self.scene.lull.cancelled() => {}
        }
    }

    /// Does nothing for a while, but not beyond the lull.
    async fn rest(&mut self, longest_ms: u64) {
        let while_ = Duration::from_millis(self.dice.random_range(0..longest_ms));
        _ = timeout(while_, self.scene.lull.cancelled()).await;
    }
}
