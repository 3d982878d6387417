//! `maitred serve`.

use std::{future::Future, net::SocketAddr};

use anyhow::{Context, Result};
use floor::Id;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::DatabaseArg;
use crate::{
    config::{Config, Database},
    server::Server,
};

/// Serve restaurants to their devices
///
/// Prints one line once it listens. Ctrl-C or SIGTERM ends it in good order: requests under way finish, devices are told
/// to come back, the database is closed. A second Ctrl-C ends it at once; answered writes are on disk all the same.
#[derive(clap::Args)]
pub(super) struct Serve {
    /// The address to listen on
    #[arg(long, env = "MAITRED_LISTEN", default_value = "127.0.0.1:8000", value_name = "ADDRESS:PORT")]
    listen: String,
    #[command(flatten)]
    database: DatabaseArg,
    /// A restaurant to create if it is absent; may be given several times
    #[arg(long = "restaurant", value_name = "ID")]
    restaurants: Vec<Id>,
}

impl Serve {
    pub(super) async fn run(self) -> Result<()> {
        let database = self.database.database;
        let server = Server::open(Config { restaurants: self.restaurants, ..Config::new(database.clone()) }).await?;
        let (listener, address) = listen(&self.listen).await?;
        // Before anybody is told that it listens: they may ask it to end at once.
        let signals = signals()?;
        println!("maitred listens on http://{address}, its data is in {}", place(&database));
        server.run(listener, signals).await;
        Ok(())
    }
}

/// Where the data is, for people.
fn place(database: &Database) -> String {
    match database {
        Database::Memory => "memory and is gone when it ends".to_owned(),
        Database::File(path) => path.canonicalize().unwrap_or_else(|_| path.clone()).display().to_string(),
    }
}

/// Takes the address to listen on.
pub(super) async fn listen(address: &str) -> Result<(TcpListener, SocketAddr)> {
    let failed = || format!("can't listen on {address}; name another address with --listen");
    let listener = TcpListener::bind(address).await.with_context(failed)?;
    let address = listener.local_addr().with_context(failed)?;
    Ok((listener, address))
}

/// Completes on Ctrl-C or SIGTERM. The same again ends the process at once.
pub(super) fn signals() -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt()).context("can't listen for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("can't listen for SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("finishing; the same signal again ends it at once");
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            std::process::exit(1);
        });
    })
}
