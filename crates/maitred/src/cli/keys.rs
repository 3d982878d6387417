//! The keys that vouch for tokens, as the command line names them.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::{Result, anyhow, bail};

use crate::{
    access::{Authoriser, Keys},
    config::KeyFiles,
};

/// Who may come in.
#[derive(Clone, clap::Args)]
#[command(next_help_heading = "Who may come in")]
pub(super) struct KeyArgs {
    /// A file with a secret that tokens are signed with (HS256); `maitred secret` makes one
    #[arg(long = "token-secret-file", env = "MAITRED_TOKEN_SECRET_FILE", value_name = "FILE", value_delimiter = ',')]
    secrets: Vec<PathBuf>,
    /// A public key in PEM (P-256 for ES256, or Ed25519) whose private half signs tokens
    #[arg(long = "token-public-key", env = "MAITRED_TOKEN_PUBLIC_KEY", value_name = "FILE", value_delimiter = ',')]
    public_keys: Vec<PathBuf>,
    /// A JSON Web Key Set with such public keys
    #[arg(long = "token-jwks", env = "MAITRED_TOKEN_JWKS", value_name = "FILE", value_delimiter = ',')]
    jwks: Vec<PathBuf>,
    /// Let everyone do everything who can reach the address
    #[arg(long, env = "MAITRED_OPEN", conflicts_with_all = ["secrets", "public_keys", "jwks"])]
    open: bool,
}

impl KeyArgs {
    /// Reads the keys.
    pub(super) fn read(&self) -> Result<Arc<Keys>> {
        let files =
            KeyFiles { secrets: self.secrets.clone(), public_keys: self.public_keys.clone(), jwks: self.jwks.clone() };
        Ok(Arc::new(Keys::read(&files).map_err(|why| anyhow!(why))?))
    }

    /// Whether there is a file to read again.
    pub(super) fn are_named(&self) -> bool {
        !(self.secrets.is_empty() && self.public_keys.is_empty() && self.jwks.is_empty())
    }

    /// Reads the keys again. Whom none of them vouches for any more is sent away.
    pub(super) fn reload(&self, access: &Authoriser) {
        match self.read() {
            Ok(keys) => {
                access.replace_keys(keys);
                tracing::info!("read the keys again; tokens of those that are gone do not count any more");
            }
            Err(error) => tracing::error!(%error, "could not read the keys again; those from before stay"),
        }
    }

    /// Refuses an open door on an address that others can reach, unless it is meant.
    pub(super) fn guard(&self, keys: &Keys, address: SocketAddr) -> Result<()> {
        if address.ip().is_loopback() || !keys.is_empty() || self.open {
            return Ok(());
        }
        bail!(
            "others can reach {address}, and nothing says yet who may come in. Either make a key, and give each device a \
             token:\n\n    \
             maitred secret maitred.secret\n    \
             maitred token --token-secret-file maitred.secret --role owner\n    \
             maitred serve --listen {address} --token-secret-file maitred.secret\n\n\
             or, on a network where you trust everyone who can reach it, let everyone do everything:\n\n    \
             maitred serve --listen {address} --open"
        )
    }
}
