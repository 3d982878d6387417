//! What is done to nodes, to the bus and to the database: three at a time, each at moments of chance, so that one thing
//! happens in the midst of another.

use std::{ops::Range, time::Duration};

use rand::{
    RngExt,
    rngs::StdRng,
    seq::{IndexedRandom, SliceRandom},
};
use tokio::time::{Instant, sleep, timeout};

use super::cable::Cable;
use crate::{
    engines::{Nats, Postgres},
    havoc::Havoc,
    scene::Scene,
    server::Server,
    violation::Violation,
};

/// The pause between two torments by the same hand, in ms.
const PAUSE_MS: Range<u64> = 100..1_000;

/// What most of them last, in ms.
const BRIEFLY_MS: Range<u64> = 50..900;

/// Longer than the interval of the sweep, in ms.
const BEYOND_A_SWEEP_MS: Range<u64> = 3_500..4_500;

/// Longer than the database lets a node hold a restaurant that is not heard of, in ms.
const BEYOND_A_LOCK_MS: Range<u64> = 5_500..6_500;

/// Why there is a NATS where it is killed or frozen.
const A_SERVER: &str = "only a bus that is a server is killed or frozen";

/// How often each is done in a round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Torments {
    pub(crate) of_nodes: &'static [(OfNodes, usize)],
    pub(crate) of_bus: &'static [(OfBus, usize)],
    pub(crate) of_database: &'static [(OfDatabase, usize)],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OfNodes {
    Kill,
    KillTwo,
    KillWhileStopping,
    Stop,
    Freeze,
    FreezeBeyondLock,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OfBus {
    Kill,
    KillBeyondSweep,
    Freeze,
    /// The way of one node to it.
    Cut,
    CutBeyondSweep,
    Hold,
    HoldBeyondSweep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OfDatabase {
    Crash,
    Freeze,
    /// The way of one node to it.
    Cut,
    LoseAnswers,
    /// All ways of one node.
    Isolate,
    IsolateBeyondLock,
}

/// The ways of a node to the engines.
pub(crate) struct Cables {
    pub(crate) database: Cable,
    pub(crate) bus: Cable,
}

/// Whoever does it, and what it is noted down in.
pub(crate) struct Hand<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) havoc: &'a Havoc,
    pub(crate) cables: &'a [Cables],
    pub(crate) dice: StdRng,
    /// Rounds begin until then.
    pub(crate) until: Instant,
}

impl Torments {
    /// The torments that have not happened.
    pub(crate) fn missing(&self, havoc: &Havoc) -> Vec<&'static str> {
        let of_nodes = self.of_nodes.iter().map(|(torment, _)| torment.name());
        let of_bus = self.of_bus.iter().map(|(torment, _)| torment.name());
        let of_database = self.of_database.iter().map(|(torment, _)| torment.name());
        of_nodes.chain(of_bus).chain(of_database).filter(|name| havoc.count(name) == 0).collect()
    }
}

impl Hand<'_> {
    pub(crate) async fn torment_nodes(
        mut self,
        torments: &[(OfNodes, usize)],
        nodes: &mut [Server],
    ) -> Result<(), Violation> {
        while let Some(round) = self.next_round(torments) {
            for torment in round {
                self.pause().await;
                self.havoc.note(torment.name());
                let moment = self.briefly();
                nodes.shuffle(&mut self.dice);
                match torment {
                    OfNodes::Kill => nodes[0].kill(),
                    OfNodes::KillTwo => nodes[..2].iter_mut().for_each(Server::kill),
                    OfNodes::KillWhileStopping => nodes[0].stop(Some(moment / 30)).await?,
                    OfNodes::Stop => nodes[0].stop(None).await?,
                    OfNodes::Freeze => nodes[0].freeze(moment).await,
                    OfNodes::FreezeBeyondLock => nodes[0].freeze(self.lasting(BEYOND_A_LOCK_MS)).await,
                }
                if self.dice.random_ratio(1, 6) && !nodes[0].runs() {
                    nodes[0].stillbirth(self.briefly() / 10).await;
                }
                for node in nodes.iter_mut().filter(|node| !node.runs()) {
                    node.start().await?;
                }
            }
        }
        Ok(())
    }

    pub(crate) async fn torment_bus(mut self, torments: &[(OfBus, usize)], mut nats: Option<&mut Nats>) {
        while let Some(round) = self.next_round(torments) {
            for torment in round {
                self.pause().await;
                self.havoc.note(torment.name());
                let way = &self.cables.choose(&mut self.dice).expect("a node").bus;
                let moment = match torment {
                    OfBus::Kill | OfBus::Freeze | OfBus::Cut | OfBus::Hold => self.briefly(),
                    OfBus::KillBeyondSweep | OfBus::CutBeyondSweep | OfBus::HoldBeyondSweep => {
                        self.lasting(BEYOND_A_SWEEP_MS)
                    }
                };
                match torment {
                    OfBus::Kill | OfBus::KillBeyondSweep => {
                        let nats = nats.as_deref_mut().expect(A_SERVER);
                        nats.kill().await;
                        sleep(moment).await;
                        nats.start_again().await;
                    }
                    OfBus::Freeze => {
                        let nats = nats.as_deref_mut().expect(A_SERVER);
                        nats.freeze();
                        sleep(moment).await;
                        nats.thaw();
                    }
                    OfBus::Cut | OfBus::CutBeyondSweep => {
                        let _cut = way.cut();
                        sleep(moment).await;
                    }
                    OfBus::Hold | OfBus::HoldBeyondSweep => {
                        let _hold = way.hold();
                        sleep(moment).await;
                        self.perhaps_lose(&[way]);
                    }
                }
            }
        }
    }

    pub(crate) async fn torment_database(mut self, torments: &[(OfDatabase, usize)], postgres: &mut Postgres) {
        while let Some(round) = self.next_round(torments) {
            for torment in round {
                self.pause().await;
                self.havoc.note(torment.name());
                let Cables { database, bus } = self.cables.choose(&mut self.dice).expect("a node");
                let moment = self.briefly();
                match torment {
                    OfDatabase::Crash => {
                        postgres.crash().await;
                        sleep(moment).await;
                        postgres.start_again().await;
                    }
                    OfDatabase::Freeze => {
                        postgres.freeze();
                        sleep(moment * 2).await;
                        postgres.thaw();
                    }
                    OfDatabase::Cut => {
                        let _cut = database.cut();
                        sleep(moment).await;
                    }
                    OfDatabase::LoseAnswers => {
                        let _deaf = database.hold_answers();
                        sleep(moment).await;
                        drop(database.cut());
                    }
                    OfDatabase::Isolate | OfDatabase::IsolateBeyondLock => {
                        let _holds = [database.hold(), bus.hold()];
                        let beyond = torment == OfDatabase::IsolateBeyondLock;
                        sleep(if beyond { self.lasting(BEYOND_A_LOCK_MS) } else { moment * 2 }).await;
                        self.perhaps_lose(&[database, bus]);
                    }
                }
            }
        }
    }

    /// What is done in the next round, in an order of chance; none where there is nothing to do or no time.
    fn next_round<T: Copy>(&mut self, torments: &[(T, usize)]) -> Option<Vec<T>> {
        let mut round: Vec<T> = torments.iter().flat_map(|(torment, times)| vec![*torment; *times]).collect();
        round.shuffle(&mut self.dice);
        (!round.is_empty() && Instant::now() < self.until).then_some(round)
    }

    async fn pause(&mut self) {
        sleep(self.lasting(PAUSE_MS)).await;
        if self.dice.random_bool(0.5) {
            // In the midst of something. Where nobody hears anything, it needs no waiting for.
            _ = timeout(Duration::from_millis(200), self.scene.heard.notified()).await;
        }
    }

    /// Of what is held back, what was sent meanwhile comes late, or never.
    fn perhaps_lose(&mut self, ways: &[&Cable]) {
        if self.dice.random_bool(0.5) {
            ways.iter().for_each(|way| drop(way.cut()));
        }
    }

    fn briefly(&mut self) -> Duration {
        self.lasting(BRIEFLY_MS)
    }

    fn lasting(&mut self, ms: Range<u64>) -> Duration {
        Duration::from_micros(self.dice.random_range(ms.start * 1_000..ms.end * 1_000))
    }
}

impl OfNodes {
    fn name(self) -> &'static str {
        match self {
            Self::Kill => "kills of a node",
            Self::KillTwo => "kills of two nodes",
            Self::KillWhileStopping => "kills of a node that is stopping",
            Self::Stop => "stops of a node",
            Self::Freeze => "freezes of a node",
            Self::FreezeBeyondLock => "freezes of a node beyond its locks",
        }
    }
}

impl OfBus {
    fn name(self) -> &'static str {
        match self {
            Self::Kill => "kills of NATS",
            Self::KillBeyondSweep => "kills of NATS beyond a sweep",
            Self::Freeze => "freezes of NATS",
            Self::Cut => "nodes cut off from the bus",
            Self::CutBeyondSweep => "nodes cut off from the bus beyond a sweep",
            Self::Hold => "nodes held up from the bus",
            Self::HoldBeyondSweep => "nodes held up from the bus beyond a sweep",
        }
    }
}

impl OfDatabase {
    fn name(self) -> &'static str {
        match self {
            Self::Crash => "crashes of PostgreSQL",
            Self::Freeze => "freezes of PostgreSQL",
            Self::Cut => "nodes cut off from PostgreSQL",
            Self::LoseAnswers => "nodes that lost PostgreSQL's answers",
            Self::Isolate => "nodes cut off from everything",
            Self::IsolateBeyondLock => "nodes cut off from everything beyond their locks",
        }
    }
}
