//! What the process itself reads across all restaurants. No caller is ever handed one of these.

use rusqlite::Connection;
use serde_json::value::RawValue;

use crate::store::StoreError;

/// One consistent view of everything committed, of all restaurants.
pub(in crate::store) struct Survey<'a> {
    pub(super) connection: &'a Connection,
}

impl<'a> Survey<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection }
    }

    /// The restaurants whose id is `wanted`, in JSON, by id.
    pub(in crate::store) fn restaurants(
        &self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<Box<RawValue>>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id, body FROM restaurants ORDER BY id")?;
        let mut rows = statement.query(())?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            if wanted(row.get_ref(0)?.as_str().map_err(StoreError::unreadable)?) {
                found.push(RawValue::from_string(row.get(1)?)?);
            }
        }
        Ok(found)
    }

    /// Reads something, to see whether it can.
    pub(in crate::store) fn probe(&self) -> Result<(), StoreError> {
        self.connection.prepare_cached("SELECT 1 FROM restaurants LIMIT 1")?.exists(())?;
        Ok(())
    }
}
