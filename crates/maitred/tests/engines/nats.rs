//! A NATS server that keeps nothing: killed, frozen, started again on the same port.

use super::process::{self, Engine, Program};

/// A server of its own. It is ended when it is dropped.
pub(crate) struct Nats {
    engine: Engine,
}

impl Nats {
    pub(crate) async fn start() -> Self {
        let path = process::program("nats-server", "nats-server");
        let server = Program { path, ready: "Listening for client connections", end: "KILL" };
        let engine = Engine::start(server, process::folder(), |port| {
            ["--addr", "127.0.0.1", "--port", &port.to_string()].map(str::to_owned).into()
        });
        Self { engine: engine.await }
    }

    /// `nats://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.engine.port())
    }

    /// Ends it at once.
    pub(crate) async fn kill(&mut self) {
        self.engine.end("KILL").await;
    }

    /// Starts it on the same port after a [`Self::kill`]; waits until it takes clients.
    pub(crate) async fn start_again(&mut self) {
        self.engine.start_again().await;
    }

    /// Stops its time, until [`Self::thaw`].
    pub(crate) fn freeze(&mut self) {
        self.engine.freeze();
    }

    pub(crate) fn thaw(&mut self) {
        self.engine.thaw();
    }
}
