//! A session: one device on one socket, from its first word to its last. It keeps one number, the last `seq` that it
//! sent, and one rule: the next number is sent, an old one skipped, a gap read from the log. It never holds more than
//! one page of messages, and nobody ever waits for it.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Hub, Membership, Records,
    admission::Pass,
    farewell::Farewell,
    hearsay::{Gibberish, Hearsay, Join, Since},
    records::{Life, Unread},
    room::Heard,
    socket::{Broken, Frame, Received, Socket, Unwritten},
    wire::Say,
};
use crate::{
    access::{Authoriser, Token},
    bus::Bus,
    config::{LAST_WORD_TIMEOUT, Limits, Realtime},
    dispatch::now,
};

/// What all sessions share.
pub struct House {
    /// Who listens to what.
    pub hub: Arc<Hub>,
    /// What is read for them.
    pub records: Arc<Records>,
    /// What other processes tell, where there are others.
    pub(crate) bus: Option<Bus>,
    /// Who may listen.
    pub access: Arc<Authoriser>,
    /// The rhythm of the sockets.
    pub rhythm: Realtime,
    /// What one device may take.
    pub limits: Arc<Limits>,
    /// Cancelled when the server goes down. Looked at only between messages: none is ever cut in half.
    pub shutdown: CancellationToken,
}

/// A device on a socket.
pub struct Session {
    socket: Socket,
    pub(super) house: Arc<House>,
    /// The token that came with the request for the socket.
    pub(super) bearer: Option<Token>,
    /// When the device last gave a sign of life.
    heard_at: Instant,
    /// When the last message was sent to it.
    spoke_at: Instant,
    /// When it was last sent a WebSocket ping.
    pinged_at: Instant,
}

/// What a session knows once it has joined.
pub(super) struct Joined {
    pub(super) membership: Membership,
    pub(super) pass: Box<Pass>,
    platform: Option<String>,
    pub(super) life: Life,
    /// The number of the last message sent.
    pub(super) last: u64,
    /// Until when nothing is read for it, where the database could not be read a moment ago.
    stalled_until: Option<Instant>,
}

/// How a session ends.
pub(super) enum End {
    /// There is nobody to talk to any more.
    Gone,
    /// The server ends it.
    Farewell(Farewell),
    /// Not at all: what it needs can't be read just now, and it goes on when it can be.
    NotYet,
}

impl Session {
    /// A session that has not said anything yet.
    pub fn new(socket: Socket, house: Arc<House>, bearer: Option<Token>) -> Self {
        let now = Instant::now();
        Self { socket, house, bearer, heard_at: now, spoke_at: now, pinged_at: now }
    }

    /// Talks with the device until one of the two ends it. `join` is what its URL said, if it named a restaurant.
    pub async fn run(mut self, join: Option<Join>) {
        let farewell = match self.talk(join).await {
            End::Gone => None,
            End::Farewell(farewell) => Some(farewell),
            // Before it has joined, it is better off to come again.
            End::NotYet => Some(Farewell::Unavailable),
        };
        self.house.hub.metrics.session_ended(farewell.map_or("gone", Farewell::reason));
        let Some(farewell) = farewell else { return };
        self.socket.begin(&Say::Bye { reason: farewell.reason(), retry_ms: farewell.retry_ms() }.frame());
        self.socket.make_room();
        // Wherever it can still speak: a device that takes nothing is not waited for.
        if self.socket.write(LAST_WORD_TIMEOUT).await.is_ok() {
            self.socket.close(farewell.code(), farewell.reason(), LAST_WORD_TIMEOUT).await;
        }
    }

    async fn talk(&mut self, join: Option<Join>) -> End {
        let join = match join {
            Some(join) => Ok(join),
            None => self.await_name().await,
        };
        let joined = match join {
            // On the heap, as with all that is rare: most sessions are idle, and none should set room aside for it.
            Ok(join) => Box::pin(self.join(join)).await,
            Err(end) => return end,
        };
        match joined {
            Ok(mut joined) => self.live(&mut joined).await,
            Err(end) => end,
        }
    }

    /// Waits for the device to name its restaurant.
    async fn await_name(&mut self) -> Result<Join, End> {
        let deadline = Instant::now() + self.house.limits.identify_timeout;
        loop {
            tokio::select! {
                received = self.socket.receive() => {
                    if let Some(join) = self.listen(received, None).await? {
                        return Ok(join);
                    }
                }
                () = sleep_until(deadline) => return Err(End::Farewell(Farewell::IdentifyTimeout)),
                () = self.house.shutdown.cancelled() => return Err(End::Farewell(Farewell::ShuttingDown)),
            }
        }
    }

    /// Lets the device in, and brings it up to date if it says where it left off.
    async fn join(&mut self, join: Join) -> Result<Joined, End> {
        let (asked_at, doubts) = (Instant::now(), self.house.hub.doubts());
        let (pass, permit) = self.admit(&join).await?;
        // Listen before reading the log, so that no message falls between.
        let membership = self.house.hub.join(permit, self.house.limits.restaurant_devices);
        let Some(membership) = membership else { return Err(End::Farewell(Farewell::TooManyDevices)) };
        match membership.open(&self.house.records, self.house.bus.as_ref()).await {
            Ok(()) => {}
            Err(Unread::Nothing) => return self.not_found(&join).await,
            Err(unread) => return Err(unread.into()),
        }
        let (life, mut head) = (membership.life(), membership.head());
        tracing::debug!(restaurant = join.restaurant_id, device = join.device_id, platform = join.platform, "joined");
        let same_life = join.epoch.as_ref().is_none_or(|theirs| *theirs == life.epoch);
        let can_go_on = |head| match join.since {
            Since::Now => true,
            Since::Seq(since) => same_life && since <= head,
            Since::Unusable => false,
        };
        if !can_go_on(head) && self.house.bus.is_some() {
            // It may come from another process, where it was told what this one has not heard of yet.
            membership.look_again(&self.house.records).await?;
            head = membership.head();
        }
        let may_have_missed = membership.may_have_missed_since(asked_at);
        let mut joined = Joined { membership, pass, platform: join.platform, life, last: head, stalled_until: None };
        if self.house.hub.doubts() != doubts || may_have_missed {
            self.make_sure(&joined).await?;
        }
        self.acknowledge(&joined).await?;
        match join.since {
            Since::Now => {}
            Since::Seq(since) if can_go_on(head) => {
                joined.last = since;
                match self.catch_up(&mut joined).await {
                    // The next look at what there is brings it.
                    Ok(()) | Err(End::NotYet) => {}
                    Err(end) => return Err(end),
                }
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
            epoch: &joined.life.epoch,
        })
        .await
    }

    /// Passes messages on as they come, until something ends it.
    async fn live(&mut self, joined: &mut Joined) -> End {
        loop {
            let due = [joined.pass.due(), joined.stalled_until].into_iter().flatten().fold(self.due(), Instant::min);
            let forgotten = self.house.records.forgotten();
            let step = tokio::select! {
                heard = joined.membership.heard(joined.last), if joined.stalled_until.is_none() => {
                    self.pass_on(heard, forgotten, joined).await
                }
                received = self.socket.receive() => self.answer(received, joined).await,
                () = sleep_until(due) => self.see_to(joined).await,
                // What was written before the end is heard before the good-bye.
                () = self.house.shutdown.cancelled() => match Box::pin(self.catch_up(joined)).await {
                    Ok(()) | Err(End::NotYet) => Err(End::Farewell(Farewell::ShuttingDown)),
                    Err(end) => Err(end),
                }
            };
            match step {
                Ok(()) => {}
                // The device is not to blame, and would not be better off elsewhere: it is kept, and told when that can be.
                Err(End::NotYet) => joined.stalled_until = Some(Instant::now() + Farewell::Unavailable.retry()),
                Err(end) => return end,
            }
        }
    }

    /// The cursor rule. `forgotten` is how often something had been forgotten before it was heard.
    async fn pass_on(&mut self, heard: Heard, forgotten: u64, joined: &mut Joined) -> Result<(), End> {
        match heard {
            Heard::Messages(messages) => {
                for message in messages {
                    // What is forgotten while a slow device is sent the first of them is not in the others any more.
                    if self.house.records.forgotten() != forgotten {
                        return Ok(());
                    }
                    self.send(&message.frame).await?;
                    joined.last = message.seq;
                }
                Ok(())
            }
            Heard::Behind => Box::pin(self.catch_up(joined)).await,
            Heard::Doubt(doubts) => {
                Box::pin(self.make_sure(joined)).await?;
                joined.membership.is_sure(doubts);
                Ok(())
            }
            Heard::Closed => Err(End::Farewell(Farewell::RestaurantDeleted)),
        }
    }

    /// Answers a device that has joined.
    async fn answer(&mut self, received: Result<Received, Broken>, joined: &mut Joined) -> Result<(), End> {
        match self.listen(received, Some(joined.last)).await? {
            None => Ok(()),
            Some(join) if join.restaurant_id == joined.membership.restaurant().as_str() => {
                Box::pin(self.renew(&join, joined)).await?;
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
            Ok(Received::Alive) => Ok(Hearsay::Heartbeat),
            Err(Broken::Gone) => return Err(End::Gone),
            Err(Broken::TooLarge) => return Err(End::Farewell(Farewell::TooLarge)),
            Err(Broken::ProtocolError) => return Err(End::Farewell(Farewell::ProtocolError)),
        };
        self.heard_at = Instant::now();
        match hearsay {
            Ok(Hearsay::RestaurantConnect(join)) => return Ok(Some(join)),
            Ok(Hearsay::Ping) => self.say(&Say::Pong { timestamp: now(), seq }).await?,
            Ok(Hearsay::Pong | Hearsay::Heartbeat) => {}
            Err(Gibberish { code, message }) => self.say(&Say::Error { code, message: &message }).await?,
        }
        Ok(None)
    }

    /// When [`Self::keep_alive`] next has something to do.
    fn due(&self) -> Instant {
        let ping = self.pinged_at + self.house.rhythm.ping_interval;
        let heartbeat = self.spoke_at + self.house.rhythm.heartbeat_interval;
        let silence = self.heard_at + self.house.rhythm.silence_timeout;
        ping.min(heartbeat).min(silence)
    }

    /// Does what is due.
    async fn see_to(&mut self, joined: &mut Joined) -> Result<(), End> {
        joined.stalled_until = joined.stalled_until.filter(|until| *until > Instant::now());
        Box::pin(self.keep_admitted(joined)).await?;
        self.keep_alive(joined).await
    }

    async fn keep_alive(&mut self, joined: &Joined) -> Result<(), End> {
        let now_ = Instant::now();
        if now_ >= self.heard_at + self.house.rhythm.silence_timeout {
            return Err(End::Farewell(Farewell::IdleTimeout));
        }
        if now_ >= self.pinged_at + self.house.rhythm.ping_interval {
            self.pinged_at = now_;
            let pinged = timeout(self.house.rhythm.send_timeout, self.socket.ping()).await;
            pinged.map_err(|_| End::Farewell(Farewell::NotReading))?.map_err(|_| End::Gone)?;
        }
        if now_ >= self.spoke_at + self.house.rhythm.heartbeat_interval {
            self.say(&Say::Heartbeat { timestamp: now(), seq: joined.last }).await?;
        }
        Ok(())
    }

    pub(super) async fn say(&mut self, say: &Say<'_>) -> Result<(), End> {
        self.send(&say.frame()).await
    }

    pub(super) async fn send(&mut self, frame: &Frame) -> Result<(), End> {
        self.socket.begin(frame);
        if !self.socket.write_now()? {
            Box::pin(self.write_as_it_reads()).await?;
        }
        self.spoke_at = Instant::now();
        Ok(())
    }

    async fn write_as_it_reads(&mut self) -> Result<(), End> {
        tokio::select! {
            biased;
            written = self.socket.write(self.house.rhythm.send_timeout) => written?,
            // A device that takes nothing must not keep the others waiting for the server's return.
            () = self.house.shutdown.cancelled() => {
                self.socket.write(LAST_WORD_TIMEOUT).await.map_err(|unwritten| match unwritten {
                    Unwritten::Stuck => End::Farewell(Farewell::ShuttingDown),
                    Unwritten::Gone => End::Gone,
                })?;
            }
        }
        // It is there, though what it says itself could not be heard in the meantime.
        self.heard_at = Instant::now();
        Ok(())
    }
}

impl From<Unwritten> for End {
    fn from(unwritten: Unwritten) -> Self {
        match unwritten {
            Unwritten::Stuck => Self::Farewell(Farewell::NotReading),
            Unwritten::Gone => Self::Gone,
        }
    }
}
