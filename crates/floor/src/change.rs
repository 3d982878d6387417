//! What became true, and the very JSON text that tells the devices of it.

mod schema;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::{Entity, EntityKind, Guest, Id, Rejection, Request, Restaurant, Table, Time};

/// The largest message, in bytes. iOS drops WebSocket messages over 1 MiB (`URLSessionWebSocketTask`'s default
/// `maximumMessageSize`); half of that leaves room for whatever wraps the message on its way.
pub const MAX_MESSAGE_BYTES: usize = 512 * 1024;

/// What a decision makes true. Rows are whole, as they stand afterwards.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Change {
    RestaurantCreated(Restaurant),
    RestaurantUpdated(Restaurant),
    /// The restaurant is gone with all that belonged to it.
    RestaurantDeleted(Id),
    GuestCreated(Guest),
    GuestUpdated(Guest, Action),
    GuestDeleted(Id),
    TableCreated(Table),
    TableUpdated(Table, Action),
    TableDeleted(Id),
}

/// What kind of update it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The status changed, and perhaps more.
    StatusChange,
    /// The status stayed.
    Update,
}

/// What [`crate::decide`] says yes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What becomes true, in the order in which devices hear of it. Empty where nothing really changes.
    pub changes: Vec<Change>,
    /// What the caller is told.
    pub answer: Answer,
    /// Set for a transaction, whose changes make one message together.
    pub(crate) affected_entities: Option<Vec<Id>>,
}

/// What the caller of a successful request is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "one is made a request, and nearly always the large one")]
pub enum Answer {
    /// One row, as it stands now (or last stood, if deleted).
    One(OperationResult),
    /// One result an operation, in order.
    Transaction {
        /// The client's name for the transaction.
        transaction_id: String,
        /// One result an operation, in order.
        results: Vec<OperationResult>,
    },
}

/// What an operation came to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct OperationResult {
    /// What happened to the row.
    pub status: ResultStatus,
    /// The row as it stands after the whole request (or last stood, if deleted).
    #[serde(flatten)]
    pub entity: Entity,
}

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ResultStatus {
    Created,
    Updated,
    Deleted,
}

/// What an operation came to, as the answers write it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OperationResult")]
struct WrittenResult<'a> {
    /// Which kind of row it is.
    entity_type: EntityKind,
    /// The row's id.
    entity_id: &'a Id,
    /// What happened to the row.
    status: ResultStatus,
    #[serde(flatten)]
    entity: &'a Entity,
}

impl Serialize for OperationResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { status, entity } = self;
        let (entity_type, entity_id) = (entity.kind(), entity.id());
        WrittenResult { entity_type, entity_id, status: *status, entity }.serialize(serializer)
    }
}

/// A message, or one of the changes inside a transaction's; keys in the order in which they are written.
#[derive(Default, Serialize, JsonSchema)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    /// Whose floor it is.
    #[schemars(with = "Id")]
    #[serde(skip_serializing_if = "Option::is_none")]
    restaurant_id: Option<&'a Id>,
    /// The guest that it is about.
    #[schemars(with = "Id")]
    #[serde(skip_serializing_if = "Option::is_none")]
    guest_id: Option<&'a Id>,
    /// The table that it is about.
    #[schemars(with = "Id")]
    #[serde(skip_serializing_if = "Option::is_none")]
    table_id: Option<&'a Id>,
    /// The client's name for the transaction, or one that was minted.
    #[schemars(with = "String")]
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<&'a str>,
    #[schemars(with = "Action")]
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Action>,
    /// When the request came in: the same in all messages of one request.
    #[schemars(with = "Time")]
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<Time>,
    /// The ids in the order in which operations first name them, then those changed only by side effects.
    #[schemars(with = "[Id]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    affected_entities: Option<&'a [Id]>,
    /// One for each row that really changed: its net effect.
    #[schemars(with = "[Value]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<Message<'a>>>,
    /// The whole row as it stands after the change.
    #[schemars(with = "Value")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
    /// The restaurant's own count of its messages: one more each, without holes.
    #[schemars(with = "u64")]
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    /// The writer's `X-Device-Id`, by which a device knows its own echo.
    // The inner `None` is written as null.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Option<&'a str>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Restaurant(&'a Restaurant),
    Guest(&'a Guest),
    Table(&'a Table),
    Gone { id: &'a Id },
}

impl Decision {
    /// The messages that tell the devices, in order, where `head` is the number of the restaurant's last message.
    /// The number of each is one more than its predecessor's.
    ///
    /// # Errors
    /// [`Rejection::TooLarge`] if a message would be over [`MAX_MESSAGE_BYTES`].
    pub fn messages(&self, request: &Request, head: u64) -> Result<Vec<String>, Rejection> {
        let changes: Vec<Message<'_>> = self.changes.iter().filter_map(Change::message).collect();
        let bare = match (&self.answer, &self.affected_entities) {
            (_, _) if changes.is_empty() => Vec::new(),
            (Answer::Transaction { transaction_id, .. }, Some(affected)) => vec![Message {
                kind: "atomic_transaction_complete",
                transaction_id: Some(transaction_id),
                affected_entities: Some(affected),
                changes: Some(changes),
                ..Message::default()
            }],
            (_, _) => changes,
        };
        let texts = bare.into_iter().zip(head + 1..).map(|(bare, seq)| {
            let message = Message {
                restaurant_id: Some(&request.restaurant),
                timestamp: Some(request.at),
                seq: Some(seq),
                origin: Some(request.origin.as_deref()),
                ..bare
            };
            let text = serde_json::to_string(&message).expect("messages have text keys and finite numbers only");
            if text.len() > MAX_MESSAGE_BYTES { Err(Rejection::TooLarge { bytes: text.len() }) } else { Ok(text) }
        });
        texts.collect()
    }
}

impl Change {
    /// The part of a message that the change itself determines; none where no device could hear it.
    fn message(&self) -> Option<Message<'_>> {
        let guest = |kind, id, action, data| Message {
            kind,
            guest_id: Some(id),
            action,
            data: Some(data),
            ..Message::default()
        };
        let table = |kind, id, action, data| Message {
            kind,
            table_id: Some(id),
            action,
            data: Some(data),
            ..Message::default()
        };
        Some(match self {
            Self::RestaurantCreated(_) | Self::RestaurantDeleted(_) => return None,
            Self::RestaurantUpdated(restaurant) => {
                Message { kind: "restaurant_updated", data: Some(Data::Restaurant(restaurant)), ..Message::default() }
            }
            Self::GuestCreated(row) => guest("guest_created", &row.id, None, Data::Guest(row)),
            Self::GuestUpdated(row, action) => guest("guest_updated", &row.id, Some(*action), Data::Guest(row)),
            Self::GuestDeleted(id) => guest("guest_deleted", id, None, Data::Gone { id }),
            Self::TableCreated(row) => table("table_created", &row.id, None, Data::Table(row)),
            Self::TableUpdated(row, action) => table("table_updated", &row.id, Some(*action), Data::Table(row)),
            Self::TableDeleted(id) => table("table_deleted", id, None, Data::Gone { id }),
        })
    }
}
