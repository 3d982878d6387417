//! The edge: every route on one page. It turns a request into a command and an outcome into an answer; it holds no rule
//! of the business.

mod answer;
mod audit;
mod floors;
mod guests;
mod health;
mod input;
mod problem;
mod realtime;
mod restaurants;
mod rows;
mod tables;
mod transactions;

use std::sync::Arc;

use axum::{
    Router,
    http::{Method, Uri},
    routing::{get, post},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Realtime,
    hub::{Hub, Records},
    purge::Purges,
    store::Store,
};
use input::Discarded;
use problem::Problem;

/// What the handlers share.
#[derive(Clone)]
pub struct Edge {
    /// Where the data is.
    pub store: Store,
    /// Who listens.
    pub hub: Arc<Hub>,
    /// What sessions read.
    pub records: Arc<Records>,
    /// Who forgets.
    pub purges: Arc<Purges>,
    /// The rhythm of the sockets.
    pub realtime: Realtime,
    /// Cancelled when the devices are to be told good-bye.
    pub shutdown: CancellationToken,
    /// The sessions that are open.
    pub sessions: TaskTracker,
}

/// Every route.
pub fn router(edge: Edge) -> Router {
    Router::new()
        .route("/restaurants", get(restaurants::list).post(restaurants::create))
        .route(
            "/restaurants/{restaurant_id}",
            get(restaurants::show).patch(restaurants::update).delete(restaurants::delete),
        )
        .route("/restaurants/{restaurant_id}/floor", get(floors::show))
        .route("/restaurants/{restaurant_id}/changes", get(floors::changes))
        .route("/restaurants/{restaurant_id}/audit", get(audit::list))
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
        .with_state(edge)
}
