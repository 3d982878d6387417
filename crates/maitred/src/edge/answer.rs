//! Success, as JSON: `success`, the row or rows, and `seq`.

use axum::response::{IntoResponse, Response};
use floor::{Answer, Entity, Guest, OperationResult, Restaurant, ResultStatus, Table};
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::store::Outcome;

/// A JSON answer. `success` comes first; the body says the rest.
pub(super) fn ok(body: &impl Serialize) -> Response {
    json(StatusCode::OK, None, body)
}

/// The same for something that is new.
pub(super) fn created(body: &impl Serialize) -> Response {
    json(StatusCode::CREATED, None, body)
}

/// A row that was read, with its version as its tag.
pub(super) fn row(row: &RawValue, body: &impl Serialize) -> Response {
    #[derive(Deserialize)]
    struct Versioned {
        version: u64,
    }
    let version = serde_json::from_str(row.get()).ok().map(|Versioned { version }| version);
    json(StatusCode::OK, version, body)
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        match &self.answer {
            Answer::Transaction { transaction_id, results } => {
                ok(&TransactionResults { transaction_id, results, seq: self.seq })
            }
            Answer::One(result) => {
                let status = if result.status == ResultStatus::Created { StatusCode::CREATED } else { StatusCode::OK };
                let version = Some(result.entity.version());
                let seq = self.seq;
                match &result.entity {
                    Entity::Restaurant(row) => json(status, version, &OneRestaurant { restaurant: row, seq }),
                    Entity::Guest(row) => json(status, version, &OneGuest { guest: row, seq }),
                    Entity::Table(row) => json(status, version, &OneTable { table: row, seq }),
                }
            }
        }
    }
}

/// A restaurant, in JSON or about to be.
#[derive(Serialize, JsonSchema)]
#[schemars(bound = "", rename = "OneRestaurant")]
pub(super) struct OneRestaurant<'a, T: ?Sized = ()> {
    #[schemars(with = "Restaurant")]
    pub(super) restaurant: &'a T,
    /// The number of the write's last message, or of the restaurant's.
    pub(super) seq: u64,
}

/// A guest, in JSON or about to be.
#[derive(Serialize, JsonSchema)]
#[schemars(bound = "", rename = "OneGuest")]
pub(super) struct OneGuest<'a, T: ?Sized = ()> {
    #[schemars(with = "Guest")]
    pub(super) guest: &'a T,
    /// The number of the write's last message, or of the restaurant's.
    pub(super) seq: u64,
}

/// A table, in JSON or about to be.
#[derive(Serialize, JsonSchema)]
#[schemars(bound = "", rename = "OneTable")]
pub(super) struct OneTable<'a, T: ?Sized = ()> {
    #[schemars(with = "Table")]
    pub(super) table: &'a T,
    /// The number of the write's last message, or of the restaurant's.
    pub(super) seq: u64,
}

/// What a transaction came to.
#[derive(Serialize, JsonSchema)]
pub(super) struct TransactionResults<'a> {
    /// The client's name for the transaction, or one that was minted.
    transaction_id: &'a str,
    /// One for each operation, in order, with the row as it stands after the whole.
    results: &'a [OperationResult],
    /// The number of the write's last message, or of the restaurant's.
    seq: u64,
}

/// A body with `success` before it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}Answer")]
pub(super) struct Success<'a, T> {
    #[schemars(extend("const" = true))]
    success: bool,
    #[serde(flatten)]
    body: &'a T,
}

fn json(status: StatusCode, version: Option<u64>, body: &impl Serialize) -> Response {
    let body = serde_json::to_vec(&Success { success: true, body }).expect("answers have text keys and finite numbers");
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(version) = version {
        let tag = HeaderValue::try_from(format!("\"{version}\"")).expect("digits in quotes are a header");
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
