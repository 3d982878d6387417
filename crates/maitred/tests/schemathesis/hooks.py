"""What schemathesis can't know of this server: how texts of our own formats look, and which rules no schema can say."""

import itertools
import re

import requests
import schemathesis
from hypothesis import strategies
from schemathesis import GenerationMode

schemathesis.openapi.format("iana-time-zone", strategies.sampled_from(["UTC", "Europe/Paris", "Asia/Kolkata"]))
schemathesis.openapi.format("place", strategies.sampled_from(["2025-08-16T07:21:27.177385Z~guest-1"]))

RESTAURANT = "bistro"
KEY = re.compile("[!-~]([ -~]{0,200}[!-~])?")
NUMBERS = itertools.count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes each good key a new one: otherwise an earlier answer is replayed before anything else is looked at."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and KEY.fullmatch(key):
        case.headers["Idempotency-Key"] = f"{key}-{next(NUMBERS)}"


@schemathesis.hook
def after_call(context, case, response):
    """Opens the restaurant again where it was removed, so that there is something to write to."""
    removed = case.method.upper() == "DELETE" and case.path == "/restaurants/{restaurant_id}"
    if removed and response.status_code == 200 and (case.path_parameters or {}).get("restaurant_id") == RESTAURANT:
        url = response.request.url.split("/restaurants")[0] + "/restaurants"
        requests.post(url, json={"id": RESTAURANT}, timeout=10).raise_for_status()


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
            # A first name alone may be blank, and both names together too long.
            "must not be blank",
            # It points to what is not there.
            "names no ",
        ]
    )
)
CODES = {"table_required", "guest_required", "idempotency_key_reused"}


@schemathesis.check
def only_rules_refuse(context, response, case):
    """What fits the schema is called wrong only by a rule that no schema can say."""
    if response.status_code != 422 or case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    problem = response.json()
    unexplained = [error for error in problem.get("errors", []) if not RULES.match(error["message"])]
    if problem["code"] not in CODES and (unexplained or not problem.get("errors")):
        raise AssertionError(f"No rule explains {unexplained or problem}")
