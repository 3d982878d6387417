//! What every run has in common: the writers and devices around whatever is done to the servers, how they come to an end,
//! and in the end the evidence.

use std::{net::SocketAddr, sync::Arc};

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{task::JoinSet, time::timeout};

use crate::{
    checker::{Evidence, Ledger},
    common::{Http, PATIENCE},
    devices::Device,
    scene::{RESTAURANTS, Scene},
    write::Write,
    writers::Writer,
};

/// A run under way.
pub(crate) struct Performance {
    scene: Arc<Scene>,
    ledgers: Vec<Ledger>,
    writers: JoinSet<Vec<Write>>,
    writes: Vec<Write>,
    devices: JoinSet<Device>,
}

impl Performance {
    /// Begins, at servers that are there.
    pub(crate) async fn begin(scene: &Arc<Scene>, writers: usize, devices: usize) -> Self {
        let mut this = Self {
            scene: Arc::clone(scene),
            ledgers: Vec::new(),
            writers: JoinSet::new(),
            writes: Vec::new(),
            devices: JoinSet::new(),
        };
        let mut http = Http::connect(scene.addresses[0]).await;
        for restaurant in RESTAURANTS {
            let row = http.get(&format!("/restaurants/{restaurant}")).await.ok()["restaurant"].take();
            this.ledgers.push(Ledger { restaurant: restaurant.to_owned(), first: row, ..Ledger::default() });
        }
        for number in 0..devices {
            this.devices.spawn(Device::new(Arc::clone(scene), number).live());
        }
        for number in 0..writers {
            let mut writer = Writer::new(Arc::clone(scene), format!("writer-{number}"));
            if number == 0 {
                writer.open_restaurants().await;
            }
            this.writers.spawn(writer.write());
        }
        this
    }

    /// From now on nothing is done to the servers any more; waits until every device has come in to stay.
    pub(crate) async fn gather(&self) {
        self.scene.lull.cancel();
        if timeout(PATIENCE, self.scene.are_present(self.devices.len())).await.is_err() {
            self.scene.stuck("the devices did not come in to stay");
        }
    }

    /// Lets the writers finish, has last words written at each address in turn, and reads what there is to know of the
    /// log.
    pub(crate) async fn end_writing(&mut self, addresses: &[SocketAddr]) {
        self.scene.curtain.cancel();
        self.writes = all_of(&self.scene, &mut self.writers, "the writers").await.concat();
        for address in addresses {
            self.writes.extend(Writer::last_words(&self.scene, *address).await);
        }
        for ledger in &mut self.ledgers {
            ledger.read(self.scene.addresses[0]).await;
        }
    }

    /// Has every device hear all of it.
    pub(crate) async fn end(mut self) -> Evidence {
        self.scene.epilogue.cancel();
        let devices = all_of(&self.scene, &mut self.devices, "the devices").await;
        let mut hearing_out = JoinSet::new();
        for device in devices {
            let ledger = self.ledgers.iter().find(|ledger| ledger.restaurant == device.restaurant);
            let head = ledger.expect("a restaurant of the scene").log.len() as u64;
            hearing_out.spawn(device.hear_out(head));
        }
        let devices = all_of(&self.scene, &mut hearing_out, "the devices that hear all of it").await;
        Evidence { ledgers: self.ledgers, writes: self.writes, devices }
    }
}

/// What all tasks of a kind came to.
async fn all_of<T: 'static>(scene: &Scene, tasks: &mut JoinSet<T>, who: &str) -> Vec<T> {
    let mut results = Vec::new();
    let all = async {
        while let Some(result) = tasks.join_next().await {
            results.push(result.expect("a task without a panic"));
        }
    };
    // Twice the patience of the actors themselves, who know better what they wait for.
    if timeout(2 * PATIENCE, all).await.is_err() {
        scene.stuck(format!("{who} did not come to an end"));
    }
    results
}

impl Ledger {
    /// Reads the log page by page, and the floor.
    async fn read(&mut self, address: SocketAddr) {
        #[derive(Deserialize)]
        struct Page {
            changes: Vec<Box<RawValue>>,
            next: Option<u64>,
        }
        let mut http = Http::connect(address).await;
        let mut next = Some(0);
        while let Some(since) = next {
            let answer = http.get(&format!("/restaurants/{}/changes?since={since}", self.restaurant)).await;
            let page: Page = serde_json::from_str(&answer.text).expect("a page of the log");
            self.log.extend(page.changes.iter().map(|text| text.get().to_owned()));
            next = page.next;
        }
        self.floor = http.get(&format!("/restaurants/{}/floor", self.restaurant)).await.ok();
    }
}
