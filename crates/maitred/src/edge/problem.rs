//! Every failure, as `application/problem+json` (RFC 9457): the one place that knows status codes.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use floor::{Entity, FieldError, Guest, Refusal, Rejection, Restaurant, Table};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::headers::dress;
use crate::{
    access::{Denied, Unidentified, Unpaired},
    config::{Limits, MAX_JSON_DEPTH},
    store::{StoreError, WriteError},
};

/// How long a client is asked to wait before it tries again, in seconds, where nothing better is known.
const RETRY_AFTER_SECONDS: u64 = 1;

/// Every status of a problem, when it comes, and the codes that it may have. A problem that is not among these is found
/// out by the tests.
pub(super) const PROBLEMS: [(StatusCode, &str, &[&str]); 17] = [
    (StatusCode::BAD_REQUEST, "The body can't be read.", &["malformed_json", "incomplete_body"]),
    (StatusCode::UNAUTHORIZED, "It must be known who asks.", &["unauthorized"]),
    (StatusCode::FORBIDDEN, "Whoever asks may not have it.", &["forbidden", "origin_not_allowed", "wrong_code"]),
    (StatusCode::NOT_FOUND, "There is no such thing.", &["not_found"]),
    (StatusCode::METHOD_NOT_ALLOWED, "It can't be done here.", &["method_not_allowed"]),
    (StatusCode::REQUEST_TIMEOUT, "The body did not come in time.", &["request_timeout"]),
    (
        StatusCode::CONFLICT,
        "The floor forbids it; `current` is the row that stands in the way.",
        &[
            "invalid_transition",
            "already_exists",
            "version_conflict",
            "table_occupied",
            "table_unavailable",
            "capacity_exceeded",
            "table_in_use",
            "duplicate_table_number",
            "too_many_devices",
        ],
    ),
    (StatusCode::GONE, "The log does not reach there: read the floor anew.", &["log_pruned"]),
    (StatusCode::PRECONDITION_FAILED, "The row is at another version, see `current`.", &["precondition_failed"]),
    (StatusCode::PAYLOAD_TOO_LARGE, "The body, or the message to the devices, is too large.", &["too_large"]),
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is not JSON.", &["unsupported_media_type"]),
    (
        StatusCode::UNPROCESSABLE_ENTITY,
        "The request is wrong in itself; `errors` names every wrong field.",
        &["invalid", "table_required", "guest_required", "idempotency_key_reused"],
    ),
    (StatusCode::MISDIRECTED_REQUEST, "The server is not known by that name.", &["host_not_allowed"]),
    (StatusCode::UPGRADE_REQUIRED, "Devices open a WebSocket here.", &["upgrade_required"]),
    (StatusCode::TOO_MANY_REQUESTS, "Too much at once.", &["too_many_writes", "too_many_codes", "too_many_tries"]),
    (StatusCode::INTERNAL_SERVER_ERROR, "A fault in the server.", &["internal_error"]),
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "It can't be done just now.",
        &["overloaded", "shutting_down", "store_unavailable", "too_many_connections"],
    ),
];

/// What problems look like, in JSON Schema.
pub(super) fn schema(schemas: &mut SchemaGenerator) -> Schema {
    schemas.subschema_for::<Document<'_>>()
}

/// A failure, ready to be told.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    operation: Option<usize>,
    /// The row that stood in the way, in JSON.
    current: Option<Box<RawValue>>,
    /// Told where trying again may help.
    retry_after_seconds: u64,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let documented = |(known, _, codes): &(StatusCode, &str, &[&str])| *known == status && codes.contains(&code);
        debug_assert!(PROBLEMS.iter().any(documented), "{status} {code} is undocumented");
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            operation: None,
            current: None,
            retry_after_seconds: RETRY_AFTER_SECONDS,
        }
    }

    pub(super) fn no_route(path: &str) -> Self {
        let detail = format!("There is nothing at {path}.");
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    pub(super) fn method_not_allowed(method: &Method, path: &str) -> Self {
        let detail = format!("{method} is not possible at {path}; the Allow header says what is.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    pub(super) fn too_large(limits: &Limits) -> Self {
        let detail = format!("A body may have at most {} bytes.", limits.body_bytes);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
    }

    pub(super) fn request_timeout(limits: &Limits) -> Self {
        let detail = format!("The body did not come within {} s.", limits.body_timeout.as_secs_f64());
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail)
    }

    pub(super) fn too_many_writes(limits: &Limits, wait: Duration) -> Self {
        let detail = format!("At most {} writes a second; nothing was changed.", limits.device_writes);
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_writes", detail).after(wait)
    }

    /// The same, for one who may try again after so long.
    fn after(self, wait: Duration) -> Self {
        // Rounded up: who waits so long is let through.
        Self { retry_after_seconds: wait.as_nanos().div_ceil(1_000_000_000) as u64, ..self }
    }

    /// For a connection that is one too many, told before anything is read from it.
    pub(super) fn too_many_tries(wait: Duration) -> Self {
        let detail = "Too many pairing codes were tried from this address; nothing was changed.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tries", detail).after(wait)
    }

    pub(super) fn too_many_connections(limits: &Limits) -> Self {
        let most = limits.address_connections;
        let detail = format!("This address has {most} connections, as many as it may have. Close one of them.");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_connections", detail)
    }

    pub(super) fn not_json(content_type: Option<&HeaderValue>) -> Self {
        let detail = match content_type {
            None => "The Content-Type is missing; it must be application/json.".to_owned(),
            Some(other) => format!("The Content-Type must be application/json, not {other:?}."),
        };
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    }

    pub(super) fn malformed_json(why: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_json", format!("The body is not JSON: {why}."))
    }

    pub(super) fn too_deep() -> Self {
        let detail = format!("The body is nested more than {MAX_JSON_DEPTH} levels deep.");
        Self::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
    }

    pub(super) fn broken_body() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "incomplete_body", "The body ended before its time.")
    }

    pub(super) fn log_pruned(since: u64, head: u64) -> Self {
        let detail = format!("The log does not reach from {since}; its last message is {head}. Read the floor anew.");
        Self::new(StatusCode::GONE, "log_pruned", detail)
    }

    pub(super) fn origin_not_allowed(origin: &HeaderValue) -> Self {
        let origin = String::from_utf8_lossy(origin.as_bytes());
        let detail = format!(
            "Pages of {origin} may not open a WebSocket here. If they should, name their origin by --allow-origin when \
             the server is started."
        );
        Self::new(StatusCode::FORBIDDEN, "origin_not_allowed", detail)
    }

    pub(super) fn host_not_allowed(host: &HeaderValue) -> Self {
        let host = String::from_utf8_lossy(host.as_bytes());
        let detail = format!(
            "This server is open to its own machine, which is called localhost or 127.0.0.1, not {host}. If it should be, \
             name that origin by --allow-origin when the server is started."
        );
        Self::new(StatusCode::MISDIRECTED_REQUEST, "host_not_allowed", detail)
    }

    /// A guest is deleted, or was, and what still tells who it was could not be removed.
    pub(super) fn not_yet_purged(error: StoreError) -> Self {
        let detail = format!(
            "The guest is deleted, but what the log keeps of it could not be purged yet: {}. It will be as soon as that is \
             put right; the same request again waits for it.",
            error.for_clients()
        );
        Self { detail, ..Self::from(error) }
    }

    pub(super) fn upgrade_required(why: impl std::fmt::Display) -> Self {
        let detail = format!("Devices open a WebSocket here: {why}.");
        Self::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", detail)
    }
}

impl From<Refusal> for Problem {
    fn from(Refusal { rejection, operation }: Refusal) -> Self {
        let status = match &rejection {
            Rejection::NotFound { .. } => StatusCode::NOT_FOUND,
            Rejection::PreconditionFailed { .. } => StatusCode::PRECONDITION_FAILED,
            Rejection::Invalid(_) | Rejection::TableRequired | Rejection::GuestRequired => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Rejection::InvalidTransition { .. }
            | Rejection::AlreadyExists { .. }
            | Rejection::VersionConflict { .. }
            | Rejection::TableOccupied { .. }
            | Rejection::TableUnavailable { .. }
            | Rejection::CapacityExceeded { .. }
            | Rejection::TableInUse { .. }
            | Rejection::DuplicateTableNumber { .. } => StatusCode::CONFLICT,
            Rejection::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        };
        let current = rejection.current().map(|entity| match entity {
            Entity::Restaurant(row) => to_raw_value(&row),
            Entity::Guest(row) => to_raw_value(&row),
            Entity::Table(row) => to_raw_value(&row),
        });
        let current = current.map(|row| row.expect("rows have text keys and finite numbers only"));
        let problem = Self::new(status, rejection.code(), rejection.to_string());
        Self { errors: rejection.errors(), operation, current, ..problem }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request failed");
        let (status, code) = match &error {
            StoreError::Bug(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
            StoreError::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
            StoreError::Closed => (StatusCode::SERVICE_UNAVAILABLE, "shutting_down"),
            StoreError::Open { .. } | StoreError::Database(_) => (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable"),
        };
        let kept = match (error.is_in_doubt(), error.may_pass()) {
            (true, _) => {
                "Whether it was carried out shows when that is put right: look before you repeat it, or repeat it with \
                 the same Idempotency-Key."
            }
            (false, true) => "Nothing was changed; try again.",
            (false, false) => "Nothing was changed.",
        };
        let why = error.for_clients();
        Self::new(status, code, format!("The request could not be carried out: {why}. {kept}"))
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let status = match denied {
            Denied::NoToken | Denied::BadToken(_) => StatusCode::UNAUTHORIZED,
            Denied::Role(..) | Denied::Offer(..) | Denied::Restaurant | Denied::NotAll => StatusCode::FORBIDDEN,
            Denied::NoSuchRestaurant(_) => StatusCode::NOT_FOUND,
        };
        Self::new(status, denied.code(), denied.to_string())
    }
}

impl From<Unidentified> for Problem {
    fn from(unidentified: Unidentified) -> Self {
        match unidentified {
            Unidentified::Denied(denied) => denied.into(),
            Unidentified::Store(error) => error.into(),
        }
    }
}

impl From<Unpaired> for Problem {
    fn from(unpaired: Unpaired) -> Self {
        let (status, code) = match unpaired {
            Unpaired::NoRestaurant(_) | Unpaired::NoDevice(_) => (StatusCode::NOT_FOUND, "not_found"),
            Unpaired::WrongCode => (StatusCode::FORBIDDEN, "wrong_code"),
            Unpaired::TooManyCodes => (StatusCode::TOO_MANY_REQUESTS, "too_many_codes"),
            Unpaired::TooManyDevices => (StatusCode::CONFLICT, "too_many_devices"),
            Unpaired::Store(error) => return error.into(),
        };
        Self::new(status, code, unpaired.to_string())
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Denied(denied) => denied.into(),
            WriteError::Refused(refusal) => refusal.into(),
            WriteError::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "This Idempotency-Key came with another request before; a new request needs a new key.",
            ),
            WriteError::Store(error) => error.into(),
        }
    }
}

/// A problem as RFC 9457 writes it, with our additions.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
struct Document<'a> {
    #[schemars(extend("const" = false))]
    success: bool,
    /// A name for this kind of problem, by its code.
    #[serde(rename = "type")]
    kind: String,
    /// The code in words.
    title: String,
    /// The status of the answer.
    status: u16,
    /// What is wrong, with which value, and what to do.
    detail: &'a str,
    /// Which rule said no, for programs.
    code: &'a str,
    /// Every field that is wrong.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    /// The index of the operation that asked for it, in a transaction.
    #[schemars(with = "usize")]
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<usize>,
    /// The row that stood in the way, as it is without the request.
    #[schemars(with = "AnyRow")]
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<&'a RawValue>,
}

#[derive(JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "only its schema is needed: rows are in JSON already")]
enum AnyRow {
    Guest(Guest),
    Table(Table),
    Restaurant(Restaurant),
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.document()).into_response();
        response.headers_mut().extend(self.headers());
        response
    }
}

impl Problem {
    fn document(&self) -> Vec<u8> {
        let mut title = self.code.replace('_', " ");
        title[..1].make_ascii_uppercase();
        let document = Document {
            success: false,
            kind: format!("urn:maitred:problem:{}", self.code),
            title,
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            errors: &self.errors,
            operation: self.operation,
            current: self.current.as_deref(),
        };
        serde_json::to_vec(&document).expect("problems have text keys and finite numbers only")
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            headers.insert(header::RETRY_AFTER, self.retry_after_seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"maitred\""));
        }
        if self.status == StatusCode::UPGRADE_REQUIRED {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        if self.status == StatusCode::REQUEST_TIMEOUT {
            // The rest of the body is not waited for.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        headers
    }

    /// The whole answer as HTTP/1.1 writes it, for a connection that is closed behind it without having been read.
    pub(super) fn last_word(&self) -> Vec<u8> {
        let mut headers = self.headers();
        dress(&mut headers, false);
        let body = self.document();
        headers.insert(header::CONTENT_LENGTH, body.len().into());
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        let mut answer = format!("HTTP/1.1 {}\r\n", self.status).into_bytes();
        for (name, value) in &headers {
            answer.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        [answer, b"\r\n".to_vec(), body].concat()
    }
}
