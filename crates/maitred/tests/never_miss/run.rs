//! One run: a server that is killed again and again, the writers and devices around it, and in the end the evidence.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use rand::{RngExt, rngs::StdRng};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    checker::{Evidence, Ledger, check},
    common::{Http, PATIENCE},
    devices::Device,
    ear::Record,
    scene::{RESTAURANTS, Scene},
    server::Server,
    violation::Violation,
    write::Fate,
    writers::Writer,
};

/// Of what kind a run is.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) binary: PathBuf,
    /// Everything that is left to chance comes out of it, but not how the machine's threads take turns.
    pub(crate) seed: u64,
    /// The run ends after so many kills at least, and after so long at least.
    pub(crate) kills: u64,
    pub(crate) length: Duration,
    /// Whether the server mostly lives for seconds, so that devices have the time to fall behind.
    pub(crate) calm: bool,
    pub(crate) writers: usize,
    pub(crate) devices: usize,
}

/// What came of a run.
pub(crate) struct Report {
    pub(crate) havoc: Havoc,
    pub(crate) evidence: Evidence,
    pub(crate) violations: Vec<Violation>,
}

/// What was done to the server.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Havoc {
    pub(crate) kills: u64,
    pub(crate) clean_restarts: u64,
    pub(crate) freezes: u64,
}

impl Plan {
    /// Runs until it is done, or something is wrong.
    pub(crate) async fn run(&self) -> Report {
        let mut dice = {
            let nowhere = ([127, 0, 0, 1], 0).into();
            Scene::new(nowhere, self.seed, self.calm).dice("server")
        };
        let mut server = Server::new(self.binary.clone(), &mut dice);
        let scene = Arc::new(Scene::new(server.address, self.seed, self.calm));
        let mut havoc = Havoc::default();
        let evidence = tokio::select! {
            played = self.play(&scene, &mut server, &mut dice, &mut havoc) => played.unwrap_or_else(|violation| {
                scene.raise(violation);
                Evidence::default()
            }),
            () = scene.alarm() => Evidence::default(),
        };
        let violations = scene.violations();
        let violations = if violations.is_empty() { check(&evidence) } else { violations };
        Report { havoc, evidence, violations }
    }

    async fn play(
        &self,
        scene: &Arc<Scene>,
        server: &mut Server,
        dice: &mut StdRng,
        havoc: &mut Havoc,
    ) -> Result<Evidence, Violation> {
        server.start().await?;
        let mut ledgers = Vec::new();
        for restaurant in RESTAURANTS {
            let row = get(scene, &format!("/restaurants/{restaurant}")).await["restaurant"].take();
            ledgers.push(Ledger { restaurant: restaurant.to_owned(), first: row, ..Ledger::default() });
        }
        let mut writers = JoinSet::new();
        let mut devices = JoinSet::new();
        for number in 0..self.devices {
            devices.spawn(Device::new(Arc::clone(scene), number).live());
        }
        for number in 0..self.writers {
            let mut writer = Writer::new(Arc::clone(scene), format!("writer-{number}"));
            if number == 0 {
                writer.open_restaurants().await;
            }
            writers.spawn(writer.write());
        }
        self.wreak_havoc(scene, server, dice, havoc).await?;

        scene.curtain.cancel();
        let writes = all_of(scene, writers, "the writers").await;
        scene.epilogue.cancel();
        let devices = all_of(scene, devices, "the devices").await;
        for ledger in &mut ledgers {
            ledger.read(scene).await;
        }
        let mut catching_up = JoinSet::new();
        for device in devices {
            let ledger = ledgers.iter().find(|ledger| ledger.restaurant == device.restaurant);
            let head = ledger.expect("a restaurant of the scene").log.len() as u64;
            catching_up.spawn(device.catch_up(head));
        }
        let devices = all_of(scene, catching_up, "the devices that catch up").await;
        server.complaints().map_or(Ok(()), Err)?;
        Ok(Evidence { ledgers, writes: writes.concat(), devices })
    }

    /// Kills, stops and freezes the server at moments of chance, and starts it again. It runs in the end.
    async fn wreak_havoc(
        &self,
        scene: &Scene,
        server: &mut Server,
        dice: &mut StdRng,
        havoc: &mut Havoc,
    ) -> Result<(), Violation> {
        let begun = Instant::now();
        let up_to = |dice: &mut StdRng, most_ms: u64| Duration::from_micros(dice.random_range(0..most_ms * 1_000));
        while havoc.kills < self.kills || begun.elapsed() < self.length {
            let life_ms = match self.calm {
                true => 3_000..6_000,
                false if dice.random_ratio(1, 4) => 0..4_000,
                false => 0..600,
            };
            sleep(Duration::from_millis(dice.random_range(life_ms))).await;
            if dice.random_bool(0.5) {
                // In the midst of something. Where nobody hears anything, it needs no waiting for.
                _ = timeout(Duration::from_millis(200), scene.heard.notified()).await;
            }
            match dice.random_range(0..20) {
                0..3 => {
                    server.freeze(up_to(dice, 400)).await;
                    havoc.freezes += 1;
                    continue;
                }
                3..5 => {
                    server.stop(None).await?;
                    havoc.clean_restarts += 1;
                }
                5 => {
                    server.stop(Some(up_to(dice, 30))).await?;
                    havoc.kills += 1;
                }
                _ => {
                    server.kill();
                    havoc.kills += 1;
                }
            }
            if dice.random_ratio(1, 6) {
                server.stillbirth(up_to(dice, 40)).await;
                havoc.kills += 1;
            }
            if dice.random_ratio(1, 3) {
                sleep(up_to(dice, 300)).await;
            }
            server.start().await?;
        }
        Ok(())
    }
}

/// What all tasks of a kind came to.
async fn all_of<T: 'static>(scene: &Scene, mut tasks: JoinSet<T>, who: &str) -> Vec<T> {
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
    async fn read(&mut self, scene: &Scene) {
        #[derive(Deserialize)]
        struct Page {
            changes: Vec<Box<RawValue>>,
            next: Option<u64>,
        }
        let mut http = Http::connect(scene.address).await;
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

async fn get(scene: &Scene, path: &str) -> serde_json::Value {
    Http::connect(scene.address).await.get(path).await.ok()
}

/// What was looked at in a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) havoc: Havoc,
    pub(crate) acknowledged: usize,
    pub(crate) refused: usize,
    pub(crate) sent_again: u64,
    pub(crate) given_up_once: usize,
    pub(crate) logged: usize,
    pub(crate) heard: u64,
    pub(crate) heard_before: u64,
    pub(crate) resumes: u64,
    pub(crate) snapshots: u64,
}

impl Report {
    pub(crate) fn figures(&self) -> Figures {
        let Evidence { ledgers, writes, devices } = &self.evidence;
        let with = |wanted: fn(&Fate<'_>) -> bool| writes.iter().filter(|write| wanted(&write.fate())).count();
        let sum = |count: fn(&Record) -> u64| devices.iter().map(count).sum();
        Figures {
            havoc: self.havoc,
            acknowledged: with(|fate| matches!(fate, Fate::Acknowledged(_))),
            refused: with(|fate| *fate == Fate::Refused),
            sent_again: writes.iter().map(|write| write.attempts.saturating_sub(1)).sum(),
            given_up_once: writes.iter().filter(|write| write.loose).count(),
            logged: ledgers.iter().map(|ledger| ledger.log.len()).sum(),
            heard: sum(|device| device.messages),
            heard_before: sum(|device| device.repeats),
            resumes: sum(|device| device.resumes),
            snapshots: sum(|device| device.snapshots),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { havoc: Havoc { kills, clean_restarts, freezes }, acknowledged, refused, .. } = self;
        let Self { sent_again, given_up_once, logged, heard, heard_before, resumes, snapshots, .. } = self;
        writeln!(f, "server    {kills} kills, {clean_restarts} clean restarts, {freezes} freezes")?;
        writeln!(
            f,
            "writes    {acknowledged} acknowledged, {refused} refused; {sent_again} sent again, {given_up_once} given up once"
        )?;
        write!(f, "devices   {heard} messages of a log of {logged} checked, {heard_before} of them heard before; ")?;
        write!(f, "{resumes} resumes, {snapshots} snapshots")
    }
}
