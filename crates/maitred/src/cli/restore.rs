//! `maitred restore`: a backup takes the database's place. What was there is kept, and there is always one or the other.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt, chown},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail};

use super::{
    DatabaseArg,
    backup::{beside, count, existing_file, remove_if_there, sync_folder_of},
};
use crate::{
    config::Database,
    dispatch::{now, uuid},
    store::{Check, FileLock, Settled, begin_new_life, check_database, copy_database, settle},
};

/// Bring a backup back, while no server runs
///
/// The backup takes the place of the database; the backup itself stays as it is. What was there before is kept beside it,
/// under a name that is printed. Devices that come back are shown the floor anew, since what they heard after the backup
/// was made has not happened any more. A PostgreSQL database is brought back by its own tools, and then told so with
/// `maitred new-epoch`.
#[derive(clap::Args)]
pub(super) struct Restore {
    /// The backup, as `maitred backup` wrote it
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArg,
}

/// What SQLite may have left beside a database.
const SIDECARS: [&str; 3] = ["-wal", "-shm", "-journal"];

impl Restore {
    pub(super) fn run(self) -> Result<()> {
        let database = match self.database.database {
            Database::File(database) => database,
            Database::Memory => {
                bail!("a backup can't be restored into memory, which is gone when it ends; name a file with --database")
            }
            Database::Server(url) => bail!(
                "{url} is brought back by PostgreSQL's own tools (pg_restore, its base backups, or your provider's), while \
                 nothing serves it; then run `maitred new-epoch`, so that no device takes new numbers for old ones. To move \
                 a SQLite file there, run `maitred migrate`"
            ),
        };
        let backup = existing_file(&self.file, "no backup", "name another file")?;
        if is_same_file(&backup, &database) {
            bail!("{} is the database itself, not a backup of it; name another file", backup.display());
        }
        let lock = FileLock::take(&database)
            .map_err(|why| anyhow!("can't restore to the database {}: {why}", database.display()))?;
        let database = lock.database();
        let refused = |why| anyhow!("can't restore from {}: {why}", backup.display());
        check_database(&backup, Check::Whole).map_err(refused)?;
        let new = New::beside(database, &backup)?;
        copy_database(&backup, &new.path).map_err(refused)?;
        let restaurants = begin_new_life(&new.path, || uuid("").to_string()).map_err(refused)?;
        let kept = new.take_the_place_of(database)?;
        println!("Restored {} from {}: {}.", database.display(), backup.display(), count(restaurants));
        if let Some(kept) = kept {
            println!("What was there before is kept in {}.", kept.display());
        }
        println!("Devices that come back will be shown the floor anew.");
        Ok(())
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

/// The database that is going to be. Removed when dropped.
struct New {
    path: PathBuf,
}

impl New {
    /// An empty file beside the database; what an earlier attempt left there is removed. Whoever may not read the
    /// database, or the backup where there is none, may not read it either.
    fn beside(database: &Path, backup: &Path) -> Result<Self> {
        let path = beside(database, ".restoring");
        for file in SIDECARS.map(|sidecar| beside(&path, sidecar)).iter().chain([&path]) {
            remove_if_there(file)
                .with_context(|| format!("can't remove {}, left by an earlier attempt", file.display()))?;
        }
        let mode = fs::metadata(database).or_else(|_| fs::metadata(backup)).map_or(0o600, |file| file.mode() & 0o777);
        let created = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path);
        created.map_err(|error| anyhow!("can't write {}: {error}; may this user write there?", path.display()))?;
        Ok(Self { path })
    }

    /// Becomes the database. Tells under which name the former one is kept, if there was one.
    fn take_the_place_of(self, database: &Path) -> Result<Option<PathBuf>> {
        let failed = |error: io::Error| {
            anyhow!("can't replace {}: {error}; may this user write in its folder?", database.display())
        };
        // An empty file is no database yet.
        let former = fs::metadata(database).ok().filter(|former| former.len() > 0);
        if let Some(former) = &former {
            fs::set_permissions(&self.path, former.permissions()).map_err(failed)?;
            if (former.uid(), former.gid()) != owner(&self.path).map_err(failed)? {
                chown(&self.path, Some(former.uid()), Some(former.gid())).map_err(|error| {
                    anyhow!("can't give a new file the owner of {}: {error}; run this as that user", database.display())
                })?;
            }
        }
        File::open(&self.path).and_then(|file| file.sync_all()).map_err(failed)?;
        let settled = match &former {
            Some(_) => settle(database).map_err(|why| anyhow!("can't replace {}: {why}", database.display()))?,
            None => Settled::Broken,
        };
        let kept = free_name(database);
        let mut anything_kept = former.is_some();
        if settled == Settled::Broken {
            // SQLite would carry what they hold into the new file.
            for sidecar in SIDECARS.iter().filter(|sidecar| beside(database, sidecar).exists()) {
                fs::rename(beside(database, sidecar), beside(&kept, sidecar)).map_err(failed)?;
                anything_kept = true;
            }
        }
        if former.is_some() {
            // A second name, not another one: there is a database at its own name at any moment.
            fs::hard_link(database, &kept).map_err(|error| {
                let (database, kept) = (database.display(), kept.display());
                anyhow!("can't keep {database} as {kept}: {error}; move it away yourself, and try again")
            })?;
        }
        fs::rename(&self.path, database).map_err(failed)?;
        sync_folder_of(database).map_err(failed)?;
        Ok(anything_kept.then_some(kept))
    }
}

impl Drop for New {
    fn drop(&mut self) {
        // Once it has taken the place, there is nothing here.
        _ = fs::remove_file(&self.path);
    }
}

fn owner(file: &Path) -> io::Result<(u32, u32)> {
    fs::metadata(file).map(|metadata| (metadata.uid(), metadata.gid()))
}

/// A name for the former database, with the time: `maitred.db.until-2025-08-16T07-21-27Z`.
fn free_name(database: &Path) -> PathBuf {
    let second = now().to_string().split('.').next().unwrap_or_default().replace(':', "-");
    let name = beside(database, &format!(".until-{second}Z"));
    let others = (2..).map(|number| beside(&name, &format!("-{number}")));
    let taken = |name: &PathBuf| {
        fs::symlink_metadata(name).is_ok() || SIDECARS.iter().any(|sidecar| beside(name, sidecar).exists())
    };
    std::iter::once(name.clone()).chain(others).find(|name| !taken(name)).expect("there is always a greater number")
}
