import base64
import hashlib
import hmac

import pytest

from toban.engine.notify.channels.webhook.signature import UnfitKey, headers, key_of

KEY = b"0123456789abcdef01234567"


def test_id_timestamp_and_body_are_signed_together() -> None:
    body = '{"title":"異常"}'.encode()

    written = headers("notice-1", 1_775_044_800, KEY, body)

    signed = b"notice-1.1775044800." + body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert written == {
        "webhook-id": "notice-1",
        "webhook-timestamp": "1775044800",
        "webhook-signature": f"v1,{expected}",
    }


@pytest.mark.parametrize(
    ("message_id", "at", "key", "body"),
    [("2", 10, KEY, b"{}"), ("1", 11, KEY, b"{}"), ("1", 10, KEY[::-1], b"{}"), ("1", 10, KEY, b"{ }")],
    ids=["id", "time", "key", "body"],
)
def test_any_difference_changes_the_signature(message_id: str, at: int, key: bytes, body: bytes) -> None:
    genuine = headers("1", 10, KEY, b"{}")["webhook-signature"]

    assert headers(message_id, at, key, body)["webhook-signature"] != genuine


def test_a_key_is_base64_with_the_standard_prefix_and_text_without_it() -> None:
    assert key_of("whsec_" + base64.b64encode(KEY).decode()) == KEY
    assert key_of("日本語の鍵で二十四バイト以上") == "日本語の鍵で二十四バイト以上".encode()


@pytest.mark.parametrize("secret", ["k" * 23, "whsec_" + base64.b64encode(KEY[:23]).decode()])
def test_a_guessable_key_is_refused(secret: str) -> None:
    with pytest.raises(UnfitKey, match="24 バイト以上") as caught:
        key_of(secret)

    assert secret not in str(caught.value)


def test_a_key_that_is_not_base64_is_refused_without_being_shown() -> None:
    with pytest.raises(UnfitKey, match="base64") as caught:
        key_of("whsec_*very-secret-indeed-and-long*")

    assert "very-secret" not in str(caught.value)
