//! A guest (a party that books, waits, sits and leaves): its fields, its statuses, the moves between them, its times.
//! Which table it sits at is the affair of `decide/seating.rs`.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Edit, FieldError, Id, Purpose, Time,
    fields::{
        Fields, List, Moment, Reads, Words, define, describe, described_as, filled_text, text, whole_number, word,
    },
};

/// A party of guests as stored and as sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Guest {
    /// Its id.
    pub id: Id,
    /// Who it is, 1–200 characters.
    pub guest_name: String,
    /// How many people, 1–99.
    pub party_size: u16,
    /// Where it stands on its way through the evening.
    pub status: GuestStatus,
    /// The table it sits at; null unless seated.
    #[serde(rename = "table_id")]
    pub table_id: Option<Id>,
    /// At most 40 characters.
    pub phone: Option<String>,
    /// At most 254 characters (the longest address that RFC 5321 lets through).
    pub email: Option<String>,
    /// At most 2,000 characters.
    pub notes: Option<String>,
    /// At most 20, each of 1–40 characters.
    pub tags: Vec<String>,
    /// How it came to us.
    pub source: Option<Source>,
    /// For when it booked.
    pub reservation_time: Option<Time>,
    /// When it first stood at the door.
    pub check_in_time: Option<Time>,
    /// When it was told that its table is ready.
    pub notified_time: Option<Time>,
    /// When it sat down.
    pub seated_time: Option<Time>,
    /// When it left, cancelled or was given up.
    pub finished_time: Option<Time>,
    /// The wait that it was promised, in minutes, 0–1440.
    pub quoted_wait_minutes: Option<u16>,
    /// How many commits have changed it, its creation included.
    pub version: u64,
    /// When it was created.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// Where a guest stands on its way through the evening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the trade's own")]
pub enum GuestStatus {
    Confirmed,
    RunningLate,
    PartiallyArrived,
    Arrived,
    Waiting,
    Seated,
    Finished,
    Cancelled,
    NoShow,
}

/// How a guest came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the trade's own")]
pub enum Source {
    WalkIn,
    Phone,
    Online,
}

impl GuestStatus {
    /// Every status, in the order of an evening.
    pub const ALL: [Self; 9] = [
        Self::Confirmed,
        Self::RunningLate,
        Self::PartiallyArrived,
        Self::Arrived,
        Self::Waiting,
        Self::Seated,
        Self::Finished,
        Self::Cancelled,
        Self::NoShow,
    ];

    /// The status that a device means, whatever its case, spaces and punctuation.
    ///
    /// # Errors
    /// The rest of a sentence that lists the known statuses.
    pub fn read(value: &Value) -> Result<Self, String> {
        word::<Self>().read(value)
    }

    /// In JSON Schema, what [`Self::read`] takes.
    pub fn input_schema(schemas: &mut SchemaGenerator) -> Schema {
        word::<Self>().schema(schemas)
    }

    /// The status as the wire and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::RunningLate => "running_late",
            Self::PartiallyArrived => "partially_arrived",
            Self::Arrived => "arrived",
            Self::Waiting => "waiting",
            Self::Seated => "seated",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
            Self::NoShow => "no_show",
        }
    }

    /// Whether a guest may go from this status to another.
    pub fn can_become(self, next: Self) -> bool {
        use GuestStatus::{
            Arrived, Cancelled, Confirmed, Finished, NoShow, PartiallyArrived, RunningLate, Seated, Waiting,
        };
        match self {
            same if same == next => true,
            Confirmed | RunningLate => !matches!(next, Finished),
            PartiallyArrived | Arrived | Waiting => !matches!(next, Confirmed | Finished),
            Seated => matches!(next, Finished | Waiting | Arrived | Cancelled | NoShow),
            Finished | Cancelled | NoShow => matches!(next, Waiting | Confirmed),
        }
    }

    /// Whether the guest's evening is over: finished, cancelled or no-show.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Cancelled | Self::NoShow)
    }

    /// Whether at least some of the party are in the house.
    fn is_here(self) -> bool {
        matches!(self, Self::PartiallyArrived | Self::Arrived | Self::Waiting | Self::Seated)
    }
}

impl Words for GuestStatus {
    const NAME: &str = "GuestStatus";
    const ALL: &[Self] = &Self::ALL;
    const ALSO: &[(&str, Self)] =
        &[("waitlist", Self::Waiting), ("completed", Self::Finished), ("canceled", Self::Cancelled)];

    fn as_str(self) -> &'static str {
        self.as_str()
    }
}

impl Words for Source {
    const NAME: &str = "Source";
    const ALL: &[Self] = &[Self::WalkIn, Self::Phone, Self::Online];
    const ALSO: &[(&str, Self)] = &[];

    fn as_str(self) -> &'static str {
        match self {
            Self::WalkIn => "walk_in",
            Self::Phone => "phone",
            Self::Online => "online",
        }
    }
}

impl Guest {
    /// A guest of which nothing is known yet but its id.
    pub(crate) fn blank(id: Id, at: Time) -> Self {
        Self {
            id,
            guest_name: String::new(),
            party_size: 1,
            status: GuestStatus::Waiting,
            table_id: None,
            phone: None,
            email: None,
            notes: None,
            tags: Vec::new(),
            source: None,
            reservation_time: None,
            check_in_time: None,
            notified_time: None,
            seated_time: None,
            finished_time: None,
            quoted_wait_minutes: None,
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }

    /// Sets and clears the times that follow from having come from status `from` (none for a new guest), so that
    /// each is at least its predecessor, whatever the clock says.
    pub(crate) fn keep_times(&mut self, from: Option<GuestStatus>, at: Time) {
        let to = self.status;
        if from == Some(to) {
            return;
        }
        if from.is_some() && to == GuestStatus::Confirmed {
            self.check_in_time = None;
        }
        if to.is_here() && self.check_in_time.is_none() {
            self.check_in_time = Some(at);
        }
        if to == GuestStatus::Seated {
            self.seated_time = Some(at.max(self.check_in_time.unwrap_or(at)));
        } else if !to.is_over() {
            self.seated_time = None;
        }
        let was_over = from.is_some_and(GuestStatus::is_over);
        if !to.is_over() {
            self.finished_time = None;
        } else if !was_over {
            self.finished_time = [self.check_in_time, self.seated_time, Some(at)].into_iter().flatten().max();
        }
    }

    /// The first time that comes before its predecessor, with that predecessor's name.
    pub(crate) fn misplaced_time(&self) -> Option<FieldError> {
        let later = [("seatedTime", self.seated_time), ("finishedTime", self.finished_time)];
        let check_in = self.check_in_time?;
        later.into_iter().find_map(|(name, time)| {
            let time = time.filter(|time| *time < check_in)?;
            Some(FieldError::new("checkInTime", format!("must not be after {name}, which is {time}")))
        })
    }
}

/// What a request says about a guest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GuestPatch {
    pub(crate) guest_name: Option<String>,
    pub(crate) party_size: Option<u16>,
    pub(crate) status: Option<GuestStatus>,
    pub(crate) table_id: Edit<Id>,
    pub(crate) phone: Edit<String>,
    pub(crate) email: Edit<String>,
    pub(crate) notes: Edit<String>,
    pub(crate) tags: Edit<Vec<String>>,
    pub(crate) source: Edit<Source>,
    pub(crate) reservation_time: Edit<Time>,
    pub(crate) check_in_time: Edit<Time>,
    pub(crate) notified_time: Edit<Time>,
    pub(crate) quoted_wait_minutes: Edit<u16>,
    pub(crate) override_capacity: bool,
    pub(crate) errors: Vec<FieldError>,
}

impl GuestPatch {
    /// Reads the JSON object of a request; faults are kept inside and judged by [`crate::decide`].
    pub fn read(id: &Id, object: &Map<String, Value>, purpose: Purpose) -> Self {
        let mut fields = Fields::new(object, purpose);
        let patch = Self::read_fields(id, &mut fields);
        Self { errors: fields.into_errors(), ..patch }
    }

    /// In JSON Schema, what [`Self::read`] takes: a reference to `NewGuest` or `GuestChanges`, by the purpose. What
    /// depends on more than one field, or on the floor, is beyond it.
    pub fn schema(purpose: Purpose, schemas: &mut SchemaGenerator) -> Schema {
        let name = if purpose == Purpose::Create { "NewGuest" } else { "GuestChanges" };
        define(schemas, name, |schemas| {
            let read = |fields: &mut Fields<'_>| _ = Self::read_fields(&Id::any(), fields);
            described_as(describe(schemas, purpose, read), &Guest::json_schema(schemas))
        })
    }

    fn read_fields(id: &Id, fields: &mut Fields<'_>) -> Self {
        fields.same_id(id);
        Self {
            guest_name: guest_name(fields),
            party_size: fields.required(&["partySize", "party_size"], whole_number(1, 99)),
            status: fields.never_null(&["status"], word()),
            table_id: fields.reference(&["table_id", "tableId", "assignedTableId"]),
            phone: fields.optional(&["phone", "phoneNumber", "phone_number"], text(40)),
            email: fields.optional(&["email"], text(254)),
            notes: fields.optional(&["notes"], text(2_000)),
            tags: fields.optional(&["tags"], List { of: "tag", each: filled_text(40), limit: 20 }),
            source: fields.optional(&["source"], word()),
            reservation_time: fields.optional(&["reservationTime", "reservation_time"], Moment),
            check_in_time: fields.optional(&["checkInTime", "check_in_time"], Moment),
            notified_time: fields.optional(&["notifiedTime", "notified_time"], Moment),
            quoted_wait_minutes: fields
                .optional(&["quotedWaitMinutes", "quoted_wait_minutes"], whole_number(0, 24 * 60)),
            override_capacity: fields.overrides(),
            errors: Vec::new(),
        }
    }

    /// Applies everything but the status and the table, which concern other rows too.
    pub(crate) fn apply_to(&self, guest: &mut Guest) {
        if let Some(name) = &self.guest_name {
            guest.guest_name.clone_from(name);
        }
        if let Some(size) = self.party_size {
            guest.party_size = size;
        }
        self.phone.apply_to(&mut guest.phone);
        self.email.apply_to(&mut guest.email);
        self.notes.apply_to(&mut guest.notes);
        match &self.tags {
            Edit::Keep => {}
            Edit::Clear => guest.tags.clear(),
            Edit::Set(tags) => guest.tags.clone_from(tags),
        }
        self.source.apply_to(&mut guest.source);
        self.reservation_time.apply_to(&mut guest.reservation_time);
        self.check_in_time.apply_to(&mut guest.check_in_time);
        self.notified_time.apply_to(&mut guest.notified_time);
        self.quoted_wait_minutes.apply_to(&mut guest.quoted_wait_minutes);
    }
}

/// The longest name of a guest, in characters.
const MAX_NAME: usize = 200;

/// What a guest's name is called in the answers.
const NAME: &str = "guestName";

/// Reads a name given whole, or as a first name with an optional last name.
fn guest_name(fields: &mut Fields<'_>) -> Option<String> {
    let known = fields.fault_count();
    let whole = fields.null_refused_later(&[NAME, "name", "guest_name"], filled_text(MAX_NAME));
    let first = fields.optional(&["first_name", "firstName"], text(MAX_NAME));
    let last = fields.optional(&["last_name", "lastName"], text(MAX_NAME));
    fields.describe(|description| {
        // A first name may be blank or null only if there is a last name.
        let filled = filled_text(MAX_NAME).schema(description.schemas);
        let with = |name: &str| json!({ "required": [name], "properties": { name: filled } });
        description.also(json!({ "anyOf": [
            { "properties": { "first_name": filled, "firstName": filled } },
            with("last_name"),
            with("lastName"),
        ] }));
    });
    if fields.fault_count() > known {
        // The parts have names of their own, but what can't be used is the guest's name.
        return None;
    }
    let parts: Vec<&str> = [first.value(), last.value()]
        .into_iter()
        .flatten()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
        .collect();
    let joined = match first {
        Edit::Keep => Edit::Keep,
        Edit::Clear if parts.is_empty() => Edit::Clear,
        Edit::Clear | Edit::Set(_) => Edit::Set(parts.join(" ")),
    };
    let name = match (whole, joined) {
        (whole, Edit::Keep) => whole,
        (Edit::Keep, Edit::Set(joined)) if joined.is_empty() => {
            fields.fault(NAME, "must not be blank");
            return None;
        }
        (Edit::Keep, Edit::Set(joined)) if joined.chars().count() > MAX_NAME => {
            fields.fault(NAME, format!("must be at most {MAX_NAME} characters"));
            return None;
        }
        (Edit::Keep, joined) => joined,
        (whole, joined) if whole == joined => whole,
        (_, _) => {
            fields.fault(NAME, "is said twice, and the first and last name say something else");
            return None;
        }
    };
    let name = fields.refuse_null(NAME, name);
    fields.demand(&[NAME, "name", "guest_name", "first_name", "firstName"], name, known)
}
