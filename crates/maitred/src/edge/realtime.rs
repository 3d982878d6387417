//! `/realtime`: from an HTTP request to a session.

use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::header;
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use schemars::{SchemaGenerator, json_schema};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

use super::{
    Edge,
    input::{Query, bearer},
    openapi::Operation,
    problem::Problem,
};
use crate::{
    connection::Connection,
    hub::{Join, Session, Since, Socket},
    origin::may_ask,
};

pub(super) async fn upgrade(State(edge): State<Edge>, query: Query, mut request: Request) -> Result<Response, Problem> {
    let response = create_response_with_body(&request, Body::empty).map_err(Problem::upgrade_required)?;
    // Browsers let any page open a socket to anywhere, and leave it to the server to ask which page that was.
    if let Some(origin) = request.headers().get(header::ORIGIN)
        && !may_ask(origin, request.headers().get(header::HOST), edge.tls, &edge.allow_origins)
    {
        return Err(Problem::origin_not_allowed(origin));
    }
    let join = query.get("restaurant_id").map(|restaurant_id| Join {
        restaurant_id: restaurant_id.to_owned(),
        platform: query.get("platform").map(str::to_owned),
        device_id: query.get("device_id").map(str::to_owned),
        since: query.get("since").map_or(Since::Now, Since::from_query),
        epoch: query.get("epoch").map(str::to_owned),
        token: None,
    });
    let bearer = bearer(request.headers());
    let upgraded = hyper::upgrade::on(&mut request);
    let sessions = edge.sessions.clone();
    sessions.spawn(async move {
        // A connection that breaks before it is a socket is nobody's loss.
        let Some((stream, read_ahead)) = take_over(upgraded).await else { return };
        let socket = Socket::new(stream, read_ahead, edge.house.limits.device_message_bytes).await;
        Session::new(socket, edge.house, bearer).run(join).await;
    });
    Ok(response)
}

/// What may stand in the URL: what a device otherwise says when it joins.
pub(super) fn parameters(operation: Operation) -> Operation {
    let text = |_: &mut SchemaGenerator| json_schema!({ "type": "string" });
    operation
        .query("restaurant_id", "The restaurant; without it, the device's first message names it.", text)
        .query("platform", "What kind of device it is; echoed.", text)
        .query("device_id", "What it calls itself.", text)
        .query("since", "The number of the last message that it has. What is no number brings the floor.", text)
        .query("epoch", "The life of the log in which it had it.", text)
}

/// The connection itself, out of the HTTP machinery around it, so that an idle device costs no more than it must.
async fn take_over(upgraded: OnUpgrade) -> Option<(Connection, bytes::Bytes)> {
    let Parts { io, read_buf, .. } = upgraded.await.ok()?.downcast::<TokioIo<Connection>>().ok()?;
    Some((io.into_inner(), read_buf))
}
