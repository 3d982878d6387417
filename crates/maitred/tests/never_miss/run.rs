//! A run of one server, on a database file of its own, that is killed again and again.

use std::{path::PathBuf, sync::Arc, time::Duration};

use rand::{RngExt, rngs::StdRng};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    checker::Evidence,
    havoc::Havoc,
    performance::Performance,
    report::Report,
    scene::{Scene, dice},
    server::Server,
    violation::Violation,
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

/// How a server is ended most often.
pub(crate) const KILLS: &str = "kills";

impl Plan {
    /// Runs until it is done, or something is wrong.
    pub(crate) async fn run(&self) -> Report {
        let mut dice = dice(self.seed, "server");
        let mut server = Server::alone(self.binary.clone(), &mut dice);
        let scene = Arc::new(Scene::new(&[server.address], self.seed, self.calm));
        let play = async |havoc: &Havoc| self.play(&scene, &mut server, &mut dice, havoc).await;
        Report::of(&scene, play).await
    }

    async fn play(
        &self,
        scene: &Arc<Scene>,
        server: &mut Server,
        dice: &mut StdRng,
        havoc: &Havoc,
    ) -> Result<Evidence, Violation> {
        server.start().await?;
        let mut performance = Performance::begin(scene, self.writers, self.devices).await;
        self.wreak_havoc(scene, server, dice, havoc).await?;
        performance.gather().await;
        performance.end_writing(&[server.address]).await;
        let evidence = performance.end().await;
        server.complaints().map_or(Ok(evidence), Err)
    }

    /// Kills, stops and freezes the server at moments of chance, and starts it again. It runs in the end.
    async fn wreak_havoc(
        &self,
        scene: &Scene,
        server: &mut Server,
        dice: &mut StdRng,
        havoc: &Havoc,
    ) -> Result<(), Violation> {
        let begun = Instant::now();
        let up_to = |dice: &mut StdRng, most_ms: u64| Duration::from_micros(dice.random_range(0..most_ms * 1_000));
        while havoc.count(KILLS) < self.kills || begun.elapsed() < self.length {
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
                    havoc.note("freezes");
                    continue;
                }
                3..5 => {
                    server.stop(None).await?;
                    havoc.note("clean restarts");
                }
                5 => {
                    server.stop(Some(up_to(dice, 30))).await?;
                    havoc.note(KILLS);
                }
                _ => {
                    server.kill();
                    havoc.note(KILLS);
                }
            }
            if dice.random_ratio(1, 6) {
                server.stillbirth(up_to(dice, 40)).await;
                havoc.note(KILLS);
            }
            if dice.random_ratio(1, 3) {
                sleep(up_to(dice, 300)).await;
            }
            server.start().await?;
        }
        Ok(())
    }
}
