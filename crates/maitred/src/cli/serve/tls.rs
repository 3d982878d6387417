//! `maitred serve`: where the certificate is, and reading it anew.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, Result};
use clap::Args;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::spawn_blocking,
};

use crate::tls::Tls;

/// How connections are encrypted.
#[derive(Args)]
#[command(next_help_heading = "Encryption")]
pub(super) struct TlsArgs {
    /// The server's certificate in PEM, those that vouch for it after it; without one, connections are not encrypted.
    /// Read again on SIGHUP
    #[arg(long, env = "MAITRED_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM. Read again on SIGHUP
    #[arg(long, env = "MAITRED_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

impl TlsArgs {
    /// The certificate, if there is to be one.
    pub(super) fn load(self) -> Result<Option<Arc<Tls>>> {
        // Neither comes without the other.
        let Some((certificate, key)) = self.tls_cert.zip(self.tls_key) else { return Ok(None) };
        let tls = Tls::load(certificate, key).context("can't encrypt connections; see --tls-cert and --tls-key")?;
        Ok(Some(Arc::new(tls)))
    }
}

/// Reads the certificate again.
pub(super) fn reload(tls: &Tls) {
    match tls.reload() {
        Ok(()) => tracing::info!("read the certificate again; new connections get it"),
        Err(error) => tracing::error!(%error, "could not read the certificate again; the one from before stays"),
    }
}

/// Does this on each SIGHUP from now on. Whoever has nothing to read again does not call this: a terminal that is closed
/// then ends the process, as people expect.
pub(super) fn on_hangup(reload: impl Fn() + Send + Sync + 'static) -> Result<()> {
    let mut hangup = signal(SignalKind::hangup()).context("can't listen for SIGHUP")?;
    let reload = Arc::new(reload);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let reload = Arc::clone(&reload);
            // Files may be slow. One that panics has said so, and the next signal has another try.
            _ = spawn_blocking(move || reload()).await;
        }
    });
    Ok(())
}
