//! `maitred backup`: a whole copy of the database, made while a server may have it open.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail};

use super::DatabaseArg;
use crate::{
    config::Database,
    store::{Check, check_database, copy_database},
};

/// Copy the database to a file, while the server runs
///
/// The copy is the database as it is at one moment: every write answered before is in it. It is looked over before it
/// gets its name, so a file of that name is always whole. The server, if one runs, goes on meanwhile. `maitred restore`
/// brings the copy back. A PostgreSQL database is backed up by its own tools.
#[derive(clap::Args)]
pub(super) struct Backup {
    /// The file to write; one that is there already is never overwritten
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArg,
}

impl Backup {
    pub(super) fn run(self) -> Result<()> {
        let database = match self.database.database {
            Database::File(database) => database,
            Database::Memory => bail!(
                "a database in memory can't be backed up: no other process can reach it; name a file with --database"
            ),
            Database::Server(url) => bail!(
                "{url} is backed up by PostgreSQL's own tools: pg_dump, pg_basebackup, or your provider's backups. When one of \
                 them is brought back, run `maitred new-epoch` before you serve it"
            ),
        };
        let database = existing_file(&database, "no database", "name the right one with --database")?;
        let file = std::path::absolute(&self.file).with_context(|| format!("can't find {}", self.file.display()))?;
        refuse_existing(&file)?;
        let partial = Partial::claim(&file, &database)?;
        // Now that nobody else writes to it: another backup may have become the file just before.
        refuse_existing(&file)?;
        copy_database(&database, &partial.path)
            .map_err(|why| anyhow!("can't back up {} to {}: {why}", database.display(), file.display()))?;
        let restaurants = check_database(&partial.path, Check::Quick)
            .map_err(|why| anyhow!("the copy of {} is no good: {why}", database.display()))?;
        let bytes = partial.publish(&file).with_context(|| format!("can't write {}", file.display()))?;
        let (database, file, size) = (database.display(), file.display(), size(bytes));
        println!("Backed up {database} to {file}: {}, {size}.", count(restaurants));
        Ok(())
    }
}

fn refuse_existing(file: &Path) -> Result<()> {
    if fs::symlink_metadata(file).is_ok() {
        bail!("{} is there already and is left as it is; name another file", file.display());
    }
    Ok(())
}

/// A backup before it has its name. Removed when dropped without one.
struct Partial {
    path: PathBuf,
    /// Locked as long as it is written to.
    file: File,
    /// Whether it has its name.
    named: bool,
}

impl Partial {
    /// Takes `FILE.partial`, empty, for this process alone; one that an earlier backup left behind is emptied. Whoever
    /// may read the database may read it.
    fn claim(file: &Path, database: &Path) -> Result<Self> {
        let path = beside(file, ".partial");
        let failed = |error: io::Error| {
            anyhow!("can't write {}: {error}; does its folder exist, and may this user write there?", path.display())
        };
        let mode = fs::metadata(database).with_context(|| format!("can't read {}", database.display()))?.mode();
        let mut options = OpenOptions::new();
        let partial =
            options.write(true).create(true).truncate(false).mode(mode & 0o777).open(&path).map_err(failed)?;
        // Whoever had it until now may have given it its name.
        let same = || Ok::<_, io::Error>(fs::metadata(&path)?.ino() == partial.metadata()?.ino());
        let locked = match partial.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        };
        if !locked || !same().unwrap_or(false) {
            bail!("another maitred is writing {}; wait for that one, or name another file", path.display());
        }
        partial.set_len(0).map_err(failed)?;
        remove_if_there(&beside(&path, "-journal")).map_err(failed)?;
        Ok(Self { path, file: partial, named: false })
    }

    /// Gives it its name once it is on the disk, and tells its size.
    fn publish(mut self, name: &Path) -> io::Result<u64> {
        self.file.sync_all()?;
        fs::rename(&self.path, name)?;
        self.named = true;
        sync_folder_of(name)?;
        Ok(self.file.metadata()?.len())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.named {
            _ = fs::remove_file(&self.path);
        }
    }
}

/// Where a file is that has to be there; otherwise what is missing, and what to do.
pub(super) fn existing_file(path: &Path, missing: &str, remedy: &str) -> Result<PathBuf> {
    let path = std::path::absolute(path).with_context(|| format!("can't find {}; {remedy}", path.display()))?;
    match path.canonicalize() {
        Ok(file) if file.is_file() => Ok(file),
        Ok(other) => bail!("there is {missing} at {}, but something else; {remedy}", other.display()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("there is {missing} at {}; {remedy}", path.display())
        }
        Err(error) => bail!("can't open {}: {error}; may this user read it?", path.display()),
    }
}

/// `FILE` with more at the end of its name.
pub(super) fn beside(file: &Path, more: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(more);
    name.into()
}

pub(super) fn remove_if_there(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes the names in the folder of a file durable.
pub(super) fn sync_folder_of(file: &Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// So many restaurants, in words.
pub(super) fn count(restaurants: u64) -> String {
    if restaurants == 1 { "1 restaurant".to_owned() } else { format!("{restaurants} restaurants") }
}

/// So many bytes, for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
