//! Every failure, as `application/problem+json` (RFC 9457): the one place that knows status codes.

use axum::response::{IntoResponse, Response};
use floor::{Entity, FieldError, Refusal, Rejection};
use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    access::Denied,
    config::{MAX_BODY_BYTES, MAX_JSON_DEPTH},
    store::{StoreError, WriteError},
};

/// How long a client is asked to wait before it tries again, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

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
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), errors: Vec::new(), operation: None, current: None }
    }

    pub(super) fn no_route(path: &str) -> Self {
        let detail = format!("There is nothing at {path}.");
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    pub(super) fn method_not_allowed(method: &Method, path: &str) -> Self {
        let detail = format!("{method} is not possible at {path}; the Allow header says what is.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    pub(super) fn too_large() -> Self {
        let detail = format!("A body may have at most {MAX_BODY_BYTES} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
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
        let (status, code) = match denied {
            Denied::NoToken | Denied::BadToken(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Denied::Role(..) | Denied::Restaurant => (StatusCode::FORBIDDEN, "forbidden"),
            Denied::NoSuchRestaurant(id) => return Refusal::no_restaurant(id).into(),
        };
        Self::new(status, code, denied.to_string())
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
#[derive(Serialize)]
struct Document<'a> {
    success: bool,
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<&'a RawValue>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
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
        let body = serde_json::to_vec(&document).expect("problems have text keys and finite numbers only");
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        if self.status == StatusCode::UPGRADE_REQUIRED {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        response
    }
}
