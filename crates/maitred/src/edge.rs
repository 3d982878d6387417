//! The edge: every route on one page. It turns a request into a command and an outcome into an answer; it holds no rule
//! of the business.

mod answer;
mod floors;
mod guests;
mod headers;
mod health;
mod input;
mod problem;
mod realtime;
mod restaurants;
mod rows;
mod tables;
mod transactions;

use std::{future::ready, sync::Arc};

use axum::{
    Router,
    http::{Method, Uri},
    middleware::map_response,
    response::Response,
    routing::{get, post},
};
use tokio_util::task::TaskTracker;

use crate::{config::Limits, hub::House, origin::AllowedOrigin, pace::Pace, store::Store};
use headers::{cross_origin, dress};
use input::Discarded;
use problem::Problem;

/// What the handlers share.
#[derive(Clone)]
pub struct Edge {
    /// Where the data is.
    pub store: Store,
    /// What it shares with the sessions.
    pub house: Arc<House>,
    /// Whether connections are encrypted.
    pub tls: bool,
    /// Whose pages may ask, besides the server's own.
    pub allow_origins: Arc<[AllowedOrigin]>,
    /// The pace of writes that is held, if one is.
    pub pace: Option<Arc<Pace>>,
    /// The sessions that are open.
    pub sessions: TaskTracker,
}

/// What a connection is told, whole, that is one more than its address may have.
pub(crate) fn too_many_connections(limits: &Limits) -> Vec<u8> {
    Problem::too_many_connections(limits).last_word()
}

/// Every route.
pub fn router(edge: Edge) -> Router {
    let (secure, origins) = (edge.tls, Arc::clone(&edge.allow_origins));
    let routes = Router::new()
        .route("/restaurants", get(restaurants::list).post(restaurants::create))
        .route(
            "/restaurants/{restaurant_id}",
            get(restaurants::show).patch(restaurants::update).delete(restaurants::delete),
        )
        .route("/restaurants/{restaurant_id}/floor", get(floors::show))
        .route("/restaurants/{restaurant_id}/changes", get(floors::changes))
        .route("/restaurants/{restaurant_id}/guests", get(guests::list).post(guests::create))
        .route(
            "/restaurants/{restaurant_id}/guests/{guest_id}",
            get(guests::show).put(guests::update).patch(guests::update).delete(guests::delete),
        )
        .route("/restaurants/{restaurant_id}/tables", get(tables::list).post(tables::create))
        .route(
            "/restaurants/{restaurant_id}/tables/{table_id}",
            get(tables::show).put(tables::update).patch(tables::update).delete(tables::delete),
        )
        .route("/transactions/atomic", post(transactions::transact))
        .route("/realtime", get(realtime::upgrade))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(async |uri: Uri, _: Discarded| Problem::no_route(uri.path()))
        .method_not_allowed_fallback(async |method: Method, uri: Uri, _: Discarded| {
            Problem::method_not_allowed(&method, uri.path())
        })
        .with_state(edge);
    let routes = if origins.is_empty() { routes } else { routes.layer(cross_origin(origins)) };
    routes.layer(map_response(move |mut response: Response| {
        dress(response.headers_mut(), secure);
        ready(response)
    }))
}
