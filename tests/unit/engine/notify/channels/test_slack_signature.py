import hashlib
import hmac

from toban.engine.notify.channels.slack_app.signature import is_signed

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BODY = b"payload=%7B%7D"
AT = 1_531_420_618


def signature(body: bytes = BODY, at: int = AT, secret: str = SECRET) -> str:
    basis = f"v0:{at}:".encode() + body
    return "v0=" + hmac.new(secret.encode(), basis, hashlib.sha256).hexdigest()


def test_a_slack_signature_is_accepted_within_five_minutes() -> None:
    assert is_signed(BODY, str(AT), signature(), SECRET, AT)
    assert is_signed(BODY, str(AT), signature(), SECRET, AT + 300)
    assert not is_signed(BODY, str(AT), signature(), SECRET, AT + 301)
    assert not is_signed(BODY, str(AT), signature(), SECRET, AT - 301)


def test_any_other_signature_is_refused() -> None:
    assert not is_signed(b"payload=other", str(AT), signature(), SECRET, AT)
    assert not is_signed(BODY, str(AT + 1), signature(), SECRET, AT)
    assert not is_signed(BODY, str(AT), signature(secret="another"), SECRET, AT)
    assert not is_signed(BODY, "", "", SECRET, AT)
    assert not is_signed(BODY, "²", signature(), SECRET, AT)
    assert not is_signed(BODY, str(AT), "v0=署名", SECRET, AT)
