"""What schemathesis can't know of this server: how texts of our own formats look, and which rules no schema can say."""

import itertools
import re

import requests
import schemathesis
from hypothesis import strategies
from schemathesis import GenerationMode

schemathesis.openapi.format("iana-time-zone", strategies.sampled_from(["UTC", "Europe/Paris", "Asia/Kolkata"]))
schemathesis.openapi.format("place", strategies.sampled_from(["2025-08-16T07:21:27.177385Z~guest-1"]))

# What is always there: it comes back as soon as it is removed.
FIXTURES = {
    "/restaurants": {"id": "bistro"},
    "/restaurants/bistro/guests": {"id": "guest-1", "guestName": "Ada", "partySize": 2},
    "/restaurants/bistro/tables": {"id": "table-1", "tableNumber": "fixture", "capacity": 4},
}
PATH = {
    "restaurant_id": "bistro",
    "guest_id": "guest-1",
    "table_id": "table-1",
    "device_id": "known once it is there",
    "version": "any",
    "path": "service-worker.js",
}

KEY = re.compile("[!-~]([ -~]{0,200}[!-~])?")
NUMBERS = itertools.count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    number = next(NUMBERS)
    headers = case.headers or {}
    key = headers.get("Idempotency-Key")
    if isinstance(key, str) and KEY.fullmatch(key):
        # Otherwise an earlier answer would be replayed before anything else is looked at.
        headers["Idempotency-Key"] = f"{key}-{number}"
    if not is_positive(case):
        return
    # Most good requests should come as far as the rules; a few stay as they are.
    if number % 5 == 0:
        return
    if "If-Match" in headers:
        headers["If-Match"] = "*"
    if case.meta.phase.name.name != "STATEFUL":
        for name in case.path_parameters or {}:
            case.path_parameters[name] = PATH[name]
    case.body = said_once(case.body)
    if isinstance(case.body, dict) and case.method.upper() in ("PUT", "PATCH"):
        case.body.pop("id", None)


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE


ALIASES = {}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Learns which fields are other spellings of one."""
    for schema in raw_schema["components"]["schemas"].values():
        learn(schema)


def learn(schema):
    if isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            if isinstance(field, dict) and "x-alias-of" in field:
                ALIASES[name] = field["x-alias-of"]
        for inner in schema.values():
            learn(inner)
    elif isinstance(schema, list):
        for inner in schema:
            learn(inner)


def said_once(value):
    """Drops all but one spelling of each field: two that disagree are refused, and random ones always disagree."""
    if isinstance(value, list):
        return [said_once(item) for item in value]
    if not isinstance(value, dict):
        return value
    known = set()
    once = {}
    for name, inner in value.items():
        # A whole name and its parts are one fact, too.
        fact = {"first_name": "guestName", "last_name": "guestName"}.get(ALIASES.get(name, name), ALIASES.get(name, name))
        if fact not in known:
            known.add(fact)
            once[name] = said_once(inner)
    return once


@schemathesis.hook
def after_call(context, case, response):
    if case.method.upper() == "DELETE" and response.status_code == 200:
        seed(response.request.url.split("/restaurants")[0])


def seed(server):
    for path, row in FIXTURES.items():
        answer = requests.post(server + path, json=row, timeout=10)
        assert answer.status_code in (201, 409), answer.text
    PATH["device_id"] = paired_device(server + "/restaurants/bistro")


def paired_device(restaurant):
    """The id of the first device that may still come in, or of one that is let in now."""
    devices = requests.get(restaurant + "/devices", timeout=10).json()["devices"]
    for device in devices:
        if device["revokedAt"] is None:
            return device["id"]
    offer = requests.post(restaurant + "/pairing_codes", json={}, timeout=10).json()
    trade = {"code": offer["pairing_code"]["code"]}
    return requests.post(restaurant + "/devices", json=trade, timeout=10).json()["device"]["id"]


# Why a request may be wrong in itself though each of its fields is right.
RULES = re.compile(
    "|".join(
        [
            # Two fields contradict each other.
            "is said twice",
            "is required by status",
            "is required, in the query or in the body",
            "is .* in the query and .* in the body",
            "is not the one that is written to",
            "must not be after",
            "can't stand beside",
            "can't be given beside",
            # Both names together are too long.
            "must be at most 200 characters",
            # It points to what is not there.
            "names no ",
            # The list of them is longer than the rest of the description.
            "must be an IANA time zone",
        ]
    )
)
# What is true of the request as a whole, or of many of them.
CODES = {"table_required", "guest_required", "idempotency_key_reused", "too_many_codes"}


@schemathesis.check
def only_rules_refuse(context, response, case):
    """What fits the schema is called wrong only by a rule that no schema can say."""
    if response.status_code not in (422, 429) or not is_positive(case):
        return
    problem = response.json()
    unexplained = [error for error in problem.get("errors", []) if not RULES.match(error["message"])]
    if problem["code"] not in CODES and (unexplained or not problem.get("errors")):
        raise AssertionError(f"No rule explains {unexplained or problem}")
