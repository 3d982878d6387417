//! What someone asks for, and which rows a decision about it must see.

mod op;
mod schema;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{
    Edit, EntityKind, FieldError, GuestPatch, Id, InvalidId, Purpose, RestaurantPatch, TablePatch, Time,
    fields::{Fields, filled_text, kind},
};
use op::{Op, OpName, Version};

/// The most operations that one transaction may hold: enough to rearrange a whole floor, little enough for one lock.
pub const MAX_OPERATIONS: usize = 200;

/// The longest `transaction_id` that is echoed, in characters.
const MAX_TRANSACTION_ID: usize = 200;

/// How a transaction's body calls its restaurant.
const RESTAURANT_ID: [&str; 2] = ["restaurant_id", "restaurantId"];

/// One request to change a restaurant, with everything that its decision may depend on besides the rows.
#[derive(Debug, Clone)]
pub struct Request {
    /// This request's own id, unique; a restaurant that it creates names the life of its log after it.
    pub id: Id,
    /// Whose floor it is.
    pub restaurant: Id,
    /// The device that asks, as it names itself: an echo can be told by it.
    pub origin: Option<String>,
    /// When the request came in.
    pub at: Time,
    /// What is asked for.
    pub command: Command,
}

/// What can be asked for.
#[derive(Debug, Clone)]
pub enum Command {
    /// Opens a restaurant under the request's restaurant id.
    CreateRestaurant(RestaurantPatch),
    /// Changes its name, time zone or settings.
    UpdateRestaurant(RestaurantPatch, Expectation),
    /// Removes it with all that belongs to it.
    DeleteRestaurant(Expectation),
    /// One operation on one row, with the other halves that follow from it.
    Write(Step),
    /// Several operations, all or none.
    Transact(Transaction),
}

/// One operation and the version that it was meant for.
#[derive(Debug, Clone)]
pub struct Step {
    /// What to do.
    pub operation: Operation,
    /// Which version it was meant for.
    pub expects: Expectation,
}

/// Which versions of a row a write was meant for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// Any.
    Any,
    /// One of these, by `If-Match`; anything else is a failed precondition.
    IfMatch(Vec<u64>),
    /// This one, by an operation's `expected_version`; anything else is a conflict.
    Version(u64),
}

/// One operation on one row.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operation {
    CreateGuest(Id, GuestPatch),
    UpdateGuest(Id, GuestPatch),
    DeleteGuest(Id),
    CreateTable(Id, TablePatch),
    UpdateTable(Id, TablePatch),
    DeleteTable(Id),
}

/// Operations that happen together or not at all.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// The client's name for it, echoed in the answer and the message.
    pub id: String,
    /// The operations, in order.
    pub steps: Vec<Step>,
    /// What makes it unreadable, if anything does.
    pub errors: Vec<FieldError>,
    /// The index of the operation that is unreadable, if it is one of them.
    pub unreadable: Option<usize>,
}

/// The rows that a decision must see, by what names them. With each guest comes its table, with each table its guest.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Needs<'a> {
    /// Guests by id.
    pub guests: BTreeSet<&'a Id>,
    /// Tables by id.
    pub tables: BTreeSet<&'a Id>,
    /// Tables by number.
    pub table_numbers: BTreeSet<&'a str>,
}

impl Command {
    /// The rows that a decision about this command must see, besides the restaurant itself.
    pub fn needs(&self) -> Needs<'_> {
        let mut needs = Needs::default();
        let steps = match self {
            Self::CreateRestaurant(_) | Self::UpdateRestaurant(..) | Self::DeleteRestaurant(_) => &[],
            Self::Write(step) => std::slice::from_ref(step),
            Self::Transact(transaction) => transaction.steps.as_slice(),
        };
        for step in steps {
            match &step.operation {
                Operation::CreateGuest(id, patch) | Operation::UpdateGuest(id, patch) => {
                    needs.guests.insert(id);
                    needs.tables.extend(patch.table_id.value());
                }
                Operation::CreateTable(id, patch) | Operation::UpdateTable(id, patch) => {
                    needs.tables.insert(id);
                    needs.guests.extend(patch.guest_id.value());
                    needs.table_numbers.extend(patch.table_number.as_deref());
                }
                Operation::DeleteGuest(id) => _ = needs.guests.insert(id),
                Operation::DeleteTable(id) => _ = needs.tables.insert(id),
            }
        }
        needs
    }
}

/// The JSON body of a transaction, in either of its two forms.
#[derive(Debug, Clone, Copy)]
pub struct TransactionBody<'a>(pub &'a Map<String, Value>);

impl<'a> TransactionBody<'a> {
    /// The restaurant that the transaction is for, named by the query, the body or both.
    ///
    /// # Errors
    /// Named by neither, or differently by the two.
    pub fn restaurant_id(self, from_query: Option<&'a str>) -> Result<&'a str, FieldError> {
        let fault = |message: String| Err(FieldError::new("restaurant_id", message));
        let mut from_body = None;
        for value in RESTAURANT_ID.into_iter().filter_map(|name| self.0.get(name)) {
            match value {
                Value::Null => {}
                Value::String(id) if from_body.is_none_or(|known| known == id.as_str()) => {
                    from_body = Some(id.as_str());
                }
                Value::String(_) => return fault("is said twice, and not the same".to_owned()),
                other => return fault(format!("must be an id, not {}", kind(other))),
            }
        }
        match (from_query, from_body) {
            (None, None) => fault("is required, in the query or in the body".to_owned()),
            (Some(query), Some(body)) if query != body => {
                fault(format!("is {query:?} in the query and {body:?} in the body"))
            }
            (Some(id), _) | (None, Some(id)) => Ok(id),
        }
    }

    /// Reads the operations. `mint` makes an id for a transaction (`None`) or a new row that brings none of its own.
    pub fn read(self, mut mint: impl FnMut(Option<EntityKind>) -> Id) -> Transaction {
        let mut fields = Fields::new(self.0, Purpose::Update);
        let named = read_name(&mut fields).value().cloned();
        let lists = ["operations", "guests", "tables"].map(|name| match self.0.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::Array(list)) => Some(list.as_slice()),
            Some(other) => {
                fields.fault(name, format!("must be a list, not {}", kind(other)));
                Some([].as_slice())
            }
        });
        let count: usize = lists.iter().flatten().map(|list| list.len()).sum();
        if count > MAX_OPERATIONS {
            fields.fault("operations", format!("must be at most {MAX_OPERATIONS}, not {count}"));
        }
        let mut raw: Vec<(Option<&'static str>, &Value)> = Vec::new();
        match lists {
            [None, None, None] => fields.fault("operations", "is required: a list, which may be empty"),
            [Some(_), Some(_), _] | [Some(_), _, Some(_)] => {
                fields.fault("operations", "can't stand beside guests or tables: say it in one form");
            }
            [Some(operations), None, None] => raw.extend(operations.iter().map(|value| (None, value))),
            [None, guests, tables] => {
                raw.extend(guests.into_iter().flatten().map(|value| (Some("guest"), value)));
                raw.extend(tables.into_iter().flatten().map(|value| (Some("table"), value)));
            }
        }
        let mut errors = fields.into_errors();
        let mut unreadable = None;
        let mut steps = Vec::with_capacity(raw.len().min(MAX_OPERATIONS));
        if !errors.is_empty() {
            raw.clear();
        }
        for (index, (noun, value)) in raw.into_iter().enumerate() {
            match read_step(value, noun, &mut mint) {
                Ok(step) => steps.push(step),
                Err(faults) => {
                    (errors, unreadable) = (faults, Some(index));
                    break;
                }
            }
        }
        let id = named.unwrap_or_else(|| mint(None).to_string());
        Transaction { id, steps, errors, unreadable }
    }
}

/// What the client calls its transaction.
fn read_name(fields: &mut Fields<'_>) -> Edit<String> {
    fields.optional(&["transaction_id", "transactionId"], filled_text(MAX_TRANSACTION_ID))
}

/// Reads one operation: `{"op": "update_guest", …}`, or `{"operation": "update", …}` in a list of `noun`s.
fn read_step(
    value: &Value,
    noun: Option<&'static str>,
    mint: &mut impl FnMut(Option<EntityKind>) -> Id,
) -> Result<Step, Vec<FieldError>> {
    let Some(object) = value.as_object() else {
        let message = format!("must be an object, not {}", kind(value));
        return Err(vec![FieldError::new("operation", message)]);
    };
    let mut fields = Fields::new(object, Purpose::Create);
    let (op, expects) = read_aim(&mut fields, OpName { noun, among: &Op::ALL });
    let nothing = Map::new();
    let data = match object.get("data") {
        None | Some(Value::Null) => &nothing,
        Some(Value::Object(data)) => data,
        Some(other) => {
            fields.fault("data", format!("must be an object, not {}", kind(other)));
            &nothing
        }
    };
    let given = [object.get("id"), data.get("id")].into_iter().flatten().find(|id| !id.is_null());
    let id = match (given, op.and_then(Op::makes)) {
        (Some(Value::String(id)), _) => id.parse().map_err(|error: InvalidId| error.to_string()),
        (Some(other), _) => Err(format!("must be a text, not {}", kind(other))),
        (None, Some(kind)) => Ok(mint(Some(kind))),
        (None, None) => Err("is required".to_owned()),
    };
    let id: Option<Id> = id.map_err(|message| fields.fault("id", message)).ok();
    match (op, id, fields.into_errors()) {
        (Some(op), Some(id), errors) if errors.is_empty() => Ok(Step { operation: operation(op, id, data), expects }),
        (_, _, errors) => Err(errors),
    }
}

/// Reads what an operation is to do, and to which version.
fn read_aim(fields: &mut Fields<'_>, name: OpName) -> (Option<Op>, Expectation) {
    let op = fields.required(&[name.key()], name);
    let expects = match fields.optional(&["expected_version", "expectedVersion"], Version) {
        Edit::Set(version) => Expectation::Version(version),
        Edit::Keep | Edit::Clear => Expectation::Any,
    };
    (op, expects)
}

fn operation(op: Op, id: Id, data: &Map<String, Value>) -> Operation {
    match op {
        Op::CreateGuest => Operation::CreateGuest(id.clone(), GuestPatch::read(&id, data, Purpose::Create)),
        Op::UpdateGuest => Operation::UpdateGuest(id.clone(), GuestPatch::read(&id, data, Purpose::Update)),
        Op::DeleteGuest => Operation::DeleteGuest(id),
        Op::CreateTable => Operation::CreateTable(id.clone(), TablePatch::read(&id, data, Purpose::Create)),
        Op::UpdateTable => Operation::UpdateTable(id.clone(), TablePatch::read(&id, data, Purpose::Update)),
        Op::DeleteTable => Operation::DeleteTable(id),
    }
}
