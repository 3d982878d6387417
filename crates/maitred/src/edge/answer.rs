//! Success, as JSON: `success`, the row or rows, and `seq`.

use axum::response::{IntoResponse, Response};
use floor::{Answer, Entity, ResultStatus};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::store::Outcome;

/// A JSON answer. `success` comes first; the body says the rest.
pub(super) fn ok(body: &impl Serialize) -> Response {
    json(StatusCode::OK, None, body)
}

/// A row that was read, with its version as its tag.
pub(super) fn row(name: &'static str, row: &RawValue, seq: u64) -> Response {
    #[derive(Deserialize)]
    struct Versioned {
        version: u64,
    }
    let version = serde_json::from_str(row.get()).ok().map(|Versioned { version }| version);
    json(StatusCode::OK, version, &Named { name, row, seq })
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        match &self.answer {
            Answer::Transaction { transaction_id, results } => {
                #[derive(Serialize)]
                struct Body<'a> {
                    transaction_id: &'a str,
                    results: &'a [floor::OperationResult],
                    seq: u64,
                }
                ok(&Body { transaction_id, results, seq: self.seq })
            }
            Answer::One(result) => {
                let status = if result.status == ResultStatus::Created { StatusCode::CREATED } else { StatusCode::OK };
                let version = Some(result.entity.version());
                let seq = self.seq;
                match &result.entity {
                    Entity::Restaurant(row) => json(status, version, &Named { name: "restaurant", row, seq }),
                    Entity::Guest(row) => json(status, version, &Named { name: "guest", row, seq }),
                    Entity::Table(row) => json(status, version, &Named { name: "table", row, seq }),
                }
            }
        }
    }
}

/// One row under its name.
struct Named<'a, T: ?Sized> {
    name: &'static str,
    row: &'a T,
    seq: u64,
}

impl<T: Serialize + ?Sized> Serialize for Named<'_, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(self.name, self.row)?;
        map.serialize_entry("seq", &self.seq)?;
        map.end()
    }
}

fn json(status: StatusCode, version: Option<u64>, body: &impl Serialize) -> Response {
    #[derive(Serialize)]
    struct Success<'a, T> {
        success: bool,
        #[serde(flatten)]
        body: &'a T,
    }
    let body = serde_json::to_vec(&Success { success: true, body }).expect("answers have text keys and finite numbers");
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(version) = version {
        let tag = HeaderValue::try_from(format!("\"{version}\"")).expect("digits in quotes are a header");
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
