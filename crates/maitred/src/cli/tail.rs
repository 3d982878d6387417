//! `maitred tail`: a second device, in a terminal.

mod describe;

use std::{
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{sleep, timeout},
};
use tokio_rustls::rustls;
use tokio_tungstenite::{
    Connector, connect_async_tls_with_config,
    tungstenite::{self, Message, client::IntoClientRequest, handshake::client::Request, http::header::AUTHORIZATION},
};

use crate::tls;
use describe::describe;

/// Listen to a restaurant as its devices do
///
/// Prints one line a message: when, its number, what happened. When the connection breaks, it comes back by itself and
/// goes on where it left off.
#[derive(clap::Args)]
pub(super) struct Tail {
    /// The restaurant's id
    restaurant: String,
    /// The server
    #[arg(long, env = "MAITRED_URL", default_value = "http://127.0.0.1:8000")]
    url: String,
    /// Trust the certificate authorities in this file, in PEM, and no others; a server's own certificate will do
    #[arg(long, env = "MAITRED_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Begin after this message rather than with what happens from now on; 0 is the beginning
    #[arg(long, value_name = "SEQ")]
    since: Option<u64>,
    /// The token that lets you in
    #[arg(long, env = "MAITRED_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Print the messages as they come, a JSON object a line
    #[arg(long)]
    json: bool,
}

/// A server that is heard nothing of for so long is gone: it pings three times as often.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(75);

/// The wait before another try, doubled with each that fails.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = Duration::from_secs(5);

/// Where to go on.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cursor {
    since: Option<u64>,
    epoch: Option<String>,
}

/// Why a connection came to its end.
enum End {
    /// The server named a time to come back after.
    Retry(Duration),
    /// The connection broke.
    Broken(String),
    /// Standard output is closed: nobody reads any more.
    Unread,
    /// There is no such restaurant, or no way into it.
    Unwelcome(String),
}

impl Tail {
    pub(super) async fn run(self) -> Result<()> {
        // Read once and only where it is needed: what a machine trusts is read from its files.
        let encrypted = self.address(&Cursor::default())?.starts_with("wss:");
        let connector = encrypted.then(|| tls::client(self.ca.as_deref())).transpose()?.map(Connector::Rustls);
        let mut cursor = Cursor { since: self.since, epoch: None };
        let mut wait = FIRST_RETRY;
        let mut told = None;
        // One for the whole time: a Ctrl-C between two of them would be lost.
        let mut interrupt = signal(SignalKind::interrupt()).context("can't listen for Ctrl-C")?;
        loop {
            let end = tokio::select! {
                end = self.listen(connector.as_ref(), &mut cursor, &mut wait) => end?,
                _ = interrupt.recv() => return Ok(()),
            };
            let pause = match end {
                End::Unread => return Ok(()),
                End::Unwelcome(message) => bail!(message),
                End::Retry(pause) => pause,
                End::Broken(why) => {
                    // Once is enough for as long as it stays the same.
                    if told.as_ref() != Some(&why) {
                        eprintln!("maitred: {why}; trying again until it is back");
                    }
                    told = Some(why);
                    let pause = wait.mul_f64(rand::random_range(0.5..1.0));
                    wait = (wait * 2).min(LAST_RETRY);
                    pause
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                _ = interrupt.recv() => return Ok(()),
            }
        }
    }

    /// Connects, and prints what comes until the connection ends.
    async fn listen(&self, connector: Option<&Connector>, cursor: &mut Cursor, wait: &mut Duration) -> Result<End> {
        let request = self.request(cursor)?;
        let connected = connect_async_tls_with_config(request, None, true, connector.cloned()).await;
        let mut socket = match connected {
            Ok((socket, _)) => socket,
            Err(error) if is_distrust(&error) => {
                return Ok(End::Broken(format!("{} has a certificate that is not trusted here; see --ca", self.url)));
            }
            Err(error) => return Ok(End::Broken(format!("can't reach {}: {error}", self.url))),
        };
        *wait = FIRST_RETRY;
        loop {
            let message = match timeout(SILENCE_TIMEOUT, socket.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => text,
                Ok(Some(Ok(_))) => continue,
                Ok(Some(Err(error))) => return Ok(End::Broken(format!("the connection broke: {error}"))),
                Ok(None) => return Ok(End::Broken("the connection was closed".to_owned())),
                Err(_) => return Ok(End::Broken("the server has fallen silent".to_owned())),
            };
            if let Some(end) = self.take(&message, cursor)? {
                return Ok(end);
            }
        }
    }

    /// The request for a socket. The token travels in a header: addresses end up in logs.
    fn request(&self, cursor: &Cursor) -> Result<Request> {
        let mut request = self.address(cursor)?.into_client_request().context("--url is no address")?;
        if let Some(token) = &self.token {
            let value = format!("Bearer {token}").parse().map_err(|_| anyhow!("--token is no token"))?;
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        Ok(request)
    }

    /// The WebSocket's address, with where to go on.
    fn address(&self, cursor: &Cursor) -> Result<String> {
        let base = self.url.trim_end_matches('/');
        let socket = match base.split_once("://") {
            Some(("http" | "ws", rest)) => format!("ws://{rest}"),
            Some(("https" | "wss", rest)) => format!("wss://{rest}"),
            _ => bail!("--url must begin with http:// or https://, not be {base:?}"),
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("restaurant_id", &self.restaurant).append_pair("platform", "tail");
        if let Some(since) = cursor.since {
            query.append_pair("since", &since.to_string());
        }
        if let Some(epoch) = &cursor.epoch {
            query.append_pair("epoch", epoch);
        }
        Ok(format!("{socket}/realtime?{}", query.finish()))
    }

    /// Prints a message and moves the cursor past it.
    fn take(&self, text: &str, cursor: &mut Cursor) -> Result<Option<End>> {
        let message: Value = serde_json::from_str(text).context("the server sent what is not JSON")?;
        let line = if self.json { Some(text.to_owned()) } else { describe(&message) };
        if let Some(line) = line
            && writeln!(io::stdout(), "{line}").is_err()
        {
            return Ok(Some(End::Unread));
        }
        cursor.pass(&message);
        if message["type"] != "bye" {
            return Ok(None);
        }
        let pause = Duration::from_millis(message["retry_ms"].as_u64().unwrap_or_default());
        Ok(Some(match message["reason"].as_str() {
            Some("not_found") => End::Unwelcome(format!("{} has no restaurant {:?}", self.url, self.restaurant)),
            Some("not_allowed") => {
                let why = if self.token.is_some() { "with this token" } else { "without a token; see --token" };
                End::Unwelcome(format!("{} does not let you into {:?} {why}", self.url, self.restaurant))
            }
            _ => End::Retry(pause),
        }))
    }
}

impl Cursor {
    /// Moves past a message.
    fn pass(&mut self, message: &Value) {
        let (seq, epoch) = (message["seq"].as_u64(), || message["epoch"].as_str().map(str::to_owned));
        match message["type"].as_str() {
            // The first time, what happened before is not asked for. Later the replay or a snapshot follows; until it
            // has come, the place to go on from is the old one, in the old life of the log.
            Some("restaurant_connect") => {
                self.epoch = self.epoch.take().or_else(epoch);
                self.since = self.since.or(seq);
            }
            Some("snapshot") if message["part"] == message["parts"] => (self.since, self.epoch) = (seq, epoch()),
            Some("snapshot" | "bye" | "pong" | "heartbeat" | "error") => {}
            _ => self.since = seq.or(self.since),
        }
    }
}

/// Whether a connection failed because nobody vouches for the server's certificate.
fn is_distrust(error: &tungstenite::Error) -> bool {
    let tungstenite::Error::Io(error) = error else { return false };
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    matches!(error, Some(rustls::Error::InvalidCertificate(_)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cursor_leaves_the_old_life_of_a_log_only_with_the_last_part_of_a_snapshot() {
        let mut cursor = Cursor::default();
        let at = |since: u64, epoch: &str| Cursor { since: Some(since), epoch: Some(epoch.to_owned()) };
        for (message, place) in [
            (json!({ "type": "restaurant_connect", "seq": 3, "epoch": "old" }), at(3, "old")),
            (json!({ "type": "guest_updated", "seq": 4 }), at(4, "old")),
            (json!({ "type": "heartbeat", "seq": 4 }), at(4, "old")),
            (json!({ "type": "bye", "reason": "shutting_down", "retry_ms": 500 }), at(4, "old")),
            (json!({ "type": "restaurant_connect", "seq": 9, "epoch": "new" }), at(4, "old")),
            (json!({ "type": "snapshot", "part": 1, "parts": 2, "seq": 9, "epoch": "new" }), at(4, "old")),
            (json!({ "type": "snapshot", "part": 2, "parts": 2, "seq": 9, "epoch": "new" }), at(9, "new")),
            (json!({ "type": "guest_updated", "seq": 10 }), at(10, "new")),
        ] {
            cursor.pass(&message);
            assert_eq!(cursor, place, "{message}");
        }
    }
}
