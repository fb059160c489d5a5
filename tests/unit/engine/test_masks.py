"""What must not be stored is masked, and nothing else."""

import json

import pytest

from toban.engine.masks import Mask, Masker

ALL = Masker(list(Mask))


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("login with password=hunter2 failed", "login with password=*** failed"),
        ('{"password": "hunter2"}', '{"password": "***"}'),
        ("Authorization: Bearer eyJhbGciOi.J9.x", "Authorization: ***"),
        ("sent Bearer eyJhbGciOi.J9.x on", "sent Bearer *** on"),
        ("GET /reset?token=abc&user=3", "GET /reset?token=***&user=3"),
        ("api_key=k-123, next", "api_key=***, next"),
        ("postgres://shop:s3cret@db/shop", "postgres://shop:***@db/shop"),
        ("paid by 4111 1111 1111 1111 today", "paid by ***1111 today"),
        ("paid by 378282246310005", "paid by ***0005"),
        ("mail to taro@example.co.jp", "mail to ***"),
        # A mailbox has 64 letters; reading on from each letter of a long word took minutes.
        (f"{'x' * 100}@example.com", f"{'x' * 36}***"),
        ('{"password": "my pass, phrase;1"}', '{"password": "***"}'),
        (r'{"password": "a\"b", "user": "u"}', '{"password": "***", "user": "u"}'),
        (r'"{\"password\": \"a b\", \"n\": 1}"', r'"{\"password\": \"***\", \"n\": 1}"'),
        ("{'password': 'a b', 'user': 'u'}", "{'password': '***', 'user': 'u'}"),
        ('{"password": "cut off in the mid', '{"password": "***'),
        ("userPassword=hunter2 dbpassword=x", "userPassword=*** dbpassword=***"),
        ("password_confirmation=x&user=3", "password_confirmation=***&user=3"),
        ("aws_secret_access_key = wJalr/x", "aws_secret_access_key = ***"),
        ("mysql --user shop --password hunter2 --wait", "mysql --user shop --password *** --wait"),
        ("<soap:Password Type='x'>a b</soap:Password>", "<soap:Password Type='x'>***</soap:Password>"),
        ("Cookie: theme=dark; sid=5f3a9c\nHost: shop", "Cookie: ***\nHost: shop"),
        ("Set-Cookie: sid=5f3a9c; Path=/; HttpOnly", "Set-Cookie: ***"),
        ("Authorization: token 5f3a9c by curl", "Authorization: *** by curl"),
        (
            'Authorization: Digest username="a b", response="5f3a9c"\nHost: shop',
            "Authorization: ***\nHost: shop",
        ),
        ("Authorization: AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=5f3a9c", "Authorization: ***"),
        ("postgres://shop:p@ss@db/shop", "postgres://shop:***@db/shop"),
        ("4111 1111 1111 1111 12/28", "***1111 12/28"),
        ("4111111111111111 123", "***1111 123"),
        ("3 4111-1111-1111-1111 1", "3 ***1111 1"),
        ("card-4111111111111111- declined", "card-***1111- declined"),
        ("a1234567-1234-4123-8123-123456789012", "a1234567-1234-4123-8123-123456789012"),
        ("パスワード以外: 注文を受け付けました", "パスワード以外: 注文を受け付けました"),
        ("tokens used: 300", "tokens used: 300"),
        ("order 4111111111111112 took 1234567890123 ns", "order 4111111111111112 took 1234567890123 ns"),
        ("2026-11-26T12:00:00.123Z", "2026-11-26T12:00:00.123Z"),
    ],
)
def test_a_text_loses_what_must_not_be_stored(written: str, stored: str) -> None:
    assert ALL.text(written) == stored


def test_fields_of_such_names_lose_their_values_at_any_depth() -> None:
    record = {
        "headers": {"Authorization": "Basic eDp5", "Accept": "*/*", "Set-Cookie": ["a=1", "b=2"]},
        "userPassword": "x",
        "dbToken": "y",
        "card": 4111111111111111,
        "aws_secret_access_key": "x",
        "passwordConfirmation": "x",
        "cookies": {"sid": "x"},
        "keyboard": "jp",
        "attempts": [{"passwd": None, "n": 3}],
    }

    assert ALL.record(record) == {
        "headers": {"Authorization": "***", "Accept": "*/*", "Set-Cookie": "***"},
        "userPassword": "***",
        "dbToken": "***",
        "card": "***1111",
        "aws_secret_access_key": "***",
        "passwordConfirmation": "***",
        "cookies": "***",
        "keyboard": "jp",
        "attempts": [{"passwd": "***", "n": 3}],
    }


def test_what_was_not_asked_for_stays() -> None:
    cards_only = Masker([Mask.CARDS], fields=["Address"])

    assert cards_only.text("password=x to a@example.com") == "password=x to a@example.com"
    assert cards_only.record({"address": "Tokyo", "city": "Tokyo"}) == {"address": "***", "city": "Tokyo"}


def test_lines_without_anything_of_the_kind_are_known_beforehand() -> None:
    body = b"\n".join(
        (
            b'{"message": "fine", "at": "2026-11-26T12:00:00Z"}',
            b'{"message": "PASSWORD=x"}',
            b'{"message": "fine too", "ip": "192.168.1.10"}',
            b'{"message": "4111-1111-1111-1111"}',
            rb'{"pass\u0077ord": "x"}',
            b"{}",
            b'{"mail": "a@example.com", "token": 1}',
        )
    )

    assert ALL.suspects(body) == {2, 4, 5, 7}
    assert Masker([]).suspects(body) == frozenset()


def test_a_field_of_the_operators_own_is_found_in_a_line_that_escapes_its_name() -> None:
    chosen = Masker([], fields=["電話番号"])

    escaped = json.dumps({"電話番号": "03-0000-0000"}).encode()

    assert chosen.suspects(escaped) == {1}
    assert Masker([], fields=["phone"]).suspects(escaped) == frozenset()


def test_the_ids_of_a_trace_stay_even_with_the_digits_of_a_card() -> None:
    trace, span = "ab4111111111111111cdefabcdefabcd", "4111111111111111"

    assert ALL.record({"traceId": trace, "span_id": span}) == {"traceId": trace, "span_id": span}
    assert ALL.record({"traceId": "card 4111111111111111", "order": span}) == {
        "traceId": "card ***1111",
        "order": "***1111",
    }
