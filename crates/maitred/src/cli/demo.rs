//! `maitred demo`: a restaurant that lives by itself. Its parties write through the same dispatch as any device. What it
//! looks like, and who might come, is in `scene`.

mod scene;

use std::time::Duration;

use anyhow::{Result, bail};
use floor::{
    Command, EntityKind, Expectation, GuestPatch, Id, Operation, Purpose, RestaurantPatch, Step, Table, TablePatch,
    TableStatus, Time,
};
use rand::{random_bool, random_range};
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::{
    restaurant,
    serve::{listen, signals},
};
use crate::{
    access::{Identity, Permit, Right},
    config::{Config, Database},
    dispatch::{Caller, dispatch, mint, now},
    server::Server,
    store::{Outcome, Store, StoreError, WriteError},
};

/// Show a restaurant that lives by itself
///
/// Serves test-restaurant-1, with 14 tables, from memory: parties arrive, wait, are seated, finish; tables turn dirty
/// and are cleaned. Look at it in a browser; anything may be changed by hand while it runs.
#[derive(clap::Args)]
pub(super) struct Demo {
    /// The address to listen on
    #[arg(long, env = "MAITRED_LISTEN", default_value = "127.0.0.1:8000", value_name = "ADDRESS:PORT")]
    listen: String,
    /// Let everyone take part who can reach the address
    #[arg(long, env = "MAITRED_OPEN")]
    open: bool,
    /// How many times faster than life, from 0.1 to 3600: at 60, a minute takes a second
    #[arg(long, value_name = "FACTOR", default_value = "60", value_parser = speed)]
    speed: f64,
}

const RESTAURANT: &str = "test-restaurant-1";

/// Parties that are in the house when the demo begins, so that there is something to see at once: a few more than there
/// are tables for.
const EARLY_PARTIES: usize = 15;

/// How many minutes before they came, by the clock on the wall.
const CAME_BEFORE: std::ops::Range<i64> = 3..25;

/// Quarters of an hour until those come who have booked for later, by the clock on the wall.
const LATER: [i64; 4] = [2, 4, 5, 9];

const MINUTE: i64 = 60_000_000;
const QUARTER: i64 = 15 * MINUTE;

/// Minutes between two parties: about as many as the tables can take, so that some wait.
const BETWEEN_ARRIVALS: std::ops::Range<f64> = 2.0..7.0;

/// Parties that wait at the most; whoever comes then sees the queue and walks on.
const LONGEST_QUEUE: usize = 10;

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed| (0.1..=3_600.0).contains(speed));
    speed.ok_or_else(|| "must be a number from 0.1 to 3600".to_owned())
}

impl Demo {
    pub(super) async fn run(self) -> Result<()> {
        let (listener, address) = listen(&self.listen).await?;
        let at_home = address.ip().is_loopback();
        if !at_home && !self.open {
            bail!("others can reach {address}, and the demo lets everyone do everything; if that is meant, say --open");
        }
        let config = Config { at_home, ..Config::new(Database::Memory) };
        let server = Server::open(config).await?;
        let permit = Identity::of_the_house().permit(Right::See, RESTAURANT)?;
        let id = permit.restaurant().clone();
        let house = House { store: server.store().clone(), id, permit, speed: self.speed };
        restaurant::add(&house.store, &house.id, Some("Chez Maître"), scene::tables()).await?;
        house.turn_on_dirty_tables().await?;
        let signals = signals()?;
        println!(
            "maitred shows the host stand of {RESTAURANT} on http://{address}, {} times faster than life: open it in a browser",
            self.speed
        );
        println!("Listen to it in another terminal: maitred tail {RESTAURANT} --url http://{address}");
        tokio::spawn(house.evening());
        server.run(listener, signals).await;
        Ok(())
    }
}

/// The restaurant, as those who work in it see it.
#[derive(Clone)]
struct House {
    store: Store,
    id: Id,
    permit: Permit,
    speed: f64,
}

/// How a party comes to the door.
#[derive(Clone, Copy)]
enum Comes {
    /// It was there before the demo began.
    Early,
    Now,
    /// It has booked for this time.
    At(Time),
}

/// Why the demo ends: the server does.
type Over = WriteError;

impl House {
    /// Lets parties in, for as long as the server runs.
    async fn evening(self) {
        let mut names = scene::NAMES.into_iter().cycle();
        let mut let_in = |comes| {
            if let Some(name) = names.next() {
                self.clone().let_in(name, comes);
            }
        };
        for quarters in LATER {
            let quarter = now().as_microseconds() / QUARTER + quarters;
            let_in(Comes::At(time(quarter * QUARTER)));
        }
        for _ in 0..EARLY_PARTIES {
            let_in(Comes::Early);
            self.minutes(random_range(0.1..0.3)).await;
        }
        loop {
            if self.queue().await.is_ok_and(|waiting| waiting < LONGEST_QUEUE) {
                let soon = now().as_microseconds() + self.lasting(random_range(1.0..10.0)).as_micros() as i64;
                let_in(if random_bool(0.2) { Comes::At(time(soon)) } else { Comes::Now });
            }
            self.minutes(random_range(BETWEEN_ARRIVALS)).await;
        }
    }

    fn let_in(self, name: &'static str, comes: Comes) {
        tokio::spawn(async move {
            // Once the server goes down, so do its guests.
            match self.party(name, comes).await {
                Ok(()) => {}
                // In words, it would name whoever stood in the way, and that may be somebody real.
                Err(Over::Refused(refusal)) => {
                    tracing::debug!(code = refusal.rejection.code(), "a party of the demo gave up");
                }
                Err(error) => tracing::debug!(%error, "a party of the demo gave up"),
            }
        });
    }

    /// One party's evening, from the door to the clean table.
    async fn party(&self, name: &str, comes: Comes) -> Result<(), Over> {
        let guest = mint(Some(EntityKind::Guest));
        let mut body = scene::party(name);
        let size = body["partySize"].as_u64().unwrap_or_default();
        body.extend(object(match comes {
            Comes::At(time) => json!({ "source": "online", "reservationTime": time }),
            Comes::Early | Comes::Now => json!({ "source": "walk_in", "quotedWaitMinutes": random_range(1..=6) * 5 }),
        }));
        if let Comes::Early = comes {
            let came = now().as_microseconds() - random_range(CAME_BEFORE) * MINUTE;
            body.insert("checkInTime".to_owned(), json!(time(came)));
        }
        self.guest(&guest, Value::Object(body), Purpose::Create).await?;
        if let Comes::At(time) = comes {
            let ahead = time.as_microseconds() - now().as_microseconds();
            sleep(Duration::from_micros(ahead.try_into().unwrap_or_default())).await;
            if random_bool(0.1) {
                return self.guest(&guest, json!({ "status": "no_show" }), Purpose::Update).await.map(drop);
            }
            self.guest(&guest, json!({ "status": "arrived" }), Purpose::Update).await?;
        }
        let Some(table) = self.find_table(&guest, size).await? else {
            return self.guest(&guest, json!({ "status": "cancelled" }), Purpose::Update).await.map(drop);
        };
        // Of those who were there before, some are about to leave.
        let shortest = if let Comes::Early = comes { 4.0 } else { 20.0 };
        self.minutes(random_range(shortest..70.0)).await;
        self.guest(&guest, json!({ "status": "finished" }), Purpose::Update).await?;
        self.minutes(random_range(2.0..8.0)).await;
        self.table(&table, json!({ "status": "available" })).await
    }

    /// Waits for a table that fits, and sits down; none if the party loses patience.
    async fn find_table(&self, guest: &Id, size: u64) -> Result<Option<Id>, Over> {
        for _ in 0..random_range(25..60) {
            if let Some(table) = self.smallest_free_table(size).await? {
                if random_bool(0.3) {
                    // It is outside, and is told.
                    self.guest(guest, json!({ "notifiedTime": now() }), Purpose::Update).await?;
                    self.minutes(random_range(0.5..3.0)).await;
                }
                match self.guest(guest, json!({ "table_id": table }), Purpose::Update).await {
                    Ok(_) => return Ok(Some(table)),
                    // Somebody else was faster.
                    Err(WriteError::Refused(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            self.minutes(random_range(0.5..1.5)).await;
        }
        Ok(None)
    }

    async fn smallest_free_table(&self, size: u64) -> Result<Option<Id>, Over> {
        let tables = self.store.tables(&self.permit).await?.map(|(tables, _)| tables).unwrap_or_default();
        let tables = tables.iter().map(|table| serde_json::from_str(table.get()));
        let tables: Vec<Table> = tables.collect::<Result<_, _>>().map_err(StoreError::from)?;
        // No host gives a large table to a couple.
        let fits = |table: &Table| (size..=size * 2 + 1).contains(&table.capacity.into());
        let free = |table: &Table| table.status == TableStatus::Available && fits(table);
        let free = tables.into_iter().filter(free);
        Ok(free.min_by_key(|table| table.capacity).map(|table| table.id))
    }

    /// How many parties wait.
    async fn queue(&self) -> Result<usize, Over> {
        let floor = self.store.floor(&self.permit).await?;
        let guests = floor.map(|floor| floor.guests).unwrap_or_default();
        Ok(guests.iter().filter(|guest| guest.get().contains(r#""status":"waiting""#)).count())
    }

    async fn turn_on_dirty_tables(&self) -> Result<(), Over> {
        let settings = object(json!({ "settings": { "dirtyAfterFinish": true } }));
        let patch = RestaurantPatch::read(&self.id, &settings, Purpose::Update);
        self.carry_out(Command::UpdateRestaurant(patch, Expectation::Any), "demo").await.map(drop)
    }

    async fn guest(&self, id: &Id, body: Value, purpose: Purpose) -> Result<Outcome, Over> {
        let patch = GuestPatch::read(id, &object(body), purpose);
        let operation = match purpose {
            Purpose::Create => Operation::CreateGuest(id.clone(), patch),
            Purpose::Update => Operation::UpdateGuest(id.clone(), patch),
        };
        self.carry_out(Command::Write(Step { operation, expects: Expectation::Any }), "host").await
    }

    async fn table(&self, id: &Id, body: Value) -> Result<(), Over> {
        let operation = Operation::UpdateTable(id.clone(), TablePatch::read(id, &object(body), Purpose::Update));
        self.carry_out(Command::Write(Step { operation, expects: Expectation::Any }), "busser").await.map(drop)
    }

    async fn carry_out(&self, command: Command, device: &str) -> Result<Outcome, Over> {
        let caller = Caller { device: Some(device.to_owned()), ..Caller::of_the_house() };
        dispatch(&self.store, self.id.as_str(), command, caller).await
    }

    /// Waits for so many minutes of the demo's time.
    async fn minutes(&self, minutes: f64) {
        sleep(self.lasting(minutes)).await;
    }

    /// How long so many minutes of the demo's time are by the clock on the wall.
    fn lasting(&self, minutes: f64) -> Duration {
        Duration::from_secs_f64(minutes * 60.0 / self.speed)
    }
}

fn time(microseconds: i64) -> Time {
    Time::from_microseconds(microseconds).expect("no demo lasts until the year 9999")
}

fn object(body: Value) -> Map<String, Value> {
    match body {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
