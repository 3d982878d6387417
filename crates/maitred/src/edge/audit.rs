//! `/restaurants/{restaurant_id}/audit`: who did what, as far back as the log reaches.

use axum::{extract::State, response::Response};
use floor::{Refusal, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    Edge, answer,
    input::{By, Ids, Query},
    openapi::AnyChange,
    problem::Problem,
    rows::in_restaurant,
};
use crate::{
    access::Right,
    config::{DEFAULT_AUDIT_PAGE, MAX_PAGE, MAX_PAGE_BYTES},
    store::{AuditPage, AuditedMessage, Head, StoreError},
};

/// Some of what was done, the newest first.
#[derive(Serialize, JsonSchema)]
pub(super) struct Audit {
    entries: Vec<Entry>,
    /// What the next page comes `before`; null on the last.
    next: Option<u64>,
    /// The number of the restaurant's last message.
    seq: u64,
    /// The name of this life of the log.
    epoch: String,
}

/// A change, with who asked for it and where.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditEntry")]
pub(super) struct Entry {
    /// The number of its message.
    seq: u64,
    #[schemars(with = "Time")]
    timestamp: String,
    /// Who asked, as their token says; null where nobody needed one.
    subject: Option<String>,
    /// The device, as it names itself.
    device: Option<String>,
    /// The very message that the devices were sent.
    #[schemars(with = "AnyChange")]
    change: Box<RawValue>,
}

pub(super) async fn list(
    State(edge): State<Edge>,
    Ids([restaurant]): Ids<1>,
    query: Query,
    By(identity): By,
) -> Result<Response, Problem> {
    let permit = identity.permit(Right::Manage, &restaurant)?;
    let mut faults = Vec::new();
    let before = query.number("before", u64::MAX, 1, u64::MAX, &mut faults);
    let limit = query.number("limit", DEFAULT_AUDIT_PAGE, 1, MAX_PAGE, &mut faults);
    let wanted = if faults.is_empty() { Ok((before, limit)) } else { Err(faults) };
    let (before, limit) = in_restaurant(&edge, &permit, wanted).await?;
    let page = edge.store.log_before(&permit, before, limit, MAX_PAGE_BYTES).await?;
    let AuditPage { head: Head { seq, epoch, .. }, messages, has_more } =
        page.ok_or_else(|| Refusal::no_restaurant(restaurant))?;
    let next = messages.last().map(|oldest| oldest.seq).filter(|_| has_more);
    let entries = messages.into_iter().map(Entry::read).collect::<Result<_, _>>()?;
    Ok(answer::ok(&Audit { entries, next, seq, epoch }))
}

impl Entry {
    fn read(AuditedMessage { seq, subject, message }: AuditedMessage) -> Result<Self, StoreError> {
        /// What every message says of itself.
        #[derive(Deserialize)]
        struct Envelope {
            timestamp: String,
            origin: Option<String>,
        }
        let Envelope { timestamp, origin } = serde_json::from_str(&message)?;
        Ok(Self { seq, timestamp, subject, device: origin, change: RawValue::from_string(message)? })
    }
}
