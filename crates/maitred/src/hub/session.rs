//! A session: one device on one socket, from its first word to its last. It keeps one number, the last `seq` that it
//! sent, and one rule: the next number is sent, an old one skipped, a gap read from the log. It never holds more than
//! one page of messages, and nobody ever waits for it.

use std::sync::Arc;

use floor::Id;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Heard, Hub, Membership,
    farewell::Farewell,
    hearsay::{Gibberish, Hearsay, Join, Since},
    socket::{Broken, Frame, Received, Socket},
    wire::{Say, SnapshotPart, parts},
};
use crate::{
    config::{CLOSE_TIMEOUT, MAX_REPLAY, REPLAY_PAGE_BYTES, RETRY_AFTER_MS, Realtime, SNAPSHOT_PART_BYTES},
    dispatch::now,
    store::{LoggedMessage, RestaurantRow, Store, StoreError},
};

/// A device on a socket.
pub struct Session {
    socket: Socket,
    store: Store,
    hub: Arc<Hub>,
    rhythm: Realtime,
    /// Cancelled when the server goes down. Looked at only between messages: none is ever cut in half.
    shutdown: CancellationToken,
    /// When the device last gave a sign of life.
    heard_at: Instant,
    /// When the last message was sent to it.
    spoke_at: Instant,
    /// When it was last sent a WebSocket ping.
    pinged_at: Instant,
}

/// What a session knows once it has joined.
struct Joined {
    membership: Membership,
    platform: Option<String>,
    epoch: String,
    /// The number of the last message sent.
    last: u64,
}

/// How a session ends.
enum End {
    /// There is nobody to talk to any more.
    Gone,
    /// The server ends it.
    Farewell(Farewell),
}

/// What a device is behind by, as far as one read told.
enum Missed {
    Nothing,
    /// The next messages, in order.
    Messages(Vec<LoggedMessage>),
    /// More than is replayed, or no longer to be had: it is shown the floor as it is.
    TooMuch,
    /// The restaurant itself.
    Everything,
}

impl Session {
    /// A session that has not said anything yet.
    pub fn new(socket: Socket, store: Store, hub: Arc<Hub>, rhythm: Realtime, shutdown: CancellationToken) -> Self {
        let now = Instant::now();
        Self { socket, store, hub, rhythm, shutdown, heard_at: now, spoke_at: now, pinged_at: now }
    }

    /// Talks with the device until one of the two ends it. `join` is what its URL said, if it named a restaurant.
    pub async fn run(mut self, join: Option<Join>) {
        let End::Farewell(farewell) = self.talk(join).await else { return };
        let bye = Say::Bye { reason: farewell.reason(), retry_ms: rand::random_range(RETRY_AFTER_MS) };
        // Wherever it can still speak: a device that takes nothing is not waited for.
        if let Ok(Ok(())) = timeout(CLOSE_TIMEOUT, self.say(&bye)).await {
            self.socket.close(farewell.code(), farewell.reason(), CLOSE_TIMEOUT).await;
        }
    }

    async fn talk(&mut self, join: Option<Join>) -> End {
        let join = match join {
            Some(join) => Ok(join),
            None => self.identify().await,
        };
        let joined = match join {
            Ok(join) => self.join(join).await,
            Err(end) => return end,
        };
        match joined {
            Ok(mut joined) => self.live(&mut joined).await,
            Err(end) => end,
        }
    }

    /// Waits for the device to name its restaurant.
    async fn identify(&mut self) -> Result<Join, End> {
        let deadline = Instant::now() + self.rhythm.identify_timeout;
        loop {
            tokio::select! {
                received = self.socket.receive() => {
                    if let Some(join) = self.listen(received, None).await? {
                        return Ok(join);
                    }
                }
                () = sleep_until(deadline) => return Err(End::Farewell(Farewell::IdentifyTimeout)),
                () = self.shutdown.cancelled() => return Err(End::Farewell(Farewell::ShuttingDown)),
            }
        }
    }

    /// Lets the device in, and brings it up to date if it says where it left off.
    async fn join(&mut self, join: Join) -> Result<Joined, End> {
        let Ok(restaurant) = join.restaurant_id.parse::<Id>() else { return self.not_found(&join).await };
        // Listen before reading the log, so that no message falls between.
        let membership = self.hub.join(&restaurant);
        let id = restaurant.clone();
        let head = self.store.read(move |snapshot| snapshot.head(id.as_str())).await;
        let Some((head, epoch)) = head.map_err(unavailable)? else { return self.not_found(&join).await };
        tracing::debug!(%restaurant, device = join.device_id, platform = join.platform, "joined");
        let same_life = join.epoch.as_ref().is_none_or(|theirs| *theirs == epoch);
        let mut joined = Joined { membership, platform: join.platform, epoch, last: head };
        self.acknowledge(&joined).await?;
        match join.since {
            Since::Now => {}
            Since::Seq(since) if same_life && since <= head => {
                joined.last = since;
                self.catch_up(&mut joined).await?;
            }
            Since::Seq(_) | Since::Unusable => self.show_floor(&mut joined).await?,
        }
        Ok(joined)
    }

    async fn not_found(&mut self, join: &Join) -> Result<Joined, End> {
        let message = format!("There is no restaurant {:?}.", join.restaurant_id);
        self.say(&Say::Error { code: "not_found", message: &message }).await?;
        Err(End::Farewell(Farewell::NotFound))
    }

    async fn acknowledge(&mut self, joined: &Joined) -> Result<(), End> {
        self.say(&Say::RestaurantConnect {
            restaurant_id: joined.membership.restaurant(),
            platform: joined.platform.as_deref(),
            timestamp: now(),
            seq: joined.last,
            epoch: &joined.epoch,
        })
        .await
    }

    /// Passes messages on as they come, until something ends it.
    async fn live(&mut self, joined: &mut Joined) -> End {
        loop {
            let due = self.due();
            let step = tokio::select! {
                heard = joined.membership.heard() => self.pass_on(heard, joined).await,
                received = self.socket.receive() => self.answer(received, joined).await,
                () = sleep_until(due) => self.keep_alive(joined).await,
                // What was written before the end is heard before the good-bye.
                () = self.shutdown.cancelled() => {
                    self.catch_up(joined).await.and(Err(End::Farewell(Farewell::ShuttingDown)))
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// The cursor rule.
    async fn pass_on(&mut self, heard: Heard, joined: &mut Joined) -> Result<(), End> {
        match heard {
            Heard::Broadcast(broadcast) if broadcast.seq == joined.last + 1 => {
                self.send(&broadcast.frame).await?;
                joined.last = broadcast.seq;
                Ok(())
            }
            Heard::Broadcast(broadcast) if broadcast.seq <= joined.last => Ok(()),
            Heard::Broadcast(_) | Heard::Lagged => self.catch_up(joined).await,
            Heard::Closed => Err(End::Farewell(Farewell::RestaurantDeleted)),
        }
    }

    /// Sends what the log has beyond the last message sent, a page at a time, or shows the floor as it is where that
    /// is less or the log does not reach back.
    async fn catch_up(&mut self, joined: &mut Joined) -> Result<(), End> {
        loop {
            match self.missed(joined).await.map_err(unavailable)? {
                Missed::Nothing => return Ok(()),
                Missed::Messages(messages) => {
                    self.send(&Frame::texts(messages.iter().map(|logged| logged.message.as_str()))).await?;
                    joined.last = messages.last().map_or(joined.last, |logged| logged.seq);
                }
                Missed::TooMuch => return self.show_floor(joined).await,
                Missed::Everything => return Err(End::Farewell(Farewell::RestaurantDeleted)),
            }
        }
    }

    async fn missed(&self, joined: &Joined) -> Result<Missed, StoreError> {
        let (restaurant, epoch, last) = (joined.membership.restaurant().clone(), joined.epoch.clone(), joined.last);
        let read = self.store.read(move |snapshot| {
            let Some((head, current_epoch)) = snapshot.head(restaurant.as_str())? else {
                return Ok(Missed::Everything);
            };
            if current_epoch != epoch || last > head || head - last > MAX_REPLAY {
                return Ok(Missed::TooMuch);
            }
            if last == head {
                return Ok(Missed::Nothing);
            }
            let messages = snapshot.log_after(restaurant.as_str(), last, MAX_REPLAY, REPLAY_PAGE_BYTES)?;
            let unbroken = messages.first().is_some_and(|first| first.seq == last + 1);
            Ok(if unbroken { Missed::Messages(messages) } else { Missed::TooMuch })
        });
        read.await
    }

    /// Sends the floor as it is, in parts, and goes on from there.
    async fn show_floor(&mut self, joined: &mut Joined) -> Result<(), End> {
        let id = joined.membership.restaurant().clone();
        let floor = self.store.read(move |snapshot| {
            let Some(restaurant) = snapshot.restaurant(id.as_str())? else { return Ok(None) };
            Ok(Some((restaurant, snapshot.present_guests(id.as_str())?, snapshot.tables(id.as_str())?)))
        });
        let Some((restaurant, guests, tables)) = floor.await.map_err(unavailable)? else {
            return Err(End::Farewell(Farewell::RestaurantDeleted));
        };
        let RestaurantRow { body, head, epoch } = restaurant;
        let parts = parts(&guests, &tables, SNAPSHOT_PART_BYTES);
        for (index, (guests, tables)) in parts.iter().enumerate() {
            self.say(&Say::Snapshot {
                restaurant_id: joined.membership.restaurant(),
                timestamp: now(),
                seq: head,
                epoch: &epoch,
                part: index + 1,
                parts: parts.len(),
                data: SnapshotPart { restaurant: &body, guests, tables },
            })
            .await?;
        }
        (joined.last, joined.epoch) = (head, epoch);
        Ok(())
    }

    /// Answers a device that has joined.
    async fn answer(&mut self, received: Result<Received, Broken>, joined: &Joined) -> Result<(), End> {
        match self.listen(received, Some(joined.last)).await? {
            None => Ok(()),
            Some(join) if join.restaurant_id == joined.membership.restaurant().as_str() => {
                self.acknowledge(joined).await
            }
            Some(_) => {
                let message = format!("This socket is for {:?}; open another one.", joined.membership.restaurant());
                self.say(&Say::Error { code: "already_joined", message: &message }).await
            }
        }
    }

    /// Sees to everything that a device may say at any time; what remains is that it names a restaurant.
    async fn listen(&mut self, received: Result<Received, Broken>, seq: Option<u64>) -> Result<Option<Join>, End> {
        let hearsay = match received {
            Ok(Received::Text(text)) => Hearsay::read(&text),
            Ok(Received::Binary) => {
                Err(Gibberish { code: "malformed_json", message: "Messages are texts, not bytes.".to_owned() })
            }
            Ok(Received::Alive) => Ok(Hearsay::Noise),
            Err(Broken::Gone) => return Err(End::Gone),
            Err(Broken::TooLarge) => return Err(End::Farewell(Farewell::TooLarge)),
            Err(Broken::ProtocolError) => return Err(End::Farewell(Farewell::ProtocolError)),
        };
        self.heard_at = Instant::now();
        match hearsay {
            Ok(Hearsay::Connect(join)) => return Ok(Some(join)),
            Ok(Hearsay::Ping) => self.say(&Say::Pong { timestamp: now(), seq }).await?,
            Ok(Hearsay::Noise) => {}
            Err(Gibberish { code, message }) => self.say(&Say::Error { code, message: &message }).await?,
        }
        Ok(None)
    }

    /// When [`Self::keep_alive`] next has something to do.
    fn due(&self) -> Instant {
        let ping = self.pinged_at + self.rhythm.ping_interval;
        let heartbeat = self.spoke_at + self.rhythm.heartbeat_interval;
        let silence = self.heard_at + self.rhythm.silence_timeout;
        ping.min(heartbeat).min(silence)
    }

    async fn keep_alive(&mut self, joined: &Joined) -> Result<(), End> {
        let now_ = Instant::now();
        if now_ >= self.heard_at + self.rhythm.silence_timeout {
            return Err(End::Farewell(Farewell::IdleTimeout));
        }
        if now_ >= self.pinged_at + self.rhythm.ping_interval {
            self.pinged_at = now_;
            let ping = timeout(self.rhythm.send_timeout, self.socket.ping()).await;
            ping.ok().and_then(Result::ok).ok_or(End::Gone)?;
        }
        if now_ >= self.spoke_at + self.rhythm.heartbeat_interval {
            self.say(&Say::Heartbeat { timestamp: now(), seq: joined.last }).await?;
        }
        Ok(())
    }

    async fn say(&mut self, say: &Say<'_>) -> Result<(), End> {
        let text = serde_json::to_string(say).expect("what a server says has text keys and finite numbers only");
        self.send(&Frame::text(&text)).await
    }

    async fn send(&mut self, frame: &Frame) -> Result<(), End> {
        // A socket that takes nothing for so long is given up, in the middle of a message if need be.
        match timeout(self.rhythm.send_timeout, self.socket.send(frame)).await {
            Ok(Ok(())) => {
                self.spoke_at = Instant::now();
                Ok(())
            }
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }
}

fn unavailable(error: StoreError) -> End {
    tracing::error!(%error, "a session could not read the log");
    End::Farewell(Farewell::Unavailable)
}
