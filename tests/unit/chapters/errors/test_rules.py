"""Which events are the same error, and what another event means for it."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.errors.intake.event import ErrorEvent, EventLevel, RaisedException, StackFrame
from toban.chapters.errors.releases import is_before
from toban.chapters.errors.rules import (
    ErrorResolution,
    ErrorState,
    EventEffect,
    EventTally,
    GroupingBasis,
    admitted,
    arrival,
    grouping,
    plain_file,
    without_ids,
)

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
CART = StackFrame(module="shop.cart", function="total", line=12, in_app=True)
DJANGO = StackFrame(module="django.core.handlers.base", function="inner", line=5)


def raised(*frames: StackFrame, kind: str = "KeyError", value: str = "'sku'") -> ErrorEvent:
    return ErrorEvent("", NOW, EventLevel.ERROR, "", "", (RaisedException(kind, value, None, frames),))


def said(message: str, template: str = "") -> ErrorEvent:
    return ErrorEvent("", NOW, EventLevel.ERROR, message, template, ())


def is_same(one: ErrorEvent, other: ErrorEvent) -> bool:
    return grouping(one).key == grouping(other).key


def test_line_numbers_values_and_library_frames_do_not_split_an_error() -> None:
    moved = replace(CART, line=99)

    assert grouping(raised(DJANGO, CART)).by is GroupingBasis.STACK
    assert is_same(raised(DJANGO, CART), raised(moved, value="'other'"))


def test_two_bugs_of_one_function_are_two_errors() -> None:
    first, second = replace(CART, source="  total += prices[sku]"), replace(CART, source="tax = rates[zone]")

    assert not is_same(raised(first), raised(second))
    assert is_same(raised(first), raised(replace(CART, line=99, source="total  += prices[sku]  ")))
    assert grouping(raised(first)).former_key == grouping(raised(CART)).key
    # Of the calls before it, only the names count.
    assert is_same(raised(first, CART), raised(second, CART))


def test_a_line_of_a_bundle_does_not_split_an_error() -> None:
    assert is_same(raised(replace(CART, source="x" * 201)), raised(replace(CART, source="y" * 201)))


def test_another_type_or_another_application_frame_is_another_error() -> None:
    assert not is_same(raised(CART), raised(CART, kind="TypeError"))
    assert not is_same(raised(CART), raised(replace(CART, function="tax")))


def test_a_stack_of_only_library_frames_counts_completely() -> None:
    assert not is_same(raised(DJANGO), raised(replace(DJANGO, function="outer")))


def test_the_depth_of_a_recursion_does_not_split_an_error() -> None:
    assert is_same(raised(*[CART] * 3), raised(*[CART] * 300))


def test_a_bundle_name_of_another_build_does_not_split_an_error() -> None:
    one = StackFrame(function="pay", file="https://shop.example/assets/main.3f2a9c1b.js?v=17", in_app=True)
    other = StackFrame(function="pay", file="https://cdn.example/assets/main.99ab01ff.js", in_app=True)

    assert is_same(raised(one), raised(other))


def test_an_exception_without_a_stack_is_grouped_by_type_and_message() -> None:
    one, other = raised(value="user 17 is gone"), raised(value="user 4711 is gone")

    assert grouping(one).by is GroupingBasis.TYPE
    assert is_same(one, other)
    assert not is_same(one, raised(value="user is here"))


def test_anonymous_frames_are_ignored_for_grouping() -> None:
    nameless = StackFrame(function="<anonymous>", file="https://shop.example/", in_app=True)

    assert grouping(raised(nameless)).by is GroupingBasis.TYPE


def test_messages_are_grouped_by_template_or_without_variable_parts() -> None:
    assert is_same(said("no stock of A", "no stock of %s"), said("no stock of B", "no stock of %s"))
    assert is_same(said("order 17 of 2026-11-26 failed"), said("order 18 of 2026-11-27 failed"))
    assert not is_same(said("order 17 failed"), said("order 17 succeeded"))


def test_the_fingerprint_of_an_sdk_takes_precedence_and_may_include_the_default() -> None:
    own = replace(raised(CART), fingerprint=("payments",))
    usual = replace(raised(CART), fingerprint=("{{ default }}",))
    finer = replace(raised(CART), fingerprint=("{{default}}", "tenant-7"))

    assert is_same(own, replace(said("anything"), fingerprint=("payments",)))
    assert is_same(usual, raised(CART))
    assert not is_same(finer, usual)
    assert is_same(finer, replace(raised(replace(CART, line=1)), fingerprint=("{{ default }}", "tenant-7")))


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("https://a.example/js/app.js?v=2#x", "/js/app.js"),
        ("app:///main-5G7KQ2XN.js", "/main-*.js"),
        ("/srv/releases/20261126/app.rb", "/srv/releases/*/app.rb"),
        ("/opt/shop/v1.4.2/lib/pay.rb", "/opt/shop/*/lib/pay.rb"),
        ("C:\\shop\\pay.cs", "C:/shop/pay.cs"),
        ("checkout.component.ts", "checkout.component.ts"),
    ],
)
def test_file_names_are_stripped_of_release_specific_parts(name: str, plain: str) -> None:
    assert plain_file(name) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("order 17 at 3.5s", "order <number> at <number>s"),
        ("id 7d9fbe2e-1c4b-4a2e-9c55-2f7f1f7c1b1a gone", "id <uuid> gone"),
        ("from 10.0.3.7:443 by a@b.example", "from <ip> by <mail>"),
        ("at 2026-11-26T03:00:00Z ref deadbeef01", "at <date> ref <hex>"),
        ("facade feedbed", "facade feedbed"),
    ],
)
def test_ids_in_text_are_replaced_by_their_kind(text: str, plain: str) -> None:
    assert without_ids(text) == plain


RESOLVED = ErrorResolution(ErrorState.RESOLVED, NOW)


@pytest.mark.parametrize(
    ("known", "release", "at", "means"),
    [
        (None, "", NOW, EventEffect.NEW),
        (ErrorResolution(ErrorState.OPEN), "", NOW, EventEffect.AGAIN),
        (ErrorResolution(ErrorState.IGNORED), "2", NOW, EventEffect.IGNORED),
        (RESOLVED, "", NOW + timedelta(seconds=1), EventEffect.REGRESSED),
        (RESOLVED, "", NOW, EventEffect.EXPECTED),
        (
            replace(RESOLVED, resolved_in="shop@1.5.0"),
            "shop@1.4.9",
            NOW + timedelta(days=1),
            EventEffect.EXPECTED,
        ),
        (
            replace(RESOLVED, resolved_in="shop@1.5.0"),
            "shop@1.5.0",
            NOW - timedelta(days=1),
            EventEffect.REGRESSED,
        ),
        (replace(RESOLVED, resolved_in="shop@1.5.0"), "", NOW + timedelta(days=1), EventEffect.REGRESSED),
    ],
)
def test_an_event_can_create_reopen_or_add_to_an_error(
    known: ErrorResolution | None, release: str, at: datetime, means: EventEffect
) -> None:
    assert arrival(known, release, at, ()) is means


@pytest.mark.parametrize(
    ("one", "other", "order", "expected"),
    [
        ("shop@1.4.9", "shop@1.4.10", (), True),
        ("1.4", "1.4.0", (), False),
        ("v2.0.0-rc.2", "2.0.0", (), True),
        ("2.0.0-rc.2", "2.0.0-rc.10", (), True),
        ("5f3a", "9b01", ("5f3a", "9b01"), True),
        ("9b01", "5f3a", ("5f3a", "9b01"), False),
        ("5f3a", "unseen", ("5f3a",), True),
        ("unseen", "5f3a", ("5f3a",), False),
        ("same", "same", (), False),
    ],
)
def test_releases_are_ordered_by_version_or_first_appearance(
    one: str, other: str, order: tuple[str, ...], expected: bool
) -> None:
    assert is_before(one, other, order) is expected


def test_a_rate_limit_admits_a_number_per_minute_and_says_when_to_retry() -> None:
    tally, wait = admitted(None, 2, 120.0)
    tally, wait = admitted(tally, 2, 130.0)
    assert wait == 0

    tally, wait = admitted(tally, 2, 139.5)
    assert (tally, wait) == (EventTally(120.0, 2), 41)

    assert admitted(tally, 2, 180.0)[1] == 0


def test_the_rules_load_without_django() -> None:
    modules = (
        "intake.payload",
        "intake.event",
        "rules",
        "releases",
        "reviewing.review",
        "clauses",
        "proposals",
    )
    program = (
        "import sys, importlib\n"
        f"for each in {modules}: importlib.import_module(f'toban.chapters.errors.{{each}}')\n"
        "assert 'django' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", program], check=True)
