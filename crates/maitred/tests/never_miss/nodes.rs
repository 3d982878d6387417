//! A run of several nodes on one PostgreSQL database, which are killed, frozen and cut off from it and from each other, while
//! the database crashes and the bus goes away. Their clients move on to another node when theirs is gone.

mod cable;
mod torments;

use std::{path::PathBuf, sync::Arc, time::Duration};

use futures_util::future::try_join_all;
use rand::RngExt;
use tokio::{
    join,
    time::{Instant, sleep, timeout},
};

use crate::{
    checker::Evidence,
    common::{Http, PATIENCE, metric},
    engines::{Nats, Postgres},
    havoc::Havoc,
    performance::Performance,
    report::Report,
    scene::{Scene, dice},
    server::Server,
    violation::Violation,
};
use cable::Cable;
use torments::{Cables, Hand, OfBus, OfDatabase, OfNodes, Torments};

const NODES: usize = 3;

/// Everything that can be done, in about 40 s.
pub(crate) const ALL_TORMENTS: Torments = Torments {
    of_nodes: &[
        (OfNodes::Kill, 10),
        (OfNodes::KillTwo, 2),
        (OfNodes::KillWhileStopping, 1),
        (OfNodes::Stop, 3),
        (OfNodes::Freeze, 3),
        (OfNodes::FreezeBeyondLock, 1),
    ],
    of_bus: &[
        (OfBus::Kill, 2),
        (OfBus::KillBeyondSweep, 1),
        (OfBus::Freeze, 2),
        (OfBus::Cut, 3),
        (OfBus::CutBeyondSweep, 1),
        (OfBus::Hold, 3),
        (OfBus::HoldBeyondSweep, 1),
    ],
    of_database: &[
        (OfDatabase::Crash, 2),
        (OfDatabase::Freeze, 2),
        (OfDatabase::Cut, 3),
        (OfDatabase::LoseAnswers, 4),
        (OfDatabase::Isolate, 2),
        (OfDatabase::IsolateBeyondLock, 1),
    ],
};

/// What shows how the database's own notifications are lost and found, in about 15 s.
pub(crate) const FEW_TORMENTS: Torments = Torments {
    of_nodes: &[(OfNodes::Kill, 4), (OfNodes::Stop, 1), (OfNodes::Freeze, 2)],
    of_bus: &[(OfBus::Cut, 2), (OfBus::CutBeyondSweep, 1), (OfBus::Hold, 3)],
    of_database: &[(OfDatabase::Crash, 1), (OfDatabase::Freeze, 1), (OfDatabase::Cut, 2), (OfDatabase::LoseAnswers, 2)],
};

/// What has nodes hear late and in another order of what others have written, or not at all, in a few seconds.
pub(crate) const CUT_CABLES: Torments = Torments { of_nodes: &[], of_bus: &[(OfBus::Cut, 2)], of_database: &[] };

/// How nodes tell each other of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BusOf {
    Nats,
    Postgres,
}

/// Of what kind a run is.
#[derive(Debug, Clone)]
pub(crate) struct NodesPlan {
    pub(crate) binary: PathBuf,
    /// Everything that is left to chance comes out of it, but not how the machine's threads take turns.
    pub(crate) seed: u64,
    pub(crate) bus: BusOf,
    pub(crate) torments: Torments,
    /// Rounds of torments begin for so long; one at least.
    pub(crate) length: Duration,
    pub(crate) writers: usize,
    pub(crate) devices: usize,
}

/// What a run of nodes came to.
pub(crate) struct NodesReport {
    pub(crate) report: Report,
    /// Restaurants of which the sweeps of the nodes that ran in the end had found news that the bus had not brought.
    pub(crate) swept: u64,
}

struct Stage {
    postgres: Postgres,
    nats: Option<Nats>,
    cables: Vec<Cables>,
    nodes: Vec<Server>,
}

impl NodesPlan {
    /// Runs until it is done, or something is wrong.
    pub(crate) async fn run(&self) -> NodesReport {
        let mut stage = Stage::new(self).await;
        let addresses: Vec<_> = stage.nodes.iter().map(|node| node.address).collect();
        let scene = Arc::new(Scene::new(&addresses, self.seed, false));
        let mut swept = 0;
        let report =
            Report::of(&scene, async |havoc: &Havoc| self.play(&scene, &mut stage, havoc, &mut swept).await).await;
        NodesReport { report, swept }
    }

    async fn play(
        &self,
        scene: &Arc<Scene>,
        stage: &mut Stage,
        havoc: &Havoc,
        swept: &mut u64,
    ) -> Result<Evidence, Violation> {
        // All at once, on an empty database.
        try_join_all(stage.nodes.iter_mut().map(Server::start)).await?;
        let mut performance = Performance::begin(scene, self.writers, self.devices).await;
        self.wreak_havoc(scene, stage, havoc).await?;
        for node in &stage.nodes {
            await_bus(scene, node, true).await;
        }
        performance.gather().await;

        // What is told last is told by a node that nobody hears: the others find it by themselves, or not at all.
        let (mut order, unheard) = (scene.addresses.to_vec(), scene.dice("last words").random_range(0..NODES));
        let cut = stage.cables[unheard].bus.cut();
        let silent = stage.nodes.iter().find(|node| node.address == order[unheard]).expect("a node at each address");
        await_bus(scene, silent, false).await;
        order.rotate_left(unheard + 1);
        performance.end_writing(&order).await;
        drop(cut);
        let evidence = performance.end().await;
        for node in &stage.nodes {
            *swept += metric(&mut Http::connect(node.address).await, "maitred_swept_restaurants_total").await;
        }
        stage.nodes.iter().find_map(Server::complaints).map_or(Ok(evidence), Err)
    }

    /// Until it is over, and everything is there again.
    async fn wreak_havoc(&self, scene: &Scene, stage: &mut Stage, havoc: &Havoc) -> Result<(), Violation> {
        // A round is begun at once, however short the run is.
        let until = Instant::now() + self.length.max(Duration::from_millis(100));
        let hand = |of: &str| Hand { scene, havoc, cables: &stage.cables, dice: scene.dice(of), until };
        let (nodes, _, ()) = join!(
            hand("nodes").torment_nodes(self.torments.of_nodes, &mut stage.nodes),
            hand("bus").torment_bus(self.torments.of_bus, stage.nats.as_mut()),
            hand("database").torment_database(self.torments.of_database, &mut stage.postgres),
        );
        nodes
    }
}

impl Stage {
    /// Engines that run, and nodes that do not yet.
    async fn new(plan: &NodesPlan) -> Self {
        let mut dice = dice(plan.seed, "stage");
        // Without a sync: it is PostgreSQL that crashes here, and not the machine. So its start after that takes no seconds.
        let postgres = Postgres::start_with(&["-c", "fsync=off"]).await;
        let nats = if plan.bus == BusOf::Nats { Some(Nats::start().await) } else { None };
        let database = postgres.database().await;
        let (mut cables, mut nodes) = (Vec::new(), Vec::new());
        for _ in 0..NODES {
            let bus = nats.as_ref().map_or_else(|| database.clone(), Nats::url);
            let ways = Cables { database: Cable::to(&database).await, bus: Cable::to(&bus).await };
            nodes.push(Server::node(plan.binary.clone(), &mut dice, &ways.database.url, &ways.bus.url));
            cables.push(ways);
        }
        Self { postgres, nats, cables, nodes }
    }
}

/// Waits until a node has its bus, or has noticed that it has none.
async fn await_bus(scene: &Scene, node: &Server, is_up: bool) {
    let mut http = Http::connect(node.address).await;
    let seen = async {
        while (metric(&mut http, "maitred_bus_up").await == 1) != is_up {
            sleep(Duration::from_millis(5)).await;
        }
    };
    if timeout(PATIENCE, seen).await.is_err() {
        scene.stuck(format!("the bus is {} of {}", if is_up { "out of reach" } else { "in reach" }, node.address));
    }
}
