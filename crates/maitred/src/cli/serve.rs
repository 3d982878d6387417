//! `maitred serve`.

mod limits;
mod tls;

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use floor::Id;
use socket2::SockRef;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{DatabaseArg, keys::KeyArgs};
use crate::{
    config::{ACCEPT_BACKLOG, BusUrl, Config, DATABASE_CONNECTIONS, Database, LOG_AGE, LOG_MESSAGES, Retention},
    origin::AllowedOrigin,
    server::Server,
};
use limits::LimitsArgs;
use tls::{TlsArgs, on_hangup, reload};

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
    #[command(flatten)]
    nodes: NodeArgs,
    /// A restaurant to create if it is absent; may be given several times
    #[arg(long = "restaurant", value_name = "ID")]
    restaurants: Vec<Id>,
    #[command(flatten)]
    retention: RetentionArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    tls: TlsArgs,
    /// Whose pages may use the server from people's browsers, besides its own: an origin such as https://desk.example, or *
    /// for anybody's; may be given several times, in the environment with commas
    #[arg(long = "allow-origin", env = "MAITRED_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    allow_origins: Vec<AllowedOrigin>,
    #[command(flatten)]
    limits: LimitsArgs,
}

/// How it works with others on one PostgreSQL database.
#[derive(clap::Args)]
struct NodeArgs {
    /// How servers that share a PostgreSQL database tell each other of changes: nats://HOST:4222, several of them separated by
    /// commas. Left out, they use the database's own notifications, for which --database must not lead through a pooler in
    /// transaction mode; where it does, name the database's own address here
    // What the help would show of the environment may be a password.
    #[arg(long, env = "MAITRED_BUS", hide_env_values = true, value_name = "URL")]
    bus: Option<BusUrl>,
    /// The most connections that it holds to a PostgreSQL server, besides one for notifications
    #[arg(
        long,
        env = "MAITRED_DATABASE_CONNECTIONS",
        value_name = "N",
        default_value_t = DATABASE_CONNECTIONS as u16,
        value_parser = clap::value_parser!(u16).range(2..=1_000)
    )]
    database_connections: u16,
}

/// How long things are remembered.
#[derive(clap::Args)]
struct RetentionArgs {
    /// For how many days the log of changes is kept. A device that was away for longer is shown the floor anew
    #[arg(
        long,
        env = "MAITRED_KEEP_DAYS",
        value_name = "N",
        default_value_t = LOG_AGE.as_secs() / SECONDS_A_DAY,
        value_parser = clap::value_parser!(u64).range(1..=36_500)
    )]
    keep_days: u64,
    /// How many changes of each restaurant are kept, however young they are
    #[arg(
        long,
        env = "MAITRED_KEEP_MESSAGES",
        value_name = "N",
        default_value_t = LOG_MESSAGES,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    keep_messages: u64,
    /// After how many days guests who finished, cancelled or did not come are deleted, and their names, phone numbers,
    /// e-mail addresses, notes and tags removed from the log as well. Left out, they are kept
    #[arg(
        long,
        env = "MAITRED_PURGE_GUESTS_AFTER_DAYS",
        value_name = "N",
        value_parser = clap::value_parser!(u64).range(1..=36_500)
    )]
    purge_guests_after_days: Option<u64>,
}

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

impl Serve {
    pub(super) async fn run(self) -> Result<()> {
        let mut database = self.database.database;
        match &mut database {
            Database::Server(url) => url.connections = self.nodes.database_connections.into(),
            Database::File(_) | Database::Memory if self.nodes.bus.is_some() => {
                bail!("--bus is for servers that share a database: name a PostgreSQL server with --database");
            }
            Database::File(_) | Database::Memory => {}
        }
        let retention = Retention {
            age: Duration::from_secs(self.retention.keep_days * SECONDS_A_DAY),
            messages: self.retention.keep_messages,
            guests: self.retention.purge_guests_after_days.map(|days| Duration::from_secs(days * SECONDS_A_DAY)),
            ..Retention::default()
        };
        let tls = self.tls.load()?;
        let keys = self.keys.read()?;
        let (listener, address) = listen(&self.listen).await?;
        self.keys.guard(&keys, address)?;
        let at_home = keys.is_empty() && address.ip().is_loopback();
        let config = Config {
            bus: self.nodes.bus,
            restaurants: self.restaurants,
            retention,
            tls: tls.clone(),
            allow_origins: self.allow_origins,
            limits: self.limits.into(),
            at_home,
            keys,
            ..Config::new(database.clone())
        };
        let server = Server::open(config).await?;
        // Before anybody is told that it listens: they may ask it to end at once.
        let signals = signals()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        if tls.is_some() || self.keys.are_named() {
            let (keys, access) = (self.keys, Arc::clone(server.access()));
            on_hangup(move || {
                tls.iter().for_each(|tls| reload(tls));
                if keys.are_named() {
                    keys.reload(&access);
                }
            })?;
        }
        println!("maitred listens on {scheme}://{address}, its data is in {}", place(&database));
        server.run(listener, signals).await;
        Ok(())
    }
}

/// Where the data is, for people.
fn place(database: &Database) -> String {
    match database {
        Database::Memory => "memory and is gone when it ends".to_owned(),
        Database::File(path) => path.canonicalize().unwrap_or_else(|_| path.clone()).display().to_string(),
        Database::Server(url) => url.to_string(),
    }
}

/// Takes the address to listen on.
pub(super) async fn listen(address: &str) -> Result<(TcpListener, SocketAddr)> {
    let failed = || format!("can't listen on {address}; name another address with --listen");
    let listener = TcpListener::bind(address).await.with_context(failed)?;
    // It listens already, with a queue of the library's own length; said again, it is as long as is said here.
    SockRef::from(&listener).listen(ACCEPT_BACKLOG).with_context(failed)?;
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
