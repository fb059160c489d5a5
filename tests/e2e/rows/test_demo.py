"""Every row of the demo's document is in a state that a reader would agree with; see `demo.txt`.

The shop's own logs, errors and traces arrive, while it is well and while its API is down.
"""

import json
from typing import Any

import pytest
from tests.e2e.rows.looking import expect, rows
from tests.e2e.rows.tables import table
from tests.e2e.running import Toban, wait_for

pytestmark = pytest.mark.slow

SOON = 120.0
KINDS = ("access", "application", "error", "audit")
ROUTES = {("shop-front", "GET", "/"), ("shop-api", "GET", "/products"), ("shop-api", "POST", "/orders")}


def test_the_table_names_every_row_of_the_document(toban: Toban) -> None:
    assert sorted(rows(toban)) == sorted(table("demo"))


def test_every_row_is_in_its_state(toban: Toban) -> None:
    expect(toban, table("demo"))


def found(toban: Toban, *words: str) -> list[dict[str, Any]]:
    """Return what a command shows as lines of JSON; nothing if it finds nothing."""
    said = toban.run(*words, "--format", "json")
    return [json.loads(line) for line in said.stdout.splitlines()]


def errors(toban: Toban) -> dict[str, dict[str, Any]]:
    """Return the errors by their titles."""
    return {
        each["title"]: each for each in json.loads(toban.run("errors", "list", "--format", "json").stdout)
    }


def routes(toban: Toban) -> set[tuple[str, str, str]]:
    """Return the routes of which traces have arrived."""
    return {(each["service"], each["method"], each["route"]) for each in found(toban, "traces")}


def test_a_shop_that_is_well_leaves_logs_of_every_kind_an_error_and_traces(toban: Toban) -> None:
    wait_for(lambda: all(found(toban, "logs", f"kind:{kind}") for kind in KINDS), within=SOON)
    wait_for(lambda: "KeyError: '907'" in errors(toban), within=SOON, lacks=lambda: errors(toban))
    wait_for(lambda: routes(toban) >= ROUTES, within=SOON, lacks=lambda: routes(toban))


def test_one_request_is_followed_from_its_page_to_the_database(toban: Toban) -> None:
    (line, *_) = found(toban, "logs", "kind:error", "service:shop-api", "traceId:*")

    spans = found(toban, "traces", line["traceId"])

    assert {each["service"] for each in spans} == {"shop-api"}
    assert {"POST /orders", "INSERT", "SELECT"} <= {each["name"] for each in spans}


def test_an_outage_of_the_api_is_in_the_logs_the_errors_and_the_traces(toban: Toban) -> None:
    assert toban.run("processes", "--stop", "shop-api").returncode == 0
    try:
        away = wait_for(
            lambda: found(toban, "logs", "--since", "1m", "level:ERROR", "service:shop-front"), within=SOON
        )
        title = "ApiAway: the API does not answer"
        wait_for(lambda: title in errors(toban), within=SOON, lacks=lambda: errors(toban))
        failed = wait_for(
            lambda: [each for each in found(toban, "traces", "--service", "shop-front") if each["failed"]],
            within=SOON,
        )
    finally:
        assert toban.run("processes", "--start", "shop-api").returncode == 0

    assert all(each["traceId"] for each in away)
    assert {each["route"] for each in failed} <= {"/", "/orders/{}"}
