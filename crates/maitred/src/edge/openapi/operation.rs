//! What is said of one route: what it takes, what it gives, and every way in which it may fail.

use std::collections::BTreeMap;

use http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{SchemaOf, answers, status_key};
use crate::{
    config::{MAX_DEVICE_ID_BYTES, MAX_IDEMPOTENCY_KEY_BYTES},
    edge::answer::Success,
};

/// What is said of one route.
pub(in crate::edge) struct Operation {
    id: &'static str,
    summary: &'static str,
    /// Whether anybody may ask, with or without a token.
    open: bool,
    parameters: Vec<Parameter>,
    body: Option<SchemaOf>,
    /// Every answer but the problems.
    answers: Vec<Answered>,
    /// The statuses of its problems.
    problems: Vec<StatusCode>,
}

struct Parameter {
    name: &'static str,
    place: &'static str,
    description: &'static str,
    schema: SchemaOf,
}

struct Answered {
    status: StatusCode,
    description: &'static str,
    /// The body's media type and schema.
    body: Option<(&'static str, SchemaOf)>,
    has_etag: bool,
}

/// Something that anybody may ask.
pub(in crate::edge) fn open(id: &'static str, summary: &'static str) -> Operation {
    let (parameters, answers, problems) = (Vec::new(), Vec::new(), vec![StatusCode::MISDIRECTED_REQUEST]);
    Operation { id, summary, open: true, parameters, body: None, answers, problems }
}

/// Something that is read from the store.
pub(in crate::edge) fn reads(id: &'static str, summary: &'static str) -> Operation {
    let guarded = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
    Operation { open: false, ..open(id, summary) }.stored().may_fail(&guarded)
}

/// Something that changes who may come in. It is not kept for a retry, since secrets are not kept.
pub(in crate::edge) fn manages(id: &'static str, summary: &'static str) -> Operation {
    reads(id, summary).may_fail(&[StatusCode::UNPROCESSABLE_ENTITY, StatusCode::TOO_MANY_REQUESTS])
}

/// Something that changes the floor.
pub(in crate::edge) fn writes(id: &'static str, summary: &'static str) -> Operation {
    manages(id, summary)
        .header(
            "X-Device-Id",
            "What the device calls itself: the `origin` of its messages.",
            |_| json_schema!({ "type": "string", "maxLength": MAX_DEVICE_ID_BYTES, "pattern": "^[ -~]*$" }),
        )
        .header(
            "Idempotency-Key",
            "The same key with the same request is answered as before and does nothing again.",
            |_| {
                // Blanks around a header's value are not part of it.
                let pattern = "^[!-~]([ -~]*[!-~])?$";
                let limit = MAX_IDEMPOTENCY_KEY_BYTES;
                json_schema!({ "type": "string", "minLength": 1, "maxLength": limit, "pattern": pattern })
            },
        )
}

impl Operation {
    /// It asks the store, which may be out of order.
    pub(in crate::edge) fn stored(self) -> Self {
        self.may_fail(&[StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE])
    }

    /// Its body is JSON of this kind.
    pub(in crate::edge) fn takes(mut self, schema: SchemaOf) -> Self {
        self.body = Some(schema);
        self.may_fail(&[
            StatusCode::BAD_REQUEST,
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            StatusCode::UNPROCESSABLE_ENTITY,
        ])
    }

    /// It may be meant for certain versions only.
    pub(in crate::edge) fn conditional(self) -> Self {
        self.header(
            "If-Match",
            "The `ETag`s that the row may have; `*` is any.",
            |_| json_schema!({ "type": "string", "examples": ["\"3\""] }),
        )
        .may_fail(&[StatusCode::PRECONDITION_FAILED])
    }

    /// It is not sent again to those who have it.
    pub(in crate::edge) fn unless_known(mut self) -> Self {
        let (status, description) = (StatusCode::NOT_MODIFIED, "It still is what one of these tags names.");
        self.answers.push(Answered { status, description, body: None, has_etag: false });
        self.header("If-None-Match", "The `ETag`s that are known.", |_| json_schema!({ "type": "string" }))
    }

    /// A parameter of the query.
    pub(in crate::edge) fn query(self, name: &'static str, description: &'static str, schema: SchemaOf) -> Self {
        self.parameter(Parameter { name, place: "query", description, schema })
    }

    fn header(self, name: &'static str, description: &'static str, schema: SchemaOf) -> Self {
        self.parameter(Parameter { name, place: "header", description, schema })
    }

    fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// It answers 200 with this body.
    pub(in crate::edge) fn gives<T: JsonSchema>(self, description: &'static str) -> Self {
        self.answers(StatusCode::OK, description, "application/json", |schemas| {
            schemas.subschema_for::<Success<'_, T>>()
        })
    }

    /// It answers 200 with one row, whose version is its tag.
    pub(in crate::edge) fn gives_row<T: JsonSchema>(self, description: &'static str) -> Self {
        self.gives::<T>(description).tagged()
    }

    /// It answers 201 with the new row, whose version is its tag.
    pub(in crate::edge) fn creates<T: JsonSchema>(self, description: &'static str) -> Self {
        self.creates_unversioned::<T>(description).tagged()
    }

    /// It answers 201 with something that has no versions.
    pub(in crate::edge) fn creates_unversioned<T: JsonSchema>(self, description: &'static str) -> Self {
        let schema = |schemas: &mut SchemaGenerator| schemas.subschema_for::<Success<'_, T>>();
        self.answers(StatusCode::CREATED, description, "application/json", schema)
    }

    fn tagged(mut self) -> Self {
        self.answers.iter_mut().for_each(|answer| answer.has_etag = true);
        self
    }

    /// It gives something other than JSON with `success`.
    pub(in crate::edge) fn answers(
        mut self,
        status: StatusCode,
        description: &'static str,
        media_type: &'static str,
        schema: SchemaOf,
    ) -> Self {
        self.answers.push(Answered { status, description, body: Some((media_type, schema)), has_etag: false });
        self
    }

    /// It turns the connection into something else.
    pub(in crate::edge) fn switches(mut self, description: &'static str) -> Self {
        let status = StatusCode::SWITCHING_PROTOCOLS;
        self.answers.push(Answered { status, description, body: None, has_etag: false });
        self.may_fail(&[StatusCode::UPGRADE_REQUIRED])
    }

    /// It may fail in these ways.
    pub(in crate::edge) fn may_fail(mut self, statuses: &[StatusCode]) -> Self {
        self.problems.extend(statuses);
        self
    }

    /// It says this in OpenAPI.
    pub(super) fn describe(self, path: &str, schemas: &mut SchemaGenerator) -> Value {
        let names: Vec<&str> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let named = names.iter().map(|name| {
            let is_id = name.ends_with("_id");
            let text = json_schema!({ "type": "string", "minLength": 1 });
            let schema = if is_id { schemas.subschema_for::<floor::Id>() } else { text };
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        });
        let mut parameters: Vec<Value> = named.collect();
        parameters.extend(self.parameters.iter().map(|parameter| parameter.describe(schemas)));
        let mut responses: BTreeMap<String, Value> = BTreeMap::new();
        let missing = (!names.is_empty()).then_some(StatusCode::NOT_FOUND);
        for status in self.problems.iter().copied().chain(missing) {
            responses.insert(status_key(status), answers::problem_ref(status));
        }
        for answer in self.answers {
            responses.insert(status_key(answer.status), answer.describe(schemas));
        }
        let mut described = Map::new();
        described.insert("operationId".to_owned(), self.id.into());
        described.insert("summary".to_owned(), self.summary.into());
        described.insert("tags".to_owned(), json!([tag(path)]));
        described.insert("parameters".to_owned(), parameters.into());
        if let Some(body) = self.body {
            let content = json!({ "application/json": { "schema": body(schemas) } });
            described.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
        }
        described.insert("responses".to_owned(), json!(responses));
        // Without a token one may do what the server lets everybody do.
        let security = if self.open { json!([]) } else { json!([{}, { "bearerAuth": [] }]) };
        described.insert("security".to_owned(), security);
        described.into()
    }
}

/// The chapter that a path belongs to.
fn tag(path: &str) -> &str {
    let mut names = path.split('/').filter(|part| !part.is_empty() && !part.starts_with('{'));
    match (names.next(), names.next()) {
        (Some("restaurants"), Some(rows @ ("guests" | "tables" | "devices" | "pairing_codes"))) => rows,
        (Some(first @ ("restaurants" | "transactions" | "realtime")), _) => first,
        _ => "server",
    }
}

impl Parameter {
    fn describe(&self, schemas: &mut SchemaGenerator) -> Value {
        let Self { name, place, description, schema } = self;
        let schema: Schema = schema(schemas);
        json!({ "name": name, "in": place, "description": description, "required": false, "schema": schema })
    }
}

impl Answered {
    fn describe(&self, schemas: &mut SchemaGenerator) -> Value {
        let mut described = json!({ "description": self.description });
        if let Some((media_type, schema)) = self.body {
            described["content"] = json!({ media_type: { "schema": schema(schemas) } });
        }
        if self.has_etag {
            let schema = json!({ "type": "string", "pattern": "^\"[0-9]+\"$" });
            let description = "The row's version, for `If-Match`.";
            described["headers"] =
                json!({ "ETag": { "description": description, "required": true, "schema": schema } });
        }
        described
    }
}
