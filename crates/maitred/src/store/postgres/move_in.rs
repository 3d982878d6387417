//! Restaurants that move here from another database: each in one transaction, which nobody sees anything of before it ends,
//! and of which nothing is left if it does not. Other nodes may serve meanwhile.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::{Error, types::Type};

use super::{
    connections::{Connections, Loan, Parameter},
    migrate,
    read::{signed, unsigned},
    register,
    trouble::of_commit,
    tx::{intend_purges, put_guests, put_tables},
};
use crate::{
    config::PostgresUrl,
    store::{
        StoreError,
        moving::{Arrival, Belongings, Hitch, Kept, Leaving, Logged, Piece, Pieces, said_at},
        register::Edit,
    },
};

/// How long the server may take over one step. The slowest is to count the rows at the end, which for some millions of
/// messages, on a slow disk, takes half a minute.
const STEP_TIMEOUT: Duration = Duration::from_secs(120);

/// How a transaction that takes a restaurant in begins and behaves, whatever the server's own settings are. It sees what was
/// committed before it had the lock. It may take long as a whole (where the server knows such a limit: `transaction_timeout`
/// is new in 17). An earlier one that was killed is waited for: it ends as soon as the server notices.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED;
    SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off';
    SET LOCAL lock_timeout = '30s';
    SET LOCAL idle_in_transaction_session_timeout = '60s';
    SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN ('statement_timeout', 'transaction_timeout')";

/// How much a restaurant has here, for [`Belongings`].
const BELONGINGS: &str = "SELECT
    (SELECT count(*) FROM guests WHERE restaurant_id = $1),
    (SELECT count(*) FROM tables WHERE restaurant_id = $1),
    (SELECT count(*) FROM log WHERE restaurant_id = $1),
    (SELECT count(*) FROM idempotency WHERE restaurant_id = $1),
    (SELECT count(*) FROM devices WHERE restaurant_id = $1),
    (SELECT count(*) FROM pairing_codes WHERE restaurant_id = $1),
    (SELECT count(*) FROM purges WHERE restaurant_id = $1),
    (SELECT coalesce(sum(octet_length(body)), 0) FROM guests WHERE restaurant_id = $1)
        + (SELECT coalesce(sum(octet_length(body)), 0) FROM tables WHERE restaurant_id = $1)
        + (SELECT coalesce(sum(octet_length(message)), 0) FROM log WHERE restaurant_id = $1)
        + (SELECT coalesce(sum(octet_length(outcome)), 0) FROM idempotency WHERE restaurant_id = $1)";

/// A database on a PostgreSQL server that restaurants move into.
pub(crate) struct MoveIn {
    connections: Connections,
    /// Where the server is, in messages to people.
    address: String,
}

impl MoveIn {
    /// Opens a database, bringing its schema up to date where needed, as whoever serves it does.
    pub(crate) async fn open(url: &PostgresUrl) -> Result<Self, StoreError> {
        let address = url.to_string();
        let open_error = |error: StoreError| error.of_server(&address).at_start();
        let connections = Connections::new(url, 1).map_err(open_error)?;
        migrate::migrate(&connections, &address).await.map_err(open_error)?;
        Ok(Self { connections, address })
    }

    /// Takes a restaurant in with all that belongs to it, unless one of its id is here already.
    pub(crate) async fn take_in(
        &self,
        leaving: &Leaving,
        belongings: impl FnOnce() -> Pieces,
    ) -> Result<Arrival, Hitch> {
        let here = |error: StoreError| self.hitch(error);
        let mut tx = Tx::begin(&self.connections, leaving).await.map_err(here)?;
        if let Some(arrival) = tx.who_is_here().await.map_err(here)? {
            tx.end("ROLLBACK").await.map_err(here)?;
            return Ok(arrival);
        }
        let mut pieces = belongings();
        // The reader names its own file.
        while let Some(piece) = pieces.next().await.map_err(|error| Hitch::Here(error.why()))? {
            tx.put(piece).await.map_err(here)?;
        }
        tx.put_restaurant().await.map_err(here)?;
        if let Some(why) = tx.verify().await.map_err(here)? {
            return Err(Hitch::Here(why));
        }
        let (belongings, replaced) = (tx.sent, tx.replaced);
        tx.end("COMMIT").await.map_err(here)?;
        Ok(Arrival::Moved { belongings, head: leaving.head, replaced })
    }

    fn hitch(&self, error: StoreError) -> Hitch {
        let concerns_all = error.concerns_all();
        let why = error.of_server(&self.address).why();
        if concerns_all { Hitch::Everywhere(why) } else { Hitch::Here(format!("the server does not take it: {why}")) }
    }
}

/// A transaction that takes a restaurant in. Dropped, it never was.
struct Tx<'a> {
    loan: Loan,
    leaving: &'a Leaving,
    sent: Belongings,
    /// The time of its last message.
    logged_at: i64,
    replaced: u64,
}

impl<'a> Tx<'a> {
    /// Begins it, and keeps everyone else from opening a restaurant of this id until it ends.
    async fn begin(connections: &Connections, leaving: &'a Leaving) -> Result<Self, StoreError> {
        let loan = connections.lend().await?;
        in_time(loan.batch_execute(BEGIN)).await?;
        // The same as in `maitred_before`.
        let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
        in_time(loan.query_typed(lock, &[(&leaving.id.as_str(), Type::TEXT)])).await?;
        Ok(Self { loan, leaving, sent: Belongings::default(), logged_at: 0, replaced: 0 })
    }

    /// What there is to say if a restaurant of this id is here already.
    async fn who_is_here(&self) -> Result<Option<Arrival>, StoreError> {
        let sql = "SELECT r.head, r.epoch, l.message FROM restaurants r
                   LEFT JOIN log l ON l.restaurant_id = r.id AND l.seq = $2 WHERE r.id = $1";
        let last = signed(self.leaving.head);
        let parameters: [Parameter<'_>; 2] = [(&self.id(), Type::TEXT), (&last, Type::INT8)];
        let Some(row) = in_time(self.loan.query_typed_opt(sql, &parameters)).await? else { return Ok(None) };
        let (head, epoch, same_number) = (unsigned(row.try_get(0)?)?, row.try_get::<_, &str>(1)?, row.try_get(2)?);
        if epoch != self.leaving.epoch {
            return Ok(Some(Arrival::Another(self.belongings().await?)));
        }
        let is_told_here = match same_number {
            Some(message) => {
                self.leaving.last_said.as_ref().is_none_or(|said| said_at(message).is_ok_and(|it| it == *said))
            }
            // The log here may have forgotten it, but can't be shorter.
            None => self.leaving.head <= head,
        };
        Ok(Some(if is_told_here {
            Arrival::MovedBefore
        } else {
            Arrival::Parted { left: self.leaving.head, arrived: head }
        }))
    }

    async fn put(&mut self, piece: Piece) -> Result<(), StoreError> {
        self.sent.add(&piece);
        match piece {
            Piece::Guests(rows) => in_time(put_guests(&self.loan, self.id(), &rows)).await,
            Piece::Tables(rows) => in_time(put_tables(&self.loan, self.id(), &rows)).await,
            Piece::Messages(messages) => self.append(messages).await,
            Piece::Answers(answers) => self.keep(&answers).await,
            Piece::Register(edits) => {
                for mut edit in edits {
                    self.make_writable(&mut edit);
                    in_time(register::put(&self.loan, &self.leaving.id, edit)).await?;
                }
                Ok(())
            }
            Piece::Purges(purges) => {
                let (guests, through): (Vec<&str>, Vec<i64>) =
                    purges.iter().map(|(guest, through)| (guest.as_str(), *through)).unzip();
                in_time(intend_purges(&self.loan, self.id(), &guests, &through)).await
            }
        }
    }

    /// Appends messages, one like the other (not as `COPY`, for which the library names a statement that a pooler between
    /// would leave on the connection).
    async fn append(&mut self, mut messages: Vec<Logged>) -> Result<(), StoreError> {
        let mut ats = Vec::with_capacity(messages.len());
        for logged in &mut messages {
            // The clock may have gone back. Here, times must not.
            self.logged_at = self.logged_at.max(logged.at);
            ats.push(self.logged_at);
            self.replace_nul(&mut logged.subject);
        }
        let seqs: Vec<i64> = messages.iter().map(|logged| logged.seq).collect();
        let subjects: Vec<Option<&str>> = messages.iter().map(|logged| logged.subject.as_deref()).collect();
        let texts: Vec<&str> = messages.iter().map(|logged| logged.message.as_str()).collect();
        let sql = "INSERT INTO log (restaurant_id, seq, at, subject, message)
                   SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[])";
        let parameters: [Parameter<'_>; 5] = [
            (&self.id(), Type::TEXT),
            (&seqs, Type::INT8_ARRAY),
            (&ats, Type::INT8_ARRAY),
            (&subjects, Type::TEXT_ARRAY),
            (&texts, Type::TEXT_ARRAY),
        ];
        in_time(self.loan.execute_typed(sql, &parameters)).await?;
        Ok(())
    }

    async fn keep(&self, answers: &[Kept]) -> Result<(), StoreError> {
        let keys: Vec<&str> = answers.iter().map(|kept| kept.key.as_str()).collect();
        let fingerprints: Vec<&[u8]> = answers.iter().map(|kept| kept.fingerprint.as_slice()).collect();
        let outcomes: Vec<&str> = answers.iter().map(|kept| kept.outcome.as_str()).collect();
        let kept_ats: Vec<i64> = answers.iter().map(|kept| kept.kept_at).collect();
        let sql = "INSERT INTO idempotency (restaurant_id, key, fingerprint, outcome, kept_at)
                   SELECT $1, * FROM unnest($2::text[], $3::bytea[], $4::text[], $5::bigint[])";
        let parameters: [Parameter<'_>; 5] = [
            (&self.id(), Type::TEXT),
            (&keys, Type::TEXT_ARRAY),
            (&fingerprints, Type::BYTEA_ARRAY),
            (&outcomes, Type::TEXT_ARRAY),
            (&kept_ats, Type::INT8_ARRAY),
        ];
        in_time(self.loan.execute_typed(sql, &parameters)).await?;
        Ok(())
    }

    /// The restaurant itself comes last, when it is known when it was last heard of.
    async fn put_restaurant(&self) -> Result<(), StoreError> {
        let Leaving { id, body, head, epoch, .. } = self.leaving;
        let sql = "INSERT INTO restaurants (id, body, head, epoch, logged_at) VALUES ($1, $2, $3, $4, $5)";
        let parameters: [Parameter<'_>; 5] = [
            (&id.as_str(), Type::TEXT),
            (body, Type::TEXT),
            (&signed(*head), Type::INT8),
            (epoch, Type::TEXT),
            (&self.logged_at, Type::INT8),
        ];
        in_time(self.loan.execute_typed(sql, &parameters)).await?;
        Ok(())
    }

    /// Reads back what was sent, and tells what is wrong with it, if anything is.
    async fn verify(&self) -> Result<Option<String>, StoreError> {
        let arrived = self.belongings().await?;
        let sql = "SELECT head, epoch, body FROM restaurants WHERE id = $1";
        let row = in_time(self.loan.query_typed_one(sql, &[(&self.id(), Type::TEXT)])).await?;
        let (head, epoch, body): (i64, &str, &str) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let Leaving { head: sent_head, epoch: sent_epoch, body: sent_body, .. } = self.leaving;
        let is_same = arrived == self.sent
            && (unsigned(head)?, epoch, body) == (*sent_head, sent_epoch.as_str(), sent_body.as_str());
        Ok((!is_same).then(|| {
            format!(
                "what the server has is not what it was sent ({arrived:?} up to number {head}, not {:?} up to number \
                 {sent_head}); does a trigger or rule there change it?",
                self.sent
            )
        }))
    }

    /// Ends it, one way or the other.
    async fn end(self, how: &str) -> Result<(), StoreError> {
        let ended = timeout(STEP_TIMEOUT, self.loan.batch_execute(how)).await;
        ended.map_err(|_| StoreError::lost("the end of a transaction").in_doubt())?.map_err(of_commit)?;
        self.loan.give_back();
        Ok(())
    }

    async fn belongings(&self) -> Result<Belongings, StoreError> {
        let row = in_time(self.loan.query_typed_one(BELONGINGS, &[(&self.id(), Type::TEXT)])).await?;
        let count = |column: usize| unsigned(row.try_get(column)?);
        Ok(Belongings {
            guests: count(0)?,
            tables: count(1)?,
            messages: count(2)?,
            answers: count(3)?,
            devices: count(4)?,
            codes: count(5)?,
            purges: count(6)?,
            bytes: count(7)?,
        })
    }

    fn id(&self) -> &'a str {
        self.leaving.id.as_str()
    }

    /// Of a device or code, what people are called may be anything that a token can say.
    fn make_writable(&mut self, edit: &mut Edit) {
        match edit {
            Edit::AddDevice(device, _) => self.replace_nul(&mut device.paired_by),
            Edit::PutDevice(device) => self.replace_nul(&mut device.revoked_by),
            Edit::OpenCode(open) => self.replace_nul(&mut open.made_by),
            Edit::DropCode(_) | Edit::CountFailure | Edit::DropDevice(_) | Edit::DoubtAccess => {}
        }
    }

    /// The server has texts of any character but one.
    fn replace_nul(&mut self, text: &mut Option<String>) {
        if let Some(text) = text.as_mut().filter(|text| text.contains('\0')) {
            *text = text.replace('\0', "\u{fffd}");
            self.replaced += 1;
        }
    }
}

async fn in_time<T>(step: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
    Ok(timeout(STEP_TIMEOUT, step).await.map_err(|_| StoreError::lost("an answer"))??)
}
