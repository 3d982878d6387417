//! Rounds: what one node does for all of them.

use std::time::Duration;

use tokio_postgres::types::Type;

use super::Postgres;
use crate::store::StoreError;

impl Postgres {
    /// Whether this node is the one to take the round of this name, which is due every so often. By the server's clock.
    pub(in crate::store) async fn takes_round(&self, name: &str, interval: Duration) -> Result<bool, StoreError> {
        let sql = "INSERT INTO rounds AS r (name, until) VALUES ($1, now() + $2 * interval '1 ms')
                   ON CONFLICT (name) DO UPDATE SET until = excluded.until WHERE r.until <= now() RETURNING 1";
        let ms = interval.as_secs_f64() * 1_000.0;
        // Where the answer is lost and it is asked again, nobody may take the round. The next one comes.
        let taken = self.writers.query(sql, &[(&name, Type::TEXT), (&ms, Type::FLOAT8)]).await;
        Ok(!taken.map_err(|error| self.named(error))?.is_empty())
    }
}
