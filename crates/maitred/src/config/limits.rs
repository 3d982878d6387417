//! Every limit, with the reason for its figure: first those that the command line can set, then those that are fixed.

use std::{ops::Range, time::Duration};

/// What one peer may take of the server. None of them may be zero.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest body of a request, in bytes.
    pub body_bytes: usize,
    /// The largest message that a device may send over its socket, in bytes.
    pub device_message_bytes: usize,
    /// The most devices in a restaurant.
    pub restaurant_devices: usize,
    /// The most connections from one address, sockets among them. Not held at home.
    pub address_connections: usize,
    /// Writes a second of one device; twice as many at once. Not held at home.
    pub device_writes: u32,
    /// Pairing codes that one address may try at once, and then one every [`PAIRING_TRY_INTERVAL`].
    pub pairing_tries: u32,
    /// How long a peer may take over the head of a request, the idle time before it included (the library does not tell
    /// the two apart).
    pub head_timeout: Duration,
    /// How long a peer may take over the body of a request.
    pub body_timeout: Duration,
    /// How long a peer may take over the TLS handshake.
    pub tls_timeout: Duration,
    /// How long a socket may stay open without naming a restaurant.
    pub identify_timeout: Duration,
    /// Missed messages that are always replayed one by one, as long as the log has them.
    pub replay_messages: u64,
}

impl Limits {
    /// What holds unless told otherwise.
    pub const DEFAULT: Self = Self {
        // The largest sensible transaction, 200 guests with notes, is about half.
        body_bytes: 256 * 1024,
        // Ours need 200 bytes; what a device calls itself may be long.
        device_message_bytes: 64 * 1024,
        // A large house has 100. At 6 KiB each, a restaurant gone wild costs 60 MB, and not the others their places.
        restaurant_devices: 10_000,
        // A house behind one address (NAT) has 100 devices, a chain's office 1,000; and 32 addresses that want to do harm
        // are still needed to use up the usual 32,768 descriptors.
        address_connections: 1_024,
        // A person makes one or two; a till that comes back with what it has kept offline, a burst of a hundred.
        device_writes: 50,
        // Enough for a house that sets up its devices, which share an address, and for people who mistype.
        pairing_tries: 20,
        // Long enough that a device finds its connection open when it next writes: one that is closed just then costs it a
        // failed request. nginx's `keepalive_timeout` is the same.
        head_timeout: Duration::from_secs(75),
        // The largest body, over 70 kbit/s.
        body_timeout: Duration::from_secs(30),
        // Two round trips and some arithmetic; over a bad mobile network, a second or two.
        tls_timeout: Duration::from_secs(10),
        // The protocol's own figure: devices send it at once.
        identify_timeout: Duration::from_secs(10),
        // A quarter of an evening, in 250 KiB.
        replay_messages: 500,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How much of a body that nobody wants is still taken off the wire, in bytes: a client that is cut off while it sends may
/// never read the answer that tells it why. 64 times what a body may have, unless told otherwise.
pub const MAX_DISCARDED_BYTES: usize = 16 * 1024 * 1024;

/// For how long a body that nobody wants is taken off the wire.
pub const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);

/// The deepest nesting of a JSON body. Ours need 4; a stack frame a level must never become an attack.
pub const MAX_JSON_DEPTH: usize = 100;

/// The longest head of a request, in bytes, and what a connection sets aside for reading at the most. Ours have 500;
/// what browsers and proxies add is far under this. (The library's default is 400 KiB a connection.)
pub const MAX_HEAD_BYTES: usize = 32 * 1024;

/// What the library may hold of its answers to a device's pings, in bytes: some thirty of the longest. Of a device that
/// does not read them, only the newest ping is answered, as RFC 6455, section 5.5.3, allows.
pub const MAX_PONG_BYTES: usize = 4 * 1024;

/// What a socket sets aside for reading, in bytes: ten times the usual message. (The library's default of 128 KiB a
/// connection would make 10,000 idle devices cost 1.3 GB.)
pub const SOCKET_READ_BUFFER_BYTES: usize = 2 * 1024;

/// The most guests, changes or entries of the audit trail on a page, and the default of the second.
pub const MAX_PAGE: u64 = 500;

/// Entries of the audit trail on a page where the request names no number.
pub const DEFAULT_AUDIT_PAGE: u64 = 100;

/// The most bytes of messages on a page, however few they are: a page is held in memory while it is sent.
pub const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Guests on a page where the request names no number.
pub const DEFAULT_GUESTS_PAGE: u64 = 100;

/// The longest `X-Device-Id`, in bytes. A UUID has 36.
pub const MAX_DEVICE_ID_BYTES: usize = 200;

/// The longest `Idempotency-Key`, in bytes.
pub const MAX_IDEMPOTENCY_KEY_BYTES: usize = 255;

/// How long the answer to a request with an `Idempotency-Key` is kept.
pub const IDEMPOTENCY_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Expired answers that are thrown away with each new one kept: enough to keep up, too few to be felt.
pub const EXPIRED_BATCH: u32 = 4;

/// Writes that may wait for the disk at once. At 10,000 writes a second, the last of them waits 0.2 s; whoever comes
/// after is told at once to try again (503).
pub const WRITE_QUEUE: usize = 2_048;

/// Writes in one commit. More would save little of the fsync that they share, and make the first of them wait.
pub const MAX_GROUP: usize = 128;

/// Connections that read from a database file side by side. Reads are short and the machines small.
pub const READERS: usize = 4;

/// How long a connection to the database waits for another's lock. Only a reader that restarts the log file ever holds
/// one.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections to a database server that a process may hold, unless told otherwise: five such processes fit into the 100 that
/// PostgreSQL allows by itself, and more of them would hardly make 2 to 16 cores faster.
pub const DATABASE_CONNECTIONS: usize = 16;

/// How many of them are for reads, so that these never wait for writes.
pub const DATABASE_READERS: usize = 4;

/// How long a request waits for one of them to be free.
pub const DATABASE_WAIT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection to a database server may take to come about.
pub const DATABASE_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// After how long a silent connection to a database server is asked whether anyone is there, and how often from then on.
pub const DATABASE_KEEPALIVE: Duration = Duration::from_secs(5);

/// For how long a database server may leave what it was sent unacknowledged before it counts as gone.
pub const DATABASE_SILENCE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a database server may take over an answer to a read.
pub const DATABASE_READ_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a database server may take over each half of a transaction. Longer than the 5 s after which it lets nobody wait
/// for a lock any more (`maitred_manners`).
pub const DATABASE_WRITE_TIMEOUT: Duration = Duration::from_secs(15);

/// How often restaurants with devices are looked at in the database, where other processes write to it as well: what the bus
/// has lost is found after so long.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(3);

/// Looks at restaurants that are under way at once, of those that the bus or the sweep brought news of. Each is a short read,
/// and connections to the database are few.
pub const LOOKS_AT_ONCE: usize = 4;

/// Restaurants that may wait to be looked at. What finds no place is found by the next sweep.
pub const LOOK_QUEUE: usize = 4_096;

/// What may wait to be told to other processes: a second's worth of a busy one. What finds no place is not told, and found by
/// their sweep.
pub const BUS_QUEUE: usize = 4_096;

/// How much of it is told at once, where a number says it all.
pub const BUS_BATCH: usize = 256;

/// What the bus may have brought of a restaurant that was not passed on yet. What is beyond is dropped, and found by the sweep.
pub const BUS_BACKLOG: usize = 1_024;

/// How often the bus is asked whether it is still there.
pub const BUS_PING_INTERVAL: Duration = Duration::from_secs(5);

/// How long to wait before the bus is called again, in ms: the first time, and at the most.
pub const BUS_RECONNECT_MS: Range<u64> = 100..2_000;

/// How long the first device of a restaurant waits for the bus to take note, and a process that ends for its last words to
/// be on their way.
pub const BUS_ATTEND_TIMEOUT: Duration = Duration::from_millis(250);

/// How far back the log reaches, unless told otherwise: a week. A device that was away for longer wants the floor as it
/// is, not the story of last week; whoever fetches the changes for books of his own has a holiday to come back from.
pub const LOG_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The most messages of a restaurant in the log, unless told otherwise. A full house makes some 2,000 in an evening, of
/// half a KiB each: a restaurant is thus never more than 50 MB of log, whatever its devices do.
pub const LOG_MESSAGES: u64 = 100_000;

/// How often old messages are looked for: often enough that there are few of them.
pub const PRUNE_INTERVAL: Duration = Duration::from_secs(60);

/// The most messages dropped at once. Writes wait meanwhile, for a millisecond or two.
pub const PRUNE_ROWS: usize = 256;

/// How long the writer has for itself after each piece that was dropped. Most writes thus never meet one, and still
/// more than 10,000 messages a second are dropped, which is more than devices write.
pub const PRUNE_REST: Duration = Duration::from_millis(10);

/// The most bytes of messages dropped at once, give or take one message: long ones cost a page each 4 KiB.
pub const PRUNE_BYTES: usize = 1024 * 1024;

/// Messages that are looked through at once for guests who are to be forgotten, and the bytes of them: a reader is busy
/// for a few milliseconds, and keeps the log file from being emptied for no longer.
pub const PURGE_SCAN_ROWS: u64 = 4_096;

/// The bytes of them, give or take one message.
pub const PURGE_SCAN_BYTES: usize = 4 * 1024 * 1024;

/// Guests who are deleted and forgotten together because their time is over. Each costs the writer a write.
pub const PURGE_GUESTS: u64 = 32;

/// How long the writer waits for readers who are in the way when it empties the log file. All writes wait with it.
pub const EMPTY_TIMEOUT: Duration = Duration::from_millis(20);

/// How often it tries, and after what rest again, before whoever asked is answered all the same and the retention's
/// rounds go on trying.
pub const EMPTY_TRIES: u32 = 5;

/// The rest between two tries.
pub const EMPTY_REST: Duration = Duration::from_millis(50);

/// What each connection to the database may cache, in KiB.
pub const DATABASE_CACHE_KIB: i64 = 16 * 1024;

/// The newest messages of a restaurant that are kept at hand for its devices, shared by all of them. A device that
/// falls further behind reads from the log instead.
pub const RING_MESSAGES: usize = 128;

/// The most bytes of them, but for the newest one: 128 usual messages are a tenth of it.
pub const RING_BYTES: usize = 1024 * 1024;

/// What is sent to a device in one go, in bytes, unless a single message is longer (512 KiB at the most). But for a floor
/// that it is being shown, and with [`SOCKET_SEND_BUFFER_BYTES`], it is all that is ever held for a device that does not
/// read.
pub const SEND_BATCH_BYTES: usize = 64 * 1024;

/// What the system may hold for a device that does not read, in bytes; Linux doubles it for its own bookkeeping. Left to
/// itself, it would hold up to 4 MiB a connection (`net.ipv4.tcp_wmem`).
pub const SOCKET_SEND_BUFFER_BYTES: usize = 64 * 1024;

/// The same for a device that is given up, so that the good-bye finds room behind all that it has not read.
pub const LAST_WORD_BUFFER_BYTES: usize = 1024 * 1024;

/// What is read from the log at once for a replay, in bytes.
pub const REPLAY_PAGE_BYTES: usize = SEND_BATCH_BYTES;

/// Pages of the log begin at multiples of this number, wherever in between a device left off, so that a house of
/// devices shares a few of them. So few messages are skipped that they cost nothing.
pub const LOG_BLOCK: u64 = 64;

/// Pages of the log that are kept for other devices that come back at the same time, in bytes; and as much for floors.
pub const SHARED_BYTES: usize = 16 * 1024 * 1024;

/// Reads of the log by sessions that may be under way or wait at once. Each takes 0.2 ms or so, and the devices of a
/// house share them: whoever comes while the line is full is asked to come back (`bye`, `busy`).
pub const READ_LINE: usize = 512;

/// The largest part of a snapshot, in bytes of rows, so that the message with its envelope stays under 256 KiB.
pub const SNAPSHOT_PART_BYTES: usize = 240 * 1024;

/// After how long a device that is told `bye` may come back, in ms. The jitter spreads a house's devices over the
/// interval, so that they do not all return at once.
pub const RETRY_MS: Range<u64> = 250..2_000;

/// The same for one that came when too many did: at 5,000 reads a second, 20,000 others have had their turn by then.
pub const BUSY_RETRY_MS: Range<u64> = 1_000..5_000;

/// Connections over an address's limit that are told so at the same time. Each costs a descriptor until it has read the
/// answer; those beyond are closed without a word.
pub const TOLD_REFUSALS: usize = 64;

/// How long such a connection may take to read its answer.
pub const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// Devices whose pace of writing is remembered at once, some 100 bytes each. Whoever comes beyond shares one pace with
/// all others who do.
pub const PACED_KEYS: usize = 65_536;

/// How long a browser may remember what pages from elsewhere may do.
pub const PREFLIGHT_AGE: Duration = Duration::from_secs(600);

/// Connections that may wait to be accepted: all the devices of a busy server, who come back in the same moment once it was
/// restarted. Where they are more than fit, the system leaves them to try again after seconds. Linux itself allows no more
/// (`net.core.somaxconn`).
pub const ACCEPT_BACKLOG: i32 = 4096;

/// How long to wait before accepting again where the system has no more file descriptors.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long a shutdown waits for requests under way, and then as long again for the devices' farewells.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a device may take over the server's last words, and then to close its side.
pub const LAST_WORD_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a device that is behind waits for the database once the server goes down, before it is told `bye` all the same.
pub const LAST_READ_TIMEOUT: Duration = Duration::from_secs(1);

/// The longest token, in bytes. One that names a hundred restaurants has some 5,000.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The shortest secret that tokens are signed with, in bytes: as many as its signatures (RFC 7518, section 3.2).
pub const MIN_SECRET_BYTES: usize = 32;

/// How long before a token expires its device is told, so that it can bring another.
pub const EXPIRY_WARNING: Duration = Duration::from_secs(60);

/// How long a pairing code is good for: time enough to walk to the device.
pub const PAIRING_CODE_AGE: Duration = Duration::from_secs(10 * 60);

/// Wrong codes that a pairing code survives. Whoever guesses hits it once in 100,000 times.
pub const PAIRING_FAILURES: u32 = 10;

/// After how long an address that has tried as many pairing codes as it may at once may try one more.
pub const PAIRING_TRY_INTERVAL: Duration = Duration::from_secs(6);

/// Pairing codes of a restaurant that may be open at once: as many devices as one would set up in ten minutes.
pub const MAX_PAIRING_CODES: usize = 20;

/// The most devices of a restaurant, those that were sent away included; of these, the oldest make room.
pub const MAX_DEVICES: u64 = 1_000;

/// The longest pairing code as it is typed, in characters: six digits, with whatever people put between them.
pub const MAX_CODE: usize = 40;

/// The longest name of a device, in characters.
pub const MAX_DEVICE_NAME: usize = 100;
