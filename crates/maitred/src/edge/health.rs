//! `/healthz`, `/readyz` and `/metrics`, for whoever watches over the process.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Edge, answer, input::By, problem::Problem};
use crate::{metrics::Metrics, store::StoreError};

/// How the process is.
#[derive(Serialize, JsonSchema)]
pub(super) struct Health {
    status: &'static str,
}

/// The process answers.
pub(super) async fn alive() -> Response {
    answer::ok(&Health { status: "alive" })
}

/// The process takes requests: it is not going down, and its database can be read. Not whether it can be written: while
/// the disk is full, devices still draw the floor and stay connected, which they could not do if a load balancer sent
/// them away; and each write that is refused says why.
pub(super) async fn ready(State(edge): State<Edge>) -> Result<Response, Problem> {
    if edge.house.shutdown.is_cancelled() {
        return Err(StoreError::Closed.into());
    }
    edge.store.probe().await?;
    Ok(answer::ok(&Health { status: "ready" }))
}

/// What the process has counted, as Prometheus reads it.
pub(super) async fn metrics(State(edge): State<Edge>, By(identity): By) -> Result<Response, Problem> {
    identity.may_watch()?;
    Ok(([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], edge.house.hub.metrics.text()).into_response())
}
