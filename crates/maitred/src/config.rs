//! Every setting, with its default; its limits, each with a reason beside it, are in `config/limits.rs`.

mod limits;
mod postgres;

use std::{fmt, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use floor::Id;

use crate::{access::Keys, origin::AllowedOrigin, tls::Tls};

pub use limits::*;
pub use postgres::PostgresUrl;

/// Where the keys are that vouch for tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFiles {
    /// Secrets, for HS256.
    pub secrets: Vec<PathBuf>,
    /// Public keys in PEM, for ES256 and EdDSA.
    pub public_keys: Vec<PathBuf>,
    /// JSON Web Key Sets.
    pub jwks: Vec<PathBuf>,
}

/// How a server runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the data is.
    pub database: Database,
    /// How processes that share the database tell each other what they commit; none: by the database's own means.
    pub bus: Option<BusUrl>,
    /// Restaurants to create if they are absent.
    pub restaurants: Vec<Id>,
    /// The rhythm of the sockets.
    pub realtime: Realtime,
    /// How long the log remembers.
    pub retention: Retention,
    /// The keys that vouch for tokens. Without any, the door is open: everyone may do everything.
    pub keys: Arc<Keys>,
    /// The certificate to encrypt connections with; without one, they are plain.
    pub tls: Option<Arc<Tls>>,
    /// Whose pages may use the server from people's browsers, besides its own.
    pub allow_origins: Vec<AllowedOrigin>,
    /// What one peer may take of the server.
    pub limits: Limits,
    /// Whether every peer is this machine's own: then neither connections are counted by their address nor is the pace of
    /// writes held, since whoever is at home could as well stop the process.
    pub at_home: bool,
}

impl Config {
    /// A server on `database` with every other setting at its default.
    pub fn new(database: Database) -> Self {
        Self {
            database,
            bus: None,
            restaurants: Vec::new(),
            realtime: Realtime::default(),
            retention: Retention::default(),
            keys: Arc::default(),
            tls: None,
            allow_origins: Vec::new(),
            limits: Limits::DEFAULT,
            at_home: true,
        }
    }
}

/// How long things are remembered. Of the log, whichever ends sooner counts.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Messages older than this are dropped.
    pub age: Duration,
    /// Of each restaurant, so many messages are kept.
    pub messages: u64,
    /// Guests whose evening has been over for longer than this are deleted and forgotten; none: they are kept.
    pub guests: Option<Duration>,
    /// How often what may go is looked for. Never zero.
    pub interval: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { age: LOG_AGE, messages: LOG_MESSAGES, guests: None, interval: PRUNE_INTERVAL }
    }
}

/// The rhythm of the sockets.
#[derive(Debug, Clone, Copy)]
pub struct Realtime {
    /// How often the server sends a WebSocket ping. Under the 30 s after which home routers forget idle connections.
    pub ping_interval: Duration,
    /// After how long without another message the server sends a heartbeat.
    pub heartbeat_interval: Duration,
    /// After how long without a sign of life a device counts as gone: three pings unanswered.
    pub silence_timeout: Duration,
    /// How long a socket may accept nothing while something is to be sent.
    pub send_timeout: Duration,
    /// How often it is looked whether other processes have written what the bus did not bring.
    pub sweep_interval: Duration,
    /// Reads of the log by sessions that may be under way or wait at once.
    pub read_line: usize,
}

impl Default for Realtime {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            heartbeat_interval: Duration::from_secs(30),
            silence_timeout: Duration::from_secs(75),
            send_timeout: Duration::from_secs(60),
            sweep_interval: SWEEP_INTERVAL,
            read_line: READ_LINE,
        }
    }
}

/// Where the data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL server.
    Server(PostgresUrl),
    /// This process's memory: gone when it ends.
    Memory,
}

impl FromStr for Database {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if PostgresUrl::is_meant_by(text) {
            return text.parse().map(Self::Server);
        }
        let expected = || format!("must be sqlite:FILE, sqlite::memory: or postgres://…, not {text:?}");
        let path = text.strip_prefix("sqlite:").ok_or_else(expected)?;
        match path.strip_prefix("//").unwrap_or(path) {
            "" => Err(expected()),
            ":memory:" => Ok(Self::Memory),
            path => Ok(Self::File(path.into())),
        }
    }
}

/// How processes that share a database tell each other what they commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusUrl {
    /// Over NATS servers.
    Nats(NatsUrl),
    /// By notifications of this PostgreSQL server: the database's own address, where `--database` names a pooler.
    Postgres(PostgresUrl),
}

/// The addresses of one or more NATS servers that belong together, separated by commas. They never show their passwords.
#[derive(Clone, PartialEq, Eq)]
pub struct NatsUrl(String);

impl NatsUrl {
    pub(crate) fn servers(&self) -> impl Iterator<Item = &str> {
        self.0.split(',')
    }
}

impl fmt::Debug for NatsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NatsUrl")
    }
}

impl FromStr for BusUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if PostgresUrl::is_meant_by(text) {
            return text.parse().map(Self::Postgres);
        }
        let is_nats = |server: &str| {
            let scheme = ["nats://", "tls://"].into_iter().any(|scheme| server.starts_with(scheme));
            scheme && server.parse::<async_nats::ServerAddr>().is_ok_and(|address| !address.host().is_empty())
        };
        match text.split(',').all(is_nats) {
            true => Ok(Self::Nats(NatsUrl(text.to_owned()))),
            false => Err("must be nats://HOST:4222, several of them separated by commas, or postgres://…".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_is_named_by_a_url() {
        for good in ["nats://localhost:4222", "nats://ada:secret@a:4222,nats://b", "tls://bus.example"] {
            let bus: BusUrl = good.parse().expect("a bus");
            assert!(matches!(bus, BusUrl::Nats(_)) && !format!("{bus:?}").contains("secret"), "{good}");
        }
        assert!(matches!("postgres://ada@localhost/floors".parse(), Ok(BusUrl::Postgres(_))));
        for bad in ["", "localhost:4222", "nats://", "redis://localhost", "nats://a,b"] {
            assert!(bad.parse::<BusUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_database_is_named_by_a_url() {
        assert_eq!("sqlite:maitred.db".parse(), Ok(Database::File("maitred.db".into())));
        assert_eq!("sqlite:///var/lib/maitred.db".parse(), Ok(Database::File("/var/lib/maitred.db".into())));
        assert_eq!("sqlite::memory:".parse(), Ok(Database::Memory));
        assert!(matches!("postgres://ada@localhost/floors".parse(), Ok(Database::Server(_))));
        for bad in ["", "maitred.db", "sqlite:", "mysql://localhost/x"] {
            assert!(bad.parse::<Database>().is_err_and(|error| error.contains(bad)), "{bad}");
        }
    }
}
