//! `maitred token` and `maitred secret`: what lets devices in.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use anyhow::{Context, Result, anyhow, bail};

use crate::{
    access::{Claims, Restaurants, Role, SigningKey, mint, secret},
    dispatch::now,
};

/// Make a token that lets someone in
///
/// Prints it. Devices send it as `Authorization: Bearer TOKEN`, or as `token` in their first message on a socket. Whoever
/// has it may come in until it expires; change the key to end it sooner.
#[derive(clap::Args)]
pub(super) struct Token {
    #[command(flatten)]
    key: KeyArg,
    /// Who it is for, as the audit trail will say
    #[arg(long, value_name = "NAME", default_value = "maitred token")]
    subject: String,
    /// A restaurant that it lets into, or `*` for all of them; may be given several times
    #[arg(long = "restaurant", value_name = "ID", default_value = "*")]
    restaurants: Vec<String>,
    /// What its bearer is there: display, host, manager or owner
    #[arg(long, value_name = "ROLE")]
    role: Role,
    /// For how many days it is good
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=36_500))]
    days: u64,
    /// The same in seconds
    #[arg(long, value_name = "N", conflicts_with = "days", value_parser = clap::value_parser!(u64).range(1..=3_153_600_000))]
    seconds: Option<u64>,
}

/// What a token is signed with.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct KeyArg {
    /// The file with the secret that the server is given, too
    #[arg(long = "token-secret-file", env = "MAITRED_TOKEN_SECRET_FILE", value_name = "FILE")]
    secret: Option<PathBuf>,
    /// A private key in PEM (PKCS #8; P-256 or Ed25519) whose public half the server is given
    #[arg(long = "token-private-key", value_name = "FILE")]
    private_key: Option<PathBuf>,
}

/// Make a secret that tokens are signed with
///
/// Writes it to a new file that only you can read. Keep it as you would keep the key to the door.
#[derive(clap::Args)]
pub(super) struct Secret {
    /// The file to make
    file: PathBuf,
}

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

impl Token {
    pub(super) fn run(self) -> Result<()> {
        let key = self.key.read()?;
        let restaurants = match self.restaurants.as_slice() {
            [one] if one == "*" => Restaurants::One("*".to_owned()),
            _ => Restaurants::Several(self.restaurants.into_iter().collect()),
        };
        let lasts = self.seconds.unwrap_or(self.days * SECONDS_A_DAY);
        let exp = now().as_microseconds().unsigned_abs() / 1_000_000 + lasts;
        let claims = Claims { sub: self.subject, restaurants, role: self.role, exp };
        println!("{}", mint(&claims, &key).map_err(|why| anyhow!(why))?);
        Ok(())
    }
}

impl KeyArg {
    fn read(&self) -> Result<SigningKey> {
        match (&self.secret, &self.private_key) {
            (Some(path), _) => {
                let read = fs::read(path);
                let hint = || format!("can't read {}; `maitred secret {0}` makes a secret", path.display());
                let bytes = read.with_context(hint)?;
                Ok(SigningKey::Secret(secret(&bytes).map_err(|why| anyhow!("{} {why}", path.display()))?))
            }
            (None, Some(path)) => {
                Ok(SigningKey::Private(fs::read(path).with_context(|| format!("can't read {}", path.display()))?))
            }
            (None, None) => bail!("name the key: --token-secret-file or --token-private-key"),
        }
    }
}

impl Secret {
    pub(super) fn run(self) -> Result<()> {
        let secret: [u8; 32] = rand::random();
        let text: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = self.file.display();
        // Never over another one: tokens that it signed would not count any more.
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.file)
            .with_context(|| format!("can't make {path}"))?;
        writeln!(file, "{text}").and_then(|()| file.sync_all()).with_context(|| format!("can't write {path}"))?;
        println!("The secret is in {path}. Serve with it: maitred serve --token-secret-file {path}");
        Ok(())
    }
}
