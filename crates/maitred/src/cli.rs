//! The command line: reads it, and picks the subcommand.

mod backup;
mod demo;
mod keys;
mod migrate;
mod new_epoch;
mod restaurant;
mod restore;
mod serve;
mod tail;
mod token;

use std::{
    io::{self, IsTerminal},
    panic::{self, PanicHookInfo},
    process::ExitCode,
};

use clap::{
    Parser, Subcommand,
    error::{ContextKind, ContextValue},
};
use tracing_subscriber::EnvFilter;

use crate::config::Database;

/// The server for the front of a restaurant's house: guests who wait, are seated and leave; tables that are free,
/// occupied, dirty. Devices write over HTTP; each change is on disk before it is answered, and every device of that
/// restaurant hears of it over a WebSocket within milliseconds, in order and without a gap.
#[derive(Parser)]
#[command(name = "maitred", version, max_term_width = 100, after_long_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Try it:
  maitred demo                            a restaurant that lives by itself, on http://127.0.0.1:8000
  maitred tail test-restaurant-1          in another terminal: what its devices hear

Run it:
  maitred restaurant add bistro --tables 14
  maitred serve
  maitred tail bistro
  curl http://127.0.0.1:8000/restaurants/bistro/guests \\
       -H 'Content-Type: application/json' -d '{\"guestName\": \"Rivera\", \"partySize\": 4}'

Serve it to others, who need a token to come in:
  maitred secret maitred.secret
  maitred serve --listen 0.0.0.0:8000 --token-secret-file maitred.secret
  maitred token --token-secret-file maitred.secret --role host --restaurant bistro

Keep it safe, while it runs:
  maitred backup bistro-monday.db

Move it to PostgreSQL, while it does not:
  maitred migrate --from sqlite:maitred.db --to postgres://maitred:PASSWORD@db.example/floors

What the server does is logged to standard error. MAITRED_LOG says how much: error, warn, info (the default),
or debug, which has one line a broadcast.";

/// What is logged unless told otherwise. What the bus's library says of itself is said in our own words.
const LOG: &str = "info,async_nats=off";

#[derive(Subcommand)]
enum Command {
    Serve(Box<serve::Serve>),
    Demo(demo::Demo),
    Tail(tail::Tail),
    #[command(subcommand)]
    Restaurant(restaurant::Restaurant),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Migrate(migrate::Migrate),
    NewEpoch(new_epoch::NewEpoch),
    Token(token::Token),
    Secret(token::Secret),
}

/// Where a command finds the data.
#[derive(clap::Args)]
struct DatabaseArg {
    /// Where the data is: sqlite:FILE, postgres://USER:PASSWORD@HOST:PORT/DATABASE, or sqlite::memory: to lose it at the end
    // What the help would show of the environment may be a password.
    #[arg(
        long,
        env = "MAITRED_DATABASE",
        hide_env_values = true,
        default_value = "sqlite:maitred.db",
        value_name = "URL"
    )]
    database: Database,
}

/// What is wrong with the arguments. It would quote an address that can't be read, with its password.
fn without_password(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue)
        && let Some((scheme @ ("postgres" | "postgresql" | "nats" | "tls"), _)) = value.split_once(':')
    {
        let shown = format!("{scheme}://…");
        error.insert(ContextKind::InvalidValue, ContextValue::String(shown));
    }
    error
}

/// Says where a panic happened, and what it says only where that is written in the program: words that were put together
/// may quote a guest's phone number.
fn report_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let words = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("what it says may quote data");
    eprintln!("maitred: panicked at {place}: {words}");
}

/// Runs the command that the process was called with.
pub fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| without_password(error).exit());
    panic::set_hook(Box::new(report_panic));
    let filter = EnvFilter::try_from_env("MAITRED_LOG").unwrap_or_else(|_| EnvFilter::new(LOG));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
    // A device is an open file, and the usual limit of 1,024 of them is meant for programs that know no better.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "could not raise the limit of open files, and with it of devices");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("maitred: can't start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Serve(serve) => serve.run().await,
            Command::Demo(demo) => demo.run().await,
            Command::Tail(tail) => tail.run().await,
            Command::Restaurant(restaurant) => restaurant.run().await,
            Command::Backup(backup) => backup.run(),
            Command::Restore(restore) => restore.run(),
            Command::Migrate(migrate) => migrate.run().await,
            Command::NewEpoch(new_epoch) => new_epoch.run().await,
            Command::Token(token) => token.run(),
            Command::Secret(secret) => secret.run(),
        }
    });
    // Threads that still read a database or a terminal must not keep the process alive.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("maitred: {error:#}");
            ExitCode::FAILURE
        }
    }
}
