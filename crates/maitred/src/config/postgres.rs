//! The address of a PostgreSQL server. It never shows its password.

use std::{fmt, str::FromStr};

use tokio_postgres::config::{Host, SslMode};

use super::{DATABASE_CONNECT_TIMEOUT, DATABASE_CONNECTIONS, DATABASE_KEEPALIVE, DATABASE_SILENCE_TIMEOUT};

/// Where a PostgreSQL server is, who we are there, and how many connections we may hold.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    config: Box<tokio_postgres::Config>,
    /// The most connections that a process holds, but for one that only listens. At least 2.
    pub connections: usize,
}

impl PostgresUrl {
    /// Whether a text is meant to be one.
    pub(crate) fn is_meant_by(text: &str) -> bool {
        text.starts_with("postgres:") || text.starts_with("postgresql:")
    }

    /// How to connect. Where `sslmode=require` is not asked for, connections are plain, as within a private network;
    /// where it is, the server is also verified.
    pub(crate) fn config(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::clone(&self.config);
        if config.get_ssl_mode() != SslMode::Require {
            config.ssl_mode(SslMode::Disable);
        }
        if config.get_application_name().is_none() {
            config.application_name("maitred");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(DATABASE_CONNECT_TIMEOUT);
        }
        // A server whose machine is gone says nothing: without these, it would be waited for for a quarter of an hour.
        config.keepalives_idle(DATABASE_KEEPALIVE);
        config.keepalives_interval(DATABASE_KEEPALIVE);
        config.tcp_user_timeout(DATABASE_SILENCE_TIMEOUT);
        config
    }
}

impl FromStr for PostgresUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let config: tokio_postgres::Config = text.parse().map_err(|error: tokio_postgres::Error| {
            let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            format!("must be postgres://USER:PASSWORD@HOST:PORT/DATABASE: {why}")
        })?;
        if config.get_hosts().is_empty() {
            return Err("must name a host: postgres://USER:PASSWORD@HOST:PORT/DATABASE".to_owned());
        }
        Ok(Self { config: Box::new(config), connections: DATABASE_CONNECTIONS })
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        let ports = self.config.get_ports();
        for (index, host) in self.config.get_hosts().iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            match host {
                Host::Tcp(name) => write!(f, "{comma}{name}")?,
                Host::Unix(path) => write!(f, "{comma}{}", path.display())?,
            }
            // One port counts for all hosts.
            write!(f, ":{}", ports.get(index).or(ports.first()).copied().unwrap_or(5432))?;
        }
        write!(f, "/{}", self.config.get_dbname().or(self.config.get_user()).unwrap_or_default())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (text, shown) in [
            ("postgres://ada:secret@db.example:6000/floors", "postgres://db.example:6000/floors"),
            ("postgresql://ada@10.0.0.1,10.0.0.2/floors", "postgres://10.0.0.1:5432,10.0.0.2:5432/floors"),
            ("postgres://ada:secret@[::1]?sslmode=require", "postgres://::1:5432/ada"),
        ] {
            let url: PostgresUrl = text.parse().expect("an address");
            assert_eq!((url.to_string(), format!("{url:?}")), (shown.to_owned(), shown.to_owned()));
        }
        for bad in ["postgres://", "postgres://ada@h:many/x", "postgres://h/x?colour=red"] {
            assert!(bad.parse::<PostgresUrl>().is_err_and(|error| error.starts_with("must ")), "{bad}");
        }
    }
}
