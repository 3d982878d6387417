//! The edge: every route on one page. It turns a request into a command and an outcome into an answer; it holds no rule
//! of the business.

mod answer;
mod audit;
mod devices;
mod floors;
mod guests;
mod headers;
mod health;
mod input;
mod openapi;
mod problem;
mod realtime;
mod restaurants;
mod rows;
mod tables;
mod transactions;
mod web;

use std::{future::ready, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::{Method, StatusCode, Uri, header},
    middleware::{Next, from_fn_with_state, map_response},
    response::Response,
};
use floor::{GuestPatch, GuestStatus, Id, Purpose, RestaurantPatch, TablePatch, TransactionBody};
use schemars::{Schema, json_schema};
use tokio_util::task::TaskTracker;

use crate::{
    config::{Limits, MAX_PAGE},
    hub::House,
    metrics::Metrics,
    origin::{AllowedOrigin, is_home},
    pace::Pace,
    purge::Purges,
    store::Store,
};
use answer::{OneGuest, OneRestaurant, OneTable, TransactionResults};
use audit::Audit;
use devices::{Devices, OneDevice, OnePairingCode, PairedDevice};
use floors::{Changes, Floor};
use guests::Guests;
use headers::{cross_origin, dress};
use health::Health;
use input::Discarded;
use openapi::{Routes, manages, open, reads, writes};
use problem::Problem;
use restaurants::Restaurants;
use tables::Tables;

/// What the handlers share.
#[derive(Clone)]
pub struct Edge {
    /// Where the data is.
    pub store: Store,
    /// What it shares with the sessions.
    pub house: Arc<House>,
    /// Who forgets.
    pub purges: Arc<Purges>,
    /// Whether connections are encrypted.
    pub tls: bool,
    /// Whether every peer is this machine's own.
    pub at_home: bool,
    /// Whose pages may ask, besides the server's own.
    pub allow_origins: Arc<[AllowedOrigin]>,
    /// The pace of writes that is held, if one is.
    pub pace: Option<Arc<Pace>>,
    /// The pace of pairing codes that one address may try.
    pub guesses: Arc<Pace>,
    /// The sessions that are open.
    pub sessions: TaskTracker,
}

/// What a connection is told, whole, that is one more than its address may have.
pub(crate) fn too_many_connections(limits: &Limits) -> Vec<u8> {
    Problem::too_many_connections(limits).last_word()
}

/// The server's HTTP side: every route, and problems for all else.
pub fn router(edge: Edge) -> Router {
    let (secure, at_home, origins) = (edge.tls, edge.at_home, Arc::clone(&edge.allow_origins));
    let nothing = async |uri: Uri, _: Discarded| Problem::no_route(uri.path());
    let impossible = async |method: Method, uri: Uri, _: Discarded| Problem::method_not_allowed(&method, uri.path());
    let router = routes().router.fallback(nothing).method_not_allowed_fallback(impossible).with_state(edge);
    let router =
        if at_home { router.layer(from_fn_with_state(Arc::clone(&origins), refuse_strangers)) } else { router };
    let router = if origins.is_empty() { router } else { router.layer(cross_origin(origins)) };
    router.layer(map_response(move |mut response: Response| {
        dress(response.headers_mut(), secure);
        ready(response)
    }))
}

/// Whoever is at home is trusted, and so must be the page that asks in his browser.
async fn refuse_strangers(
    State(origins): State<Arc<[AllowedOrigin]>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match request.headers().get(header::HOST) {
        Some(host) if !is_home(host, &origins) => Err(Problem::host_not_allowed(host)),
        _ => Ok(next.run(request).await),
    }
}

/// Every route, with what it takes and gives: see [`openapi`].
fn routes() -> Routes {
    let mut routes = Routes::new();
    routes
        .at("/restaurants")
        .get(
            restaurants::list,
            reads("listRestaurants", "Every restaurant").gives::<Restaurants>("All of them, by id."),
        )
        .post(
            restaurants::create,
            writes("createRestaurant", "Open a restaurant")
                .takes(|schemas| RestaurantPatch::schema(Purpose::Create, schemas))
                .creates::<OneRestaurant<'_>>("It is there.")
                .may_fail(&[StatusCode::CONFLICT]),
        );
    routes
        .at("/restaurants/{restaurant_id}")
        .get(restaurants::show, reads("showRestaurant", "One restaurant").gives_row::<OneRestaurant<'_>>("As it is."))
        .patch(
            restaurants::update,
            writes("updateRestaurant", "Change its name, time zone or settings")
                .takes(|schemas| RestaurantPatch::schema(Purpose::Update, schemas))
                .conditional()
                .gives_row::<OneRestaurant<'_>>("As it now is."),
        )
        .delete(
            restaurants::delete,
            writes("deleteRestaurant", "Remove it with all that belongs to it")
                .conditional()
                .gives_row::<OneRestaurant<'_>>("As it last was. Its devices are told good-bye."),
        );
    routes.at("/restaurants/{restaurant_id}/floor").get(
        floors::show,
        reads("showFloor", "Everything that a device draws, in one consistent read").gives::<Floor>("As it is."),
    );
    routes.at("/restaurants/{restaurant_id}/changes").get(
        floors::changes,
        reads("listChanges", "The log of changes: the very messages that devices were sent")
            .query("since", "The number after which to begin; 0 if absent.", |_| whole_number(0, u64::MAX))
            .query("limit", "How many at most; 500 if absent.", |_| whole_number(1, MAX_PAGE))
            .gives::<Changes>("In order.")
            .may_fail(&[StatusCode::GONE, StatusCode::UNPROCESSABLE_ENTITY]),
    );
    routes.at("/restaurants/{restaurant_id}/audit").get(
        audit::list,
        reads("listAudit", "Who did what, as far back as the log reaches")
            .query("before", "The number before which to begin; from the newest if absent.", |_| {
                whole_number(1, u64::MAX)
            })
            .query("limit", "How many at most; 100 if absent.", |_| whole_number(1, MAX_PAGE))
            .gives::<Audit>("The newest first.")
            .may_fail(&[StatusCode::UNPROCESSABLE_ENTITY]),
    );
    routes
        .at("/restaurants/{restaurant_id}/guests")
        .get(
            guests::list,
            reads("listGuests", "Some guests, newest first")
                .query("status", "Only those with one of these; all if absent.", |schemas| {
                    let status = GuestStatus::input_schema(schemas);
                    json_schema!({ "type": "array", "items": status })
                })
                .query("limit", "How many at most; 100 if absent.", |_| whole_number(1, MAX_PAGE))
                .query(
                    "after",
                    "What an earlier page names as its `next`.",
                    |_| json_schema!({ "type": "string", "format": "place" }),
                )
                .gives::<Guests>("A page of them.")
                .may_fail(&[StatusCode::UNPROCESSABLE_ENTITY]),
        )
        .post(
            guests::create,
            writes("createGuest", "Add a guest: a walk-in, or a booking where there is a `reservationTime`")
                .takes(|schemas| GuestPatch::schema(Purpose::Create, schemas))
                .creates::<OneGuest<'_>>("It is there.")
                .may_fail(&[StatusCode::CONFLICT]),
        );
    let changes_guest = |id, summary| {
        writes(id, summary)
            .takes(|schemas| GuestPatch::schema(Purpose::Update, schemas))
            .conditional()
            .gives_row::<OneGuest<'_>>("As it now is.")
            .may_fail(&[StatusCode::CONFLICT])
    };
    routes
        .at("/restaurants/{restaurant_id}/guests/{guest_id}")
        .get(guests::show, reads("showGuest", "One guest").gives_row::<OneGuest<'_>>("As it is."))
        .put(guests::update, changes_guest("putGuest", "The same as PATCH: what is absent stays as it is"))
        .patch(guests::update, changes_guest("updateGuest", "Change what is named: seat it, move it, let it go"))
        .delete(
            guests::delete,
            writes("deleteGuest", "Remove a guest; its table becomes available")
                .query(
                    "purge",
                    "Whether who it was is to be forgotten, in the log too. Then a guest that is deleted already is answered \
                     with its id alone.",
                    |_| json_schema!({ "type": "boolean", "default": false }),
                )
                .conditional()
                .gives_row::<OneGuest<'_>>("As it last was."),
        );
    routes
        .at("/restaurants/{restaurant_id}/tables")
        .get(tables::list, reads("listTables", "Every table").gives::<Tables>("All of them, by number."))
        .post(
            tables::create,
            writes("createTable", "Add a table")
                .takes(|schemas| TablePatch::schema(Purpose::Create, schemas))
                .creates::<OneTable<'_>>("It is there.")
                .may_fail(&[StatusCode::CONFLICT]),
        );
    let changes_table = |id, summary| {
        writes(id, summary)
            .takes(|schemas| TablePatch::schema(Purpose::Update, schemas))
            .conditional()
            .gives_row::<OneTable<'_>>("As it now is.")
            .may_fail(&[StatusCode::CONFLICT])
    };
    routes
        .at("/restaurants/{restaurant_id}/tables/{table_id}")
        .get(tables::show, reads("showTable", "One table").gives_row::<OneTable<'_>>("As it is."))
        .put(tables::update, changes_table("putTable", "The same as PATCH: what is absent stays as it is"))
        .patch(tables::update, changes_table("updateTable", "Change what is named: seat, clear, block or move it"))
        .delete(
            tables::delete,
            writes("deleteTable", "Remove a table at which nobody sits")
                .conditional()
                .gives_row::<OneTable<'_>>("As it last was.")
                .may_fail(&[StatusCode::CONFLICT]),
        );
    routes.at("/transactions/atomic").post(
        transactions::transact,
        writes("transact", "Several operations, all or none")
            .query("restaurant_id", "The restaurant; it may stand in the body instead.", |schemas| {
                schemas.subschema_for::<Id>()
            })
            .takes(TransactionBody::schema)
            .gives::<TransactionResults<'_>>("All are done.")
            .may_fail(&[StatusCode::NOT_FOUND, StatusCode::CONFLICT]),
    );
    routes.at("/restaurants/{restaurant_id}/pairing_codes").post(
        devices::offer_code,
        manages("offerPairingCode", "Ask for a code that lets one device in, within 10 minutes")
            .takes(devices::offer_schema)
            .creates_unversioned::<OnePairingCode>("It is open."),
    );
    routes
        .at("/restaurants/{restaurant_id}/devices")
        .get(devices::list, reads("listDevices", "Every device that was let in").gives::<Devices>("The newest first."))
        .post(
            devices::pair_device,
            open("pairDevice", "Trade a code for a token; the code is used up")
                .stored()
                .takes(devices::trade_schema)
                .creates_unversioned::<PairedDevice>("The device is let in.")
                .may_fail(&[StatusCode::FORBIDDEN, StatusCode::CONFLICT, StatusCode::TOO_MANY_REQUESTS]),
        );
    routes
        .at("/restaurants/{restaurant_id}/devices/{device_id}")
        .patch(
            devices::update,
            manages("renameDevice", "Call a device something else")
                .takes(devices::name_schema)
                .gives::<OneDevice>("As it now is."),
        )
        .delete(
            devices::delete,
            manages("revokeDevice", "Send a device away for good; its sockets are closed within a second")
                .gives::<OneDevice>("It is sent away."),
        );
    let join = reads("joinRealtime", "Hear of every change: opens a WebSocket, see /asyncapi.json");
    routes.at("/realtime").get(realtime::upgrade, realtime::parameters(join).switches("The WebSocket is open."));
    let text = |_: &mut _| json_schema!({ "type": "string" });
    let host_stand = open("openHostStand", "The host stand, an app for browsers");
    let document = host_stand.answers(StatusCode::OK, "A page.", "text/html; charset=utf-8", text);
    routes.at("/").get(web::document, document.unless_known());
    let part = open("loadHostStand", "A file of it: a script, a style sheet, an icon").answers(
        StatusCode::OK,
        "As this server has it, whichever version is asked for.",
        "*/*",
        text,
    );
    routes.at("/web/{version}/{*path}").get(web::file, part.unless_known());
    routes
        .at("/healthz")
        .get(health::alive, open("isAlive", "Whether the process answers").gives::<Health>("It does."));
    routes
        .at("/readyz")
        .get(health::ready, open("isReady", "Whether the process takes requests").gives::<Health>("It does.").stored());
    let document = |_: &mut _| json_schema!({ "type": "object" });
    let metrics = reads("showMetrics", "What the process has counted, as Prometheus reads it");
    routes.at("/metrics").get(health::metrics, metrics.answers(StatusCode::OK, "Counts.", Metrics::CONTENT_TYPE, text));
    let itself = open("showOpenApi", "This description of the routes").answers(
        StatusCode::OK,
        "OpenAPI 3.1.",
        "application/json",
        document,
    );
    routes.at("/openapi.json").get(openapi::openapi, itself);
    let socket = open("showAsyncApi", "A description of what is said on the socket").answers(
        StatusCode::OK,
        "AsyncAPI 3.0.",
        "application/json",
        document,
    );
    routes.at("/asyncapi.json").get(openapi::asyncapi, socket);
    let page = open("readDocs", "Both descriptions, for people");
    routes.at("/docs").get(openapi::page, page.answers(StatusCode::OK, "A page.", "text/html; charset=utf-8", text));
    let style = open("readDocsStyle", "How that page looks");
    routes
        .at("/docs/style.css")
        .get(openapi::style, style.answers(StatusCode::OK, "A style sheet.", "text/css; charset=utf-8", text));
    routes
}

/// What a parameter that is a whole number may be.
fn whole_number(low: u64, high: u64) -> Schema {
    json_schema!({ "type": "integer", "minimum": low, "maximum": high })
}
