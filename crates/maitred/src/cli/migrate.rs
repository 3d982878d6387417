//! `maitred migrate`: restaurants move from a SQLite file to a PostgreSQL server, each as a whole, and their devices go on
//! from where they were.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use floor::Id;

use super::backup::{count, existing_file};
use crate::{
    config::{Database, PostgresUrl},
    dispatch::now,
    store::{Arrival, Belongings, Hitch, MoveIn, MoveOut},
};

/// Move restaurants from a SQLite file to a PostgreSQL server
///
/// While no server has the file open. Each restaurant moves as a whole or not at all, with everything that belongs to it:
/// its guests and tables, its log with every number, its paired devices, the answers kept for retries. Devices that come
/// back go on from where they were, and notice nothing. The file is only read, and stays as it is. After an interruption,
/// the same again goes on with the restaurants that are not there yet. Servers of other restaurants on the PostgreSQL side may
/// run meanwhile.
#[derive(clap::Args)]
pub(super) struct Migrate {
    /// The file to move from: sqlite:FILE
    #[arg(long, value_name = "URL")]
    from: Database,
    /// The database to move to, which is made ready where it is empty: postgres://USER:PASSWORD@HOST/DATABASE
    #[arg(long, env = "MAITRED_DATABASE", hide_env_values = true, value_name = "URL")]
    to: Database,
    /// A restaurant to move; may be given several times. Left out, all of them move
    #[arg(long = "restaurant", value_name = "ID")]
    restaurants: Vec<Id>,
}

/// What has become of the restaurants so far.
#[derive(Default)]
struct Tally {
    moved: u64,
    moved_before: u64,
    /// Those that could not, each with the reason.
    refused: Vec<String>,
}

impl Migrate {
    pub(super) async fn run(self) -> Result<()> {
        let (Database::File(path), Database::Server(url)) = (&self.from, &self.to) else {
            bail!(
                "restaurants can only move from a SQLite file to a PostgreSQL server; say --from sqlite:FILE and \
                 --to postgres://USER:PASSWORD@HOST/DATABASE"
            );
        };
        let path = existing_file(path, "no database", "name the right one with --from")?;
        let file = MoveOut::open(&path).map_err(|why| anyhow!("can't move from {}: {why}", path.display()))?;
        let restaurants = self.chosen(&file, &path)?;
        let server = MoveIn::open(url).await?;
        println!("Moving {} from {} to {url}.", count(restaurants.len() as u64), path.display());
        let mut tally = Tally::default();
        for restaurant in &restaurants {
            match move_one(&file, &server, restaurant).await {
                Ok(arrival) => tally.count(restaurant, arrival),
                Err(Hitch::Here(why)) => tally.refused.push(format!("{restaurant}: {why}")),
                Err(Hitch::Everywhere(why)) => bail!(
                    "can't go on with {restaurant}: {why}. What is said above to be there is there; when that is set \
                     right, run the same again, and it goes on with the rest"
                ),
            }
        }
        tally.conclude(&path, url)
    }

    /// The restaurants that are to move.
    fn chosen(&self, file: &MoveOut, path: &Path) -> Result<Vec<Id>> {
        let shown = path.display();
        let all = file.restaurants().map_err(|why| anyhow!("can't move from {shown}: {why}"))?;
        if all.is_empty() {
            bail!("there is no restaurant in {shown}; name the right file with --from");
        }
        if let Some(unknown) = self.restaurants.iter().find(|id| !all.contains(id)) {
            let known: Vec<_> = all.iter().map(Id::as_str).collect();
            bail!("there is no restaurant {unknown} in {shown}; it has {}", known.join(", "));
        }
        let is_chosen = |id: &Id| self.restaurants.is_empty() || self.restaurants.contains(id);
        Ok(all.into_iter().filter(is_chosen).collect())
    }
}

async fn move_one(file: &MoveOut, server: &MoveIn, id: &Id) -> Result<Arrival, Hitch> {
    let leaving = file.restaurant(id).map_err(Hitch::Here)?;
    server.take_in(&leaving, || file.belongings(id, now())).await
}

impl Tally {
    /// Counts what became of a restaurant, and says it.
    fn count(&mut self, restaurant: &Id, arrival: Arrival) {
        match arrival {
            Arrival::Moved { belongings, head, replaced } => {
                self.moved += 1;
                println!("{restaurant}: moved, {}; its next message is number {}.", told(&belongings), head + 1);
                if replaced > 0 {
                    println!(
                        "{restaurant}: {} of those who did something had the character NUL in them, which PostgreSQL \
                         does not have; there, it is U+FFFD.",
                        so_many(replaced, "name")
                    );
                }
            }
            Arrival::MovedBefore => {
                self.moved_before += 1;
                println!("{restaurant}: moved before; it is left as it is there.");
            }
            Arrival::Parted { left, arrived } => self.refused.push(format!(
                "{restaurant}: it moved before, and the file was served again after that: there, its last message is number \
                 {arrived}, in the file number {left}, and they do not tell the same. To stay with what is there, do \
                 nothing. To have what the file has instead, delete the restaurant there (DELETE /restaurants/{restaurant}), \
                 run this again, and then `maitred new-epoch`, so that no device takes the numbers of the one for those \
                 of the other"
            )),
            Arrival::Another(belongings) => self.refused.push(format!(
                "{restaurant}: another restaurant of this id is there already ({}), as `maitred serve --restaurant` makes \
                 one. If that one may go, delete it there (DELETE /restaurants/{restaurant}), and run this again",
                told(&belongings)
            )),
        }
    }

    /// Says what it all came to, and what to do next.
    fn conclude(self, file: &Path, url: &PostgresUrl) -> Result<()> {
        let Self { moved, moved_before, refused } = self;
        let checked = if moved > 0 { " The server was asked, and has as much of each as the file." } else { "" };
        let before = if moved_before > 0 { format!(" {} moved before.", count(moved_before)) } else { String::new() };
        println!("Moved {}.{checked}{before}", count(moved));
        if !refused.is_empty() {
            bail!("{} could not move:\n  {}.", count(refused.len() as u64), refused.join(".\n  "));
        }
        let file = file.display();
        println!(
            "Serve them from there now, with the same address: maitred serve --database postgres://…\n\
             Do not serve {file} any more: what devices would write to it, nobody on {url} would ever hear of. It was left as \
             it is; move it away, so that nobody serves it by mistake, and delete it when you need it no more, since it \
             tells who the guests were."
        );
        Ok(())
    }
}

/// What a restaurant has, for people.
fn told(belongings: &Belongings) -> String {
    let Belongings { guests, tables, messages, devices, .. } = *belongings;
    format!(
        "{}, {}, {}, {}",
        so_many(guests, "guest"),
        so_many(tables, "table"),
        so_many(messages, "message"),
        so_many(devices, "paired device")
    )
}

fn so_many(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
