"""An event as it was sent: limited, masked, and parsed as far as possible."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.errors.intake.event import ErrorEvent, EventLevel, moment_of, read_event
from toban.chapters.errors.intake.payload import (
    LARGEST,
    BadEvent,
    bounded,
    by_name,
    event_id_of,
    read_payload,
)
from toban.engine.masks import Mask, Masker

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
MASKER = Masker([Mask.CREDENTIALS, Mask.CARDS])


def read(**payload: object) -> ErrorEvent:
    return read_event(read_payload(json.dumps(payload).encode(), MASKER), NOW)


def test_an_exception_is_read_with_its_frames_and_the_last_one_is_the_title() -> None:
    frame = {
        "module": "shop.cart",
        "function": "total",
        "filename": "shop/cart.py",
        "lineno": 12,
        "in_app": True,
        "context_line": "    return price / count",
        "pre_context": ["def total(price, count):"],
        "vars": {"count": 0},
    }
    cause = {"type": "KeyError", "value": "'sku'"}
    last = {"type": "ZeroDivisionError", "value": "division by zero", "stacktrace": {"frames": [frame]}}

    event = read(exception={"values": [cause, last]}, level="fatal", release="shop@1.2.0")

    assert (event.title, event.culprit) == ("ZeroDivisionError: division by zero", "shop.cart total")
    assert (event.level, event.release) == (EventLevel.FATAL, "shop@1.2.0")
    assert event.raised[-1].frames[0].source == "    return price / count"
    assert event.raised[-1].frames[0].variables == {"count": 0}


def test_an_id_stays_intact_although_its_digits_look_like_a_card_number() -> None:
    lookalike = "c1307295d96d475e9ce2865382414781"

    event = read(
        event_id=lookalike, contexts={"trace": {"trace_id": lookalike}}, message=f"{lookalike} 2865382414781"
    )

    assert (event.event_id, event.trace_id) == (lookalike, lookalike)
    assert event.message == f"{lookalike} ***4781"


def test_a_message_keeps_its_template() -> None:
    event = read(logentry={"message": "no stock of %s", "params": ["A-7"], "formatted": "no stock of A-7"})

    assert (event.message, event.template, event.title) == (
        "no stock of A-7",
        "no stock of %s",
        "no stock of A-7",
    )


def test_titles_are_reduced_to_one_harmless_line() -> None:
    event = read(
        exception=[{"type": "\x1b]0;E", "value": "値　引き\x07\u202e\nmore"}], release="a\x1b[2Jb\tc"
    )

    assert event.title == "�]0;E: 値　引き��"
    assert event.release == "a�[2Jb c"


def test_a_message_includes_the_stack_of_its_thread() -> None:
    def stack(name: str) -> dict[str, object]:
        return {"stacktrace": {"frames": [{"function": name}]}}

    threads = {
        "values": [stack("idle"), {**stack("main"), "current": True}, {**stack("ui"), "crashed": True}]
    }

    assert [frame.function for frame in read(message="x", threads=threads).stack] == ["ui"]
    assert [frame.function for frame in read(message="x", **stack("plain")).stack] == ["plain"]
    assert read(exception=[{"type": "E"}], threads=threads).stack == ()


def test_wrongly_typed_fields_are_treated_as_absent() -> None:
    event = read(
        exception=7, tags="x", user=[1], breadcrumbs={"values": 3}, level=[], timestamp={}, request="GET"
    )

    assert (event.raised, event.tags, event.user, event.crumbs) == ((), {}, {}, ())
    assert (event.level, event.at) == (EventLevel.ERROR, NOW)


def test_secrets_are_masked_wherever_they_appear() -> None:
    event = read(
        exception=[
            {"type": "E", "value": "password=hunter2", "stacktrace": {"frames": [{"vars": {"api_key": "k"}}]}}
        ],
        request={
            "url": "https://shop.example/pay?token=abc",
            "headers": [["Authorization", "Bearer abcdefgh"], ["Accept", "*/*"]],
            "cookies": {"anything": "s3ss10n"},
            "query_string": [["token", "abc"], ["page", "2"]],
            "data": {"card": "4111 1111 1111 1111", "password": "hunter2"},
        },
        tags=[["secret", "x"], ["region", "tokyo"]],
        breadcrumbs=[{"message": "login", "data": {"Cookie": "a=b"}}],
        extra={"deep": {"refresh_token": "r"}},
    )

    text = str(event)
    for secret in ("hunter2", "abcdefgh", "s3ss10n", "4111 1111", "'a=b'", "'r'", "token=abc"):
        assert secret not in text
    assert event.request["headers"] == {"Authorization": "***", "Accept": "*/*"}
    assert event.request["query_string"] == {"token": "***", "page": "2"}
    assert event.tags == {"secret": "***", "region": "tokyo"}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"7", b'"x"', b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b"x" * (LARGEST + 1)],
)
def test_an_invalid_event_is_refused(body: bytes) -> None:
    with pytest.raises(BadEvent):
        read_payload(body, MASKER)


def test_non_standard_json_from_sdks_is_accepted() -> None:
    body = b'{"message": "half \\ud83d", "extra": {"ratio": NaN, "big": 123456789012345678901234567890}}'

    event = read_event(read_payload(body, MASKER), NOW)

    assert event.message == "half ?"
    assert event.extra == {"ratio": "nan", "big": "123456789012345678901234567890"}


def test_nothing_deeper_longer_or_wider_than_the_limits_is_stored() -> None:
    deep: object = 1
    for _ in range(40):
        deep = {"a": deep}

    found = bounded({"deep": deep, "long": "x" * 20_000, "wide": list(range(1000)), "nul": "a\0b"})

    assert isinstance(found, dict)
    assert str(found["deep"]).count("{") == 11
    assert (len(found["long"]), len(found["wide"])) == (8192, 250)
    assert (found["wide"][0], found["wide"][-1]) == (0, 999)
    assert "\0" not in found["nul"]


def test_lists_of_pairs_become_an_object() -> None:
    assert by_name([["a", 1], {"key": "b", "value": 2}, [1], 3]) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("fc6d8c0c43fc4630ad850ee518f1b9d0", "fc6d8c0c43fc4630ad850ee518f1b9d0"),
        ("FC6D8C0C-43FC-4630-AD85-0EE518F1B9D0", "fc6d8c0c43fc4630ad850ee518f1b9d0"),
        ("fc6d8c0c", ""),
        ("z" * 32, ""),
        (None, ""),
        (7, ""),
    ],
)
def test_an_event_id_has_32_hex_digits(written: object, found: str) -> None:
    assert event_id_of(written) == found


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ((NOW - timedelta(hours=1)).timestamp(), NOW - timedelta(hours=1)),
        ("2026-11-26T02:59:59.5Z", NOW - timedelta(seconds=0.5)),
        ("2026-11-26T02:59:59", NOW - timedelta(seconds=1)),
        (0, NOW),
        (1e300, NOW),
        ((NOW + timedelta(hours=1)).timestamp(), NOW),
        ("yesterday", NOW),
        (True, NOW),
    ],
)
def test_an_implausible_timestamp_is_replaced_by_the_arrival_time(written: object, found: datetime) -> None:
    assert moment_of(written, NOW) == found


def test_the_request_id_comes_from_a_tag_or_a_header() -> None:
    assert read(tags={"request_id": "r-1"}).request_id == "r-1"
    assert read(request={"headers": {"X-Request-ID": "r-2"}}).request_id == "r-2"
