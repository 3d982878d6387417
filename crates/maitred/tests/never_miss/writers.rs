//! Writers: each asks for one thing at a time, and asks again with the same key until it is answered, whatever becomes
//! of the server; where there are several, the next one. Some ask twice at once, hang up, or ask much later for what they
//! were answered before.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    common::PATIENCE,
    scene::{RESTAURANTS, Scene},
    wire::{Addresses, Line},
    wishes,
    write::{Answered, Fate, Write},
};

/// The longest that a writer thinks between two writes, in ms.
const THINKING_MS: u64 = 6;

/// How many join a writer for a rush, and how much each of them writes: together more than a server keeps at hand for a
/// restaurant and a device's connection holds.
const COMPANY: usize = 8;
const WRITES_OF_A_COMPANION: usize = 26;

/// How long a writer goes on from node to node: far longer than anything keeps all of them from answering.
const LONGEST_WAY: Duration = PATIENCE.saturating_mul(3);

pub(crate) struct Writer {
    scene: Arc<Scene>,
    name: String,
    dice: StdRng,
    line: Line,
    /// For the same request at the same time.
    second_line: Line,
    /// All that it has asked for.
    writes: Vec<Write>,
}

impl Writer {
    pub(crate) fn new(scene: Arc<Scene>, name: String) -> Self {
        let addresses = Arc::clone(&scene.addresses);
        Self::at(scene, name, &addresses)
    }

    /// A writer that knows only these addresses.
    fn at(scene: Arc<Scene>, name: String, addresses: &Arc<[SocketAddr]>) -> Self {
        let mut dice = scene.dice(&name);
        let first = dice.random_range(0..addresses.len());
        // What is asked for twice at once is asked of two nodes.
        let [line, second_line] = [first, first + 1].map(|first| Line::new(Addresses::new(addresses, first)));
        Self { scene, name, dice, line, second_line, writes: Vec::new() }
    }

    /// Writes a last message to each restaurant at this very address, after all that was asked for there.
    pub(crate) async fn last_words(scene: &Arc<Scene>, address: SocketAddr) -> Vec<Write> {
        let name = format!("last-words-{}", address.port());
        let mut writer = Self::at(Arc::clone(scene), name, &[address].into());
        for restaurant in RESTAURANTS {
            let guest = format!("{}-{restaurant}", writer.name);
            let write = wishes::arrival(&mut writer.dice, restaurant, &guest);
            writer.carry_through(write).await;
        }
        writer.writes
    }

    /// Gives the restaurants what they begin with.
    pub(crate) async fn open_restaurants(&mut self) {
        for write in RESTAURANTS.into_iter().flat_map(wishes::opening) {
            self.carry_through(write).await;
        }
    }

    /// Writes until the curtain falls; what it has begun then it carries through.
    pub(crate) async fn write(mut self) -> Vec<Write> {
        while !self.scene.curtain.is_cancelled() {
            sleep(Duration::from_micros(self.dice.random_range(0..THINKING_MS * 1_000))).await;
            if let Some(restaurant) = self.scene.begin_rush() {
                self.rush(restaurant).await;
                self.scene.end_rush();
                continue;
            }
            if self.dice.random_ratio(1, 40) {
                self.ask_once_more().await;
                continue;
            }
            let restaurant = RESTAURANTS.choose(&mut self.dice).expect("there are some");
            let fresh = format!("{}-{}", self.name, self.writes.len());
            let dice = &mut self.dice;
            let write = self.scene.with_directory(restaurant, |known| wishes::any(dice, known, restaurant, &fresh));
            self.carry_through(write).await;
        }
        self.writes
    }

    /// Brings company, and all of them write as fast as they can: more than the server keeps at hand for a device that
    /// is not reading just then.
    async fn rush(&mut self, restaurant: &'static str) {
        let mut company = JoinSet::new();
        for number in 0..COMPANY {
            let name = format!("{}-{}-{number}", self.name, self.writes.len());
            let mut companion = Self::new(Arc::clone(&self.scene), name);
            company.spawn(async move {
                for _ in 0..WRITES_OF_A_COMPANION {
                    let dice = &mut companion.dice;
                    let write =
                        companion.scene.with_directory(restaurant, |known| wishes::note(dice, known, restaurant));
                    companion.carry_through(write).await;
                }
                companion.writes
            });
        }
        while let Some(writes) = company.join_next().await {
            self.writes.extend(writes.expect("a companion without a panic"));
        }
    }

    /// Asks until there is an answer that stands.
    async fn carry_through(&mut self, mut write: Write) {
        write.key = format!("{}-{}", self.name, self.writes.len());
        let (hang_up, twice) = (self.dice.random_ratio(1, 25), self.dice.random_ratio(1, 12));
        if hang_up && self.line.is_ready().await {
            write.attempts += 1;
            let moment = Duration::from_micros(self.dice.random_range(0..3_000));
            let answered = timeout(moment, self.line.send(&write)).await;
            self.line.hang_up();
            write.loose = answered.is_err();
            self.take(&mut write, answered.ok().flatten());
        }
        let (begun, several) = (Instant::now(), self.scene.has_several_nodes());
        while !is_settled(&write) {
            let exchange = async {
                if !self.line.is_ready().await || (twice && !self.second_line.is_ready().await) {
                    return None;
                }
                Some(match twice {
                    true => tokio::join!(self.line.send(&write), self.second_line.send(&write)),
                    false => (self.line.send(&write).await, None),
                })
            };
            match timeout(self.scene.patience(), exchange).await {
                Ok(Some((answer, second))) => {
                    write.attempts += 1 + u64::from(twice);
                    // The one that was not answered may be carried out after the other, or the next, was refused. (One that
                    // a server is killed over before the next is begun is not.)
                    let unanswered = answer.is_none() || (twice && second.is_none());
                    write.loose |= unanswered && (twice || several);
                    self.take(&mut write, answer);
                    self.take(&mut write, second);
                }
                Ok(None) => {}
                Err(_) if several && begun.elapsed() < LONGEST_WAY => {
                    write.attempts += 1 + u64::from(twice);
                    write.loose = true;
                    self.line.move_on();
                    self.second_line.move_on();
                }
                Err(_) => {
                    self.scene.stuck(format!("{write} was not answered in {:?}", begun.elapsed()));
                    return;
                }
            }
            if !is_settled(&write) {
                self.scene.knock_again().await;
            }
        }
        self.writes.push(write);
    }

    /// Asks again for what was acknowledged a while ago: the answer must still be the same.
    async fn ask_once_more(&mut self) {
        if self.writes.is_empty() || !self.line.is_ready().await {
            return;
        }
        let index = self.dice.random_range(0..self.writes.len());
        let mut write = std::mem::take(&mut self.writes[index]);
        if matches!(write.fate(), Fate::Acknowledged(_)) {
            write.attempts += 1;
            match timeout(self.scene.patience(), self.line.send(&write)).await {
                Ok(answer) => self.take(&mut write, answer),
                Err(_) if self.scene.has_several_nodes() => self.line.move_on(),
                Err(_) => self.scene.stuck(format!("{write} was not answered again in {PATIENCE:?}")),
            }
        }
        self.writes[index] = write;
    }

    fn take(&self, write: &mut Write, answer: Option<Answered>) {
        let Some(answer) = answer.filter(|answer| !answer.is_try_again()) else { return };
        self.scene.heard.notify_waiters();
        if answer.is_success() && !matches!(write.fate(), Fate::Acknowledged(_)) {
            let restaurant = RESTAURANTS.into_iter().find(|restaurant| **restaurant == write.restaurant);
            let restaurant = restaurant.expect("a restaurant of the scene");
            self.scene.with_directory(restaurant, |directory| directory.learn(write, &answer));
        }
        write.answers.push(answer);
        if let Some(violation) = write.disagreement() {
            self.scene.raise(violation);
        }
    }
}

fn is_settled(write: &Write) -> bool {
    !write.answers.is_empty()
}
