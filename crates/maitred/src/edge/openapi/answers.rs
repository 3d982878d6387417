//! Problems, in OpenAPI: one answer for each status, with the codes that it may have.

use http::StatusCode;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use crate::edge::problem::{self, PROBLEMS};

/// Where the problems of a status are described.
pub(super) fn problem_ref(status: StatusCode) -> Value {
    json!({ "$ref": format!("#/components/responses/{}", name(status)) })
}

/// What the problems of each status look like.
pub(super) fn problems(schemas: &mut SchemaGenerator) -> Value {
    let document = problem::schema(schemas);
    let each = PROBLEMS.iter().map(|(status, description, codes)| {
        let these = json!({ "properties": { "status": { "const": status.as_u16() }, "code": { "enum": codes } } });
        let schema = json!({ "allOf": [document, these] });
        let mut response =
            json!({ "description": description, "content": { "application/problem+json": { "schema": schema } } });
        if let Some((header, description)) = header(*status) {
            let header_schema = json!({ "description": description, "required": true, "schema": { "type": "string" } });
            response["headers"] = json!({ header: header_schema });
        }
        (name(*status), response)
    });
    Value::Object(each.collect::<Map<_, _>>())
}

/// The header that comes with a status.
fn header(status: StatusCode) -> Option<(&'static str, &'static str)> {
    match status {
        StatusCode::UNAUTHORIZED => Some(("WWW-Authenticate", "How to prove who asks.")),
        StatusCode::METHOD_NOT_ALLOWED => Some(("Allow", "The methods that there are.")),
        StatusCode::UPGRADE_REQUIRED => Some(("Upgrade", "The protocol that is spoken here.")),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Some(("Retry-After", "After how many seconds to try again."))
        }
        _ => None,
    }
}

/// The reason phrase in one word.
fn name(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or_default().replace(' ', "")
}
