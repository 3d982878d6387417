//! `maitred new-epoch`: a PostgreSQL database that was set back says so to its devices.

use anyhow::{Result, bail};

use super::{DatabaseArg, backup::count};
use crate::{config::Database, dispatch::uuid, store::begin_new_lives};

/// Have devices shown the floor anew, after PostgreSQL was set back
///
/// While no server runs. A database that was brought back from a backup, or to an earlier point in time, gives numbers away
/// that it gave away before: a device that heard the former messages would take the new ones for those, and miss them. This
/// names a new life (epoch) of each restaurant's log, all of them in one transaction; nothing else changes. Run before anything
/// is served, once; once more does no harm. Of a SQLite file, `maitred restore` does it by itself.
#[derive(clap::Args)]
pub(super) struct NewEpoch {
    #[command(flatten)]
    database: DatabaseArg,
}

impl NewEpoch {
    pub(super) async fn run(self) -> Result<()> {
        let url = match self.database.database {
            Database::Server(url) => url,
            Database::File(path) => bail!(
                "{} is a SQLite file, whose backups are brought back with `maitred restore`, which does this by itself; \
                 name a PostgreSQL database with --database",
                path.display()
            ),
            Database::Memory => {
                bail!("a database in memory is never set back; name a PostgreSQL database with --database")
            }
        };
        let restaurants = begin_new_lives(&url, || uuid("").to_string()).await?;
        println!("Named a new epoch of the log of {} on {url}.", count(restaurants));
        println!("Devices that come back will be shown the floor anew.");
        Ok(())
    }
}
