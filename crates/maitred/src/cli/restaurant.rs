//! `maitred restaurant`.

use std::sync::Arc;

use anyhow::{Result, bail};
use floor::{Command, Id, Purpose, RestaurantPatch, TransactionBody, starter_tables};
use serde_json::{Map, Value, json};

use super::DatabaseArg;
use crate::{
    access::{Identity, Right},
    config::Database,
    dispatch::{Caller, dispatch, mint},
    feed::Feed,
    hub::Hub,
    store::Store,
};

/// Add and list restaurants
///
/// Works on the database itself, while no server has it open. Of a running server, ask GET and POST /restaurants.
#[derive(clap::Subcommand)]
pub(super) enum Restaurant {
    /// Add a restaurant, with a starter floor if wanted
    Add {
        /// Its id: 1 to 64 characters of A-Z a-z 0-9 . _ : -
        id: Id,
        /// What people call it; the id, if it has no other name
        #[arg(long)]
        name: Option<String>,
        /// Tables to lay out on a grid, table-1 and so on, ready to be moved
        #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=200))]
        tables: u16,
        #[command(flatten)]
        database: DatabaseArg,
    },
    /// List the restaurants
    List {
        #[command(flatten)]
        database: DatabaseArg,
    },
}

impl Restaurant {
    pub(super) async fn run(self) -> Result<()> {
        match self {
            Self::Add { id, name, tables, database } => {
                let store = open(&database.database).await?;
                add(&store, &id, name.as_deref(), starter_tables(tables.into())).await?;
                println!("Added restaurant {id} with {tables} tables.");
                store.close().await;
            }
            Self::List { database: DatabaseArg { database } } => {
                if let Database::File(path) = &database
                    && !path.exists()
                {
                    bail!("there is no database at {}; `maitred restaurant add` makes one", path.display());
                }
                let store = open(&database).await?;
                list(&store).await?;
                store.close().await;
            }
        }
        Ok(())
    }
}

async fn open(database: &Database) -> Result<Store> {
    Ok(Store::open(database, Feed::new(Arc::new(Hub::default()))).await?)
}

/// Adds a restaurant with these tables.
pub(super) async fn add(
    store: &Store,
    id: &Id,
    name: Option<&str>,
    tables: impl IntoIterator<Item = Value>,
) -> Result<()> {
    let mut body = Map::new();
    body.extend(name.map(|name| ("name".to_owned(), json!(name))));
    let create = Command::CreateRestaurant(RestaurantPatch::read(id, &body, Purpose::Create));
    dispatch(store, id.as_str(), create, Caller::of_the_house()).await?;
    let operations = tables.into_iter().map(|data| json!({ "op": "create_table", "data": data }));
    let body = Map::from_iter([("operations".to_owned(), operations.collect())]);
    let lay_out = Command::Transact(TransactionBody(&body).read(mint));
    dispatch(store, id.as_str(), lay_out, Caller::of_the_house()).await?;
    Ok(())
}

async fn list(store: &Store) -> Result<()> {
    let house = Identity::of_the_house();
    let mut rows = Vec::new();
    for restaurant in store.restaurants(house.scope()).await? {
        let restaurant: floor::Restaurant = serde_json::from_str(restaurant.get())?;
        let permit = house.permit(Right::See, restaurant.id.as_str())?;
        // One that has gone meanwhile is not listed.
        if let Some(floor) = store.floor(&permit).await? {
            rows.push((restaurant, floor.tables.len(), floor.guests.len()));
        }
    }
    let width = rows.iter().map(|(restaurant, ..)| restaurant.id.as_str().len()).max().unwrap_or(0).max("ID".len());
    println!("{:width$}  TABLES  GUESTS  NAME", "ID");
    for (restaurant, tables, guests) in rows {
        println!("{:width$}  {tables:>6}  {guests:>6}  {}", restaurant.id.as_str(), restaurant.name);
    }
    Ok(())
}
