//! Connections to the server, and how they are lent: each to one task at a time, and back only as clean as it came.

use std::{future::poll_fn, ops::Deref, time::Duration};

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType, Timeouts,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    time::timeout,
};
use tokio_postgres::{
    AsyncMessage, Client, Config, Connection, Error, NoTls, Notification, Row,
    config::SslMode,
    types::{ToSql, Type},
};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::ClientConfig;

use super::trouble::is_lost;
use crate::{
    config::{DATABASE_CONNECT_TIMEOUT, DATABASE_READ_TIMEOUT, DATABASE_WAIT_TIMEOUT, LOOK_QUEUE, PostgresUrl},
    store::{StoreError, error::Trouble},
    tls,
};

/// A parameter of a statement, with its type: statements are not prepared, so nobody asks the server for it.
pub(super) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// At most so many connections. Clones share them.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool,
}

/// A connection on loan. One that is dropped before it is given back is closed: nobody else must find its transaction
/// open, or what it was asked for last still under way.
pub(super) struct Loan {
    connection: Option<Object>,
    /// Whether it was there before it was asked for: it may have been lost since it was last used.
    lay_idle: bool,
}

impl Connections {
    /// As many as `most`, none of which is there yet.
    pub(super) fn new(url: &PostgresUrl, most: usize) -> Result<Self, StoreError> {
        let config = url.config();
        let connect_timeout = connect_timeout(&config);
        let manner = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match config.get_ssl_mode() {
            SslMode::Require => Manager::from_config(config, MakeRustlsConnect::new(tls()?), manner),
            _ => Manager::from_config(config, NoTls, manner),
        };
        let timeouts = Timeouts {
            wait: Some(DATABASE_WAIT_TIMEOUT),
            create: Some(connect_timeout),
            recycle: Some(DATABASE_CONNECT_TIMEOUT),
        };
        let pool = Pool::builder(manager).max_size(most).timeouts(timeouts).runtime(Runtime::Tokio1).build();
        Ok(Self { pool: pool.map_err(|error| StoreError::Bug(error.to_string()))? })
    }

    /// Lends a connection, as soon as one is free.
    pub(super) async fn lend(&self) -> Result<Loan, StoreError> {
        match self.pool.get().await {
            Ok(connection) => {
                let lay_idle = Object::metrics(&connection).recycle_count > 0;
                Ok(Loan { connection: Some(connection), lay_idle })
            }
            Err(PoolError::Backend(error)) => Err(error.into()),
            Err(PoolError::Closed) => Err(StoreError::Closed),
            Err(PoolError::Timeout(TimeoutType::Wait)) => Err(StoreError::Overloaded),
            Err(PoolError::Timeout(_)) => Err(StoreError::lost("a connection")),
            Err(error) => Err(StoreError::Bug(error.to_string())),
        }
    }

    /// Asks one question, of one moment, or has one statement carried out that does no harm if it is carried out twice. Where
    /// the connection turns out to be lost, asks again on another ([`Loan::is_replaceable`]).
    pub(super) async fn query(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, StoreError> {
        let mut is_first = true;
        loop {
            let loan = self.lend().await?;
            let answer = timeout(DATABASE_READ_TIMEOUT, loan.query_typed(sql, parameters)).await;
            match answer.map_err(|_| StoreError::lost("an answer"))? {
                Ok(rows) => {
                    loan.give_back();
                    return Ok(rows);
                }
                Err(error) if loan.is_replaceable(&error, is_first) => is_first = false,
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// A connection by itself, and what it is notified of, until it is lost.
pub(crate) async fn listen(url: &PostgresUrl) -> Result<(Client, mpsc::Receiver<Notification>), StoreError> {
    let config = url.config();
    let (notifications, heard) = mpsc::channel(LOOK_QUEUE);
    let connect_timeout = connect_timeout(&config);
    let connected = async {
        match config.get_ssl_mode() {
            SslMode::Require => {
                let (client, connection) = config.connect(MakeRustlsConnect::new(tls()?)).await?;
                tokio::spawn(pass_on(connection, notifications));
                Ok(client)
            }
            _ => {
                let (client, connection) = config.connect(NoTls).await?;
                tokio::spawn(pass_on(connection, notifications));
                Ok(client)
            }
        }
    };
    let client = timeout(connect_timeout, connected).await.map_err(|_| StoreError::lost("a connection"))?;
    client.map(|client| (client, heard))
}

/// How long it may take until one of the hosts that an address names is found to be there: each has its own time, one after the
/// other.
fn connect_timeout(config: &Config) -> Duration {
    let hosts = config.get_hosts().len().max(1) as u32;
    config.get_connect_timeout().map_or(DATABASE_CONNECT_TIMEOUT, |each| *each) * hosts + DATABASE_CONNECT_TIMEOUT
}

/// Keeps a connection going, and ends with it.
async fn pass_on<S, T>(mut connection: Connection<S, T>, notifications: mpsc::Sender<Notification>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
        if let AsyncMessage::Notification(notification) = message {
            // Where too many wait already, the sweep finds what they would tell.
            _ = notifications.try_send(notification);
        }
    }
}

/// How the server is verified where its address says `sslmode=require`: by whom this machine trusts, or by those in the file that
/// `SSL_CERT_FILE` names.
pub(super) fn tls() -> Result<ClientConfig, StoreError> {
    let config = tls::client(None).map_err(|error| StoreError::database(Trouble::CannotOpen, error.to_string()))?;
    Ok(ClientConfig::clone(&config))
}

impl Loan {
    /// Whether what this connection was asked for first is to be asked for again on another, since this one is lost. All that
    /// lay idle may be, as they are when the server was restarted, so that the next one tells nothing new; one that was
    /// just made does, unless it was the first.
    pub(super) fn is_replaceable(&self, error: &Error, is_first: bool) -> bool {
        is_lost(error) && (self.lay_idle || is_first)
    }

    /// Gives it back, with no transaction open and nothing under way.
    pub(super) fn give_back(mut self) {
        drop(self.connection.take());
    }
}

impl Deref for Loan {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.connection.as_ref().expect("it is there until it is given back")
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}
