//! What the server says of itself: `/openapi.json`, `/asyncapi.json` and `/docs`. A route is registered together with what
//! it takes and gives, so that there is none of which nothing is said. Never says of a value what its reader or its type
//! says already.

mod answers;
mod asyncapi;
mod messages;
mod operation;
mod page;

use std::sync::LazyLock;

use axum::{
    Router,
    handler::Handler,
    response::{IntoResponse, Response},
    routing::{MethodFilter, on},
};
use bytes::Bytes;
use http::{Method, StatusCode, header};
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{Edge, routes};
pub(super) use messages::AnyChange;
pub(super) use operation::{Operation, manages, open, reads, writes};

/// What a value may be, in JSON Schema.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// All routes, each with what is to be said of it.
pub(super) struct Routes {
    /// The routes themselves.
    pub(super) router: Router<Edge>,
    described: Vec<(&'static str, Method, Operation)>,
}

/// The routes at one path.
pub(super) struct At<'a> {
    routes: &'a mut Routes,
    path: &'static str,
}

impl Routes {
    pub(super) fn new() -> Self {
        Self { router: Router::new(), described: Vec::new() }
    }

    pub(super) fn at(&mut self, path: &'static str) -> At<'_> {
        At { routes: self, path }
    }
}

impl At<'_> {
    pub(super) fn get<T: 'static>(self, handler: impl Handler<T, Edge>, operation: Operation) -> Self {
        self.on(Method::GET, handler, operation)
    }

    pub(super) fn post<T: 'static>(self, handler: impl Handler<T, Edge>, operation: Operation) -> Self {
        self.on(Method::POST, handler, operation)
    }

    pub(super) fn put<T: 'static>(self, handler: impl Handler<T, Edge>, operation: Operation) -> Self {
        self.on(Method::PUT, handler, operation)
    }

    pub(super) fn patch<T: 'static>(self, handler: impl Handler<T, Edge>, operation: Operation) -> Self {
        self.on(Method::PATCH, handler, operation)
    }

    pub(super) fn delete<T: 'static>(self, handler: impl Handler<T, Edge>, operation: Operation) -> Self {
        self.on(Method::DELETE, handler, operation)
    }

    fn on<T: 'static>(self, method: Method, handler: impl Handler<T, Edge>, operation: Operation) -> Self {
        let filter = MethodFilter::try_from(method.clone()).expect("a method that routes are registered for");
        let router = std::mem::take(&mut self.routes.router);
        self.routes.router = router.route(self.path, on(filter, handler));
        self.routes.described.push((self.path, method, operation));
        self
    }
}

/// `/openapi.json`, as it is sent. Made when it is first asked for.
static OPENAPI: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(pretty(&document())));
static ASYNCAPI: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(pretty(&asyncapi::document())));
static PAGE: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(page::html(&document(), &asyncapi::document())));

/// How the page looks.
static STYLE: Bytes = Bytes::from_static(include_bytes!("openapi/page.css"));

pub(super) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI.clone()).into_response()
}

pub(super) async fn asyncapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], ASYNCAPI.clone()).into_response()
}

pub(super) async fn page() -> Response {
    // Nothing from elsewhere, no scripts, and nobody may frame it.
    const POLICY: &str = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'";
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers, PAGE.clone()).into_response()
}

pub(super) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE.clone()).into_response()
}

/// The OpenAPI document.
fn document() -> Value {
    let mut schemas = generator();
    let mut paths: Map<String, Value> = Map::new();
    for (path, method, operation) in routes().described {
        // In OpenAPI, a parameter that reaches to the end of the path is one like any other.
        let path = path.replace("{*", "{");
        let described = operation.describe(&path, &mut schemas);
        paths.entry(path).or_insert_with(|| json!({}))[method.as_str().to_ascii_lowercase()] = described;
    }
    let responses = answers::problems(&mut schemas);
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "maitred",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": "The live state of restaurants' floors. What a schema can't say, such as which table is taken, is \
                answered with 409 or 422 and a `code` that names the rule. A method that a path lacks is answered with 405 \
                and `Allow`. Changes are told on the socket: see /asyncapi.json.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "responses": responses,
            "securitySchemes": { "bearerAuth": { "type": "http", "scheme": "bearer" } },
        },
    })
}

/// Schemas of what the server writes; those of what it reads are told by the readers.
fn generator() -> SchemaGenerator {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = "/components/schemas".into());
    settings.for_serialize().into_generator()
}

fn pretty(document: &Value) -> String {
    serde_json::to_string_pretty(document).expect("a document has text keys and finite numbers only")
}

/// How a status is called in the document.
fn status_key(status: StatusCode) -> String {
    status.as_u16().to_string()
}
