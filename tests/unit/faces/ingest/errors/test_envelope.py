"""Envelopes: their items, their errors, and the keys they contain."""

import json

import pytest

from toban.faces.ingest.errors.envelope import MOST_ITEMS, BadEnvelope, EnvelopeItem, dsn_of, read_envelope
from toban.faces.ingest.errors.key import key_in, shown_key

HEADER = b'{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc","dsn":"https://e12d836b15bb49d7@sentry.example/42"}'


def test_items_are_read_by_their_length_or_to_the_end_of_the_line() -> None:
    body = HEADER + b'\n{"type":"attachment","length":10}\nHello\nToba\n{"type":"event"}\n{"message":"x"}\n'

    envelope = read_envelope(body)

    assert envelope.event_id == "9ec79c33ec9942ab8353589fcb2e04dc"
    assert envelope.items == (
        EnvelopeItem("attachment", b"Hello\nToba"),
        EnvelopeItem("event", b'{"message":"x"}'),
    )


def test_an_empty_envelope_and_empty_items_are_valid() -> None:
    assert read_envelope(b"{}").items == ()
    assert read_envelope(b'{}\n{"type":"attachment","length":0}\n').items == (
        EnvelopeItem("attachment", b""),
    )


def test_an_unknown_item_type_is_read_as_other() -> None:
    assert read_envelope(b'{}\n{"type":"x_y"}\n{}').items == (EnvelopeItem("other", b"{}"),)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"[]",
        b"{}\nx",
        b'{}\n{"type":"event","length":5}\n{}',
        b'{}\n{"type":"event","length":1}\n{}',
        b'{}\n{"type":"event","length":-1}\n{}',
        b'{}\n{"type":"event","length":true}\n{}',
        b'{}\n{"type":"event","length":"2"}\n{}',
        b'{"a":"' + b"x" * 70_000 + b'"}\n',
        b"{}\n" + b"{}\n\n" * (MOST_ITEMS + 1),
    ],
)
def test_an_invalid_envelope_is_refused(body: bytes) -> None:
    with pytest.raises(BadEnvelope):
        read_envelope(body)


@pytest.mark.parametrize(
    ("headers", "query", "key"),
    [
        ({"x-sentry-auth": "Sentry sentry_version=7, sentry_key=abc, sentry_client=x/1"}, {}, "abc"),
        ({"x-sentry-auth": "Sentry sentry_key=abc"}, {"sentry_key": "other"}, "abc"),
        ({"authorization": "sentry sentry_key = abc"}, {}, "abc"),
        ({"authorization": "Bearer abc"}, {"sentry_key": "def"}, "def"),
        ({}, {}, ""),
    ],
)
def test_the_key_is_read_from_a_header_or_the_url(
    headers: dict[str, str], query: dict[str, str], key: str
) -> None:
    assert shown_key(headers, query) == key


@pytest.mark.parametrize(
    ("dsn", "key"),
    [
        ("https://abc@sentry.example/42", "abc"),
        ("https://abc:secret@sentry.example/path/42", "abc"),
        ("https://abc@sentry.example/43", ""),
        ("https://[abc@sentry.example/42", ""),
        ("", ""),
    ],
)
def test_the_key_is_read_from_the_dsn_in_the_envelope(dsn: str, key: str) -> None:
    assert key_in(dsn_of(json.dumps({"dsn": dsn}).encode()), 42) == key


def test_a_body_that_is_not_an_envelope_has_no_dsn() -> None:
    assert dsn_of(b"\xff") == ""
