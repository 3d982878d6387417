//! Bringing a device up to date: the messages that it missed, or the floor as it is where that is less, or where the
//! log no longer has them. Holds one page or one floor at most, which it shares with all who are sent the same.

use std::sync::Arc;

use tokio::time::sleep;

use super::{
    farewell::Farewell,
    records::{Floor, Unread},
    session::{End, Joined, Session},
};
use crate::config::LAST_READ_TIMEOUT;

impl Session {
    /// Sends everything up to the restaurant's last message that the device has not been sent.
    pub(super) async fn catch_up(&mut self, joined: &mut Joined) -> Result<(), End> {
        // Up to so many missed messages are sent one by one, without a look at what a floor would be.
        let mut replayed = self.house.limits.replay_messages;
        loop {
            let missed = joined.membership.head().saturating_sub(joined.last);
            if missed == 0 {
                return Ok(());
            }
            if missed > replayed {
                // A message tells of one row at least, a floor of each once.
                let floor = self.floor(joined).await?;
                if missed > floor.rows {
                    self.show(&floor, joined).await?;
                    continue;
                }
                // No less for those that are left, unless the device falls further behind meanwhile.
                replayed = missed;
            }
            self.replay_page(joined).await?;
        }
    }

    /// Sends the next page of the log. Where the log does not have the next message, shows the floor.
    async fn replay_page(&mut self, joined: &mut Joined) -> Result<(), End> {
        let page = self.house.records.page(joined.membership.permit(), &joined.life, joined.last);
        let page = match self.soon(page).await? {
            Ok(page) => page,
            Err(Unread::Nothing) => return self.show_floor(joined).await,
            Err(unread) => return Err(unread.into()),
        };
        let Some(frame) = page.after(joined.last) else { return self.show_floor(joined).await };
        self.house.records.metrics.replayed_pages.inc();
        self.send(&frame).await?;
        joined.last = page.last();
        Ok(())
    }

    /// Sends the floor as it is, in parts; the device goes on from there.
    pub(super) async fn show_floor(&mut self, joined: &mut Joined) -> Result<(), End> {
        let floor = self.floor(joined).await?;
        self.show(&floor, joined).await
    }

    async fn show(&mut self, floor: &Floor, joined: &mut Joined) -> Result<(), End> {
        self.house.records.metrics.snapshots.inc();
        for part in &floor.parts {
            self.send(part).await?;
        }
        joined.last = floor.seq;
        joined.life.epoch.clone_from(&floor.epoch);
        Ok(())
    }

    async fn floor(&self, joined: &Joined) -> Result<Arc<Floor>, End> {
        let (membership, life) = (&joined.membership, &joined.life);
        // Never older than what the device knows to have happened, if only by the answer to a write of its own.
        let floor = self.house.records.floor(membership.permit(), life, membership.head());
        Ok(self.soon(floor).await??)
    }

    /// Waits for a read; but not for long once the server goes down: the device finds the rest where it comes back.
    async fn soon<T>(&self, read: impl Future<Output = T>) -> Result<T, End> {
        let in_vain = async {
            self.house.shutdown.cancelled().await;
            sleep(LAST_READ_TIMEOUT).await;
        };
        tokio::select! {
            biased;
            read = read => Ok(read),
            () = in_vain => Err(End::NotYet),
        }
    }
}

impl From<Unread> for End {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Nothing => Self::Farewell(Farewell::RestaurantDeleted),
            Unread::Busy => Self::Farewell(Farewell::Busy),
            Unread::Broken(error) => {
                tracing::error!(%error, "a session could not read the log");
                if error.may_pass() { Self::NotYet } else { Self::Farewell(Farewell::Unavailable) }
            }
        }
    }
}
