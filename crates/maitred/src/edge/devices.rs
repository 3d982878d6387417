//! `/restaurants/{restaurant_id}/pairing_codes` and `/devices`: letting devices in, and sending them away.

use axum::{
    extract::{Request, State},
    response::Response,
};
use floor::{
    FieldError, Purpose, Refusal, Rejection,
    fields::{Fields, define, describe, filled_text, word},
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{
    Edge, answer,
    input::{By, Ids, Writing, read_object},
    problem::Problem,
};
use crate::{
    access::{Device, Offer, PairingCode, Right, Role, offer, pair, rename, revoke},
    config::{MAX_CODE, MAX_DEVICE_NAME},
    dispatch::now,
    peer::Peer,
};

/// A code that a device can trade for a token.
#[derive(Serialize, JsonSchema)]
pub(super) struct OnePairingCode {
    pairing_code: PairingCode,
}

/// A device that was let in.
#[derive(Serialize, JsonSchema)]
pub(super) struct OneDevice {
    device: Device,
}

/// A device that was let in just now.
#[derive(Serialize, JsonSchema)]
pub(super) struct PairedDevice {
    device: Device,
    /// What it shows from now on, as `Authorization: Bearer`. It is never told again.
    token: String,
}

/// Every device that was ever let in, those that were sent away among them.
#[derive(Serialize, JsonSchema)]
pub(super) struct Devices {
    devices: Vec<Device>,
}

/// Offers to let a device in.
pub(super) async fn offer_code(
    State(edge): State<Edge>,
    Ids([restaurant]): Ids<1>,
    Writing { body, caller, .. }: Writing,
) -> Result<Response, Problem> {
    let permit = caller.identity.permit(Right::Manage, &restaurant)?;
    let wanted = read(&body, &caller.faults, read_offer)?;
    let wanted = caller.identity.may_offer(wanted)?;
    let pairing_code = offer(&edge.store, &permit, wanted, now()).await?;
    Ok(answer::created(&OnePairingCode { pairing_code }))
}

/// Lets a device in that brings a code. Nobody needs to be known for that.
pub(super) async fn pair_device(
    State(edge): State<Edge>,
    Ids([restaurant]): Ids<1>,
    request: Request,
) -> Result<Response, Problem> {
    let peer = Peer::of(request.extensions()).network().to_string();
    let body = read_object(request, &edge).await?;
    let (code, name) = read(&body, &[], read_trade)?;
    edge.guesses.take(&peer, Instant::now()).map_err(Problem::too_many_tries)?;
    let (device, token) = pair(&edge.store, &restaurant, &code, name, now()).await?;
    Ok(answer::created(&PairedDevice { device, token }))
}

pub(super) async fn list(
    State(edge): State<Edge>,
    Ids([restaurant]): Ids<1>,
    By(identity): By,
) -> Result<Response, Problem> {
    let permit = identity.permit(Right::Manage, &restaurant)?;
    let devices = edge.store.devices(&permit).await?.ok_or_else(|| Refusal::no_restaurant(restaurant))?;
    Ok(answer::ok(&Devices { devices }))
}

pub(super) async fn update(
    State(edge): State<Edge>,
    Ids([restaurant, id]): Ids<2>,
    Writing { body, caller, .. }: Writing,
) -> Result<Response, Problem> {
    let permit = caller.identity.permit(Right::Manage, &restaurant)?;
    let name = read(&body, &caller.faults, read_name)?;
    Ok(answer::ok(&OneDevice { device: rename(&edge.store, &permit, &id, name).await? }))
}

pub(super) async fn delete(
    State(edge): State<Edge>,
    Ids([restaurant, id]): Ids<2>,
    Writing { caller, .. }: Writing,
) -> Result<Response, Problem> {
    let permit = caller.identity.permit(Right::Manage, &restaurant)?;
    Ok(answer::ok(&OneDevice { device: revoke(&edge.store, &permit, &id, now()).await? }))
}

/// What the body of an offer may be.
pub(super) fn offer_schema(schemas: &mut SchemaGenerator) -> Schema {
    define(schemas, "NewPairingCode", |schemas| describe(schemas, Purpose::Create, |fields| _ = read_offer(fields)))
}

/// What a device brings along.
pub(super) fn trade_schema(schemas: &mut SchemaGenerator) -> Schema {
    define(schemas, "NewDevice", |schemas| describe(schemas, Purpose::Create, |fields| _ = read_trade(fields)))
}

/// What can be changed of a device.
pub(super) fn name_schema(schemas: &mut SchemaGenerator) -> Schema {
    define(schemas, "DeviceChanges", |schemas| describe(schemas, Purpose::Create, |fields| _ = read_name(fields)))
}

fn read_offer(fields: &mut Fields<'_>) -> Option<Offer> {
    let name = fields.optional(&["name"], filled_text(MAX_DEVICE_NAME));
    let role = fields.optional(&["role"], word::<Role>());
    Some(Offer { name: name.value().cloned(), role: role.value().copied().unwrap_or(Role::Host) })
}

fn read_trade(fields: &mut Fields<'_>) -> Option<(String, Option<String>)> {
    let code = fields.required(&["code"], filled_text(MAX_CODE));
    let name = fields.optional(&["name"], filled_text(MAX_DEVICE_NAME));
    // People read it out in groups.
    let code = code?.chars().filter(char::is_ascii_digit).collect();
    Some((code, name.value().cloned()))
}

fn read_name(fields: &mut Fields<'_>) -> Option<String> {
    fields.required(&["name"], filled_text(MAX_DEVICE_NAME))
}

/// Reads a body; every fault is told at once, those of the request's form first.
fn read<T>(
    body: &Map<String, Value>,
    known: &[FieldError],
    read: impl FnOnce(&mut Fields<'_>) -> Option<T>,
) -> Result<T, Problem> {
    let mut fields = Fields::new(body, Purpose::Create);
    let value = read(&mut fields);
    let faults: Vec<_> = known.iter().cloned().chain(fields.into_errors()).collect();
    match value {
        Some(value) if faults.is_empty() => Ok(value),
        _ => Err(Refusal::of(Rejection::Invalid(faults)).into()),
    }
}
