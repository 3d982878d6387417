//! The readers: a few connections side by side, each read one consistent snapshot. They never block the writer, nor it
//! them.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::open_reader;
use crate::{config::READERS, store::StoreError};

pub(super) struct Readers {
    path: PathBuf,
    /// As many permits as there may be connections.
    permits: Arc<Semaphore>,
    /// Connections that nobody uses just now.
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, permits: Arc::new(Semaphore::new(READERS)), idle: Arc::default() }
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let idle = Arc::clone(&self.idle);
        let path = self.path.clone();
        let read = move || {
            let _permit = permit;
            let pooled = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = pooled.map_or_else(|| open_reader(&path), Ok)?;
            let result = {
                let transaction = connection.unchecked_transaction()?;
                query(&transaction)
            };
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            result
        };
        tokio::task::spawn_blocking(read).await.map_err(|error| StoreError::Bug(error.to_string()))?
    }

    /// Turns whoever asks for anything later away, waits for the reads under way and closes their connections.
    pub(super) async fn close(&self) {
        let all = self.permits.acquire_many(READERS as u32).await;
        self.permits.close();
        drop(all);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
