"""Errors of a bucket's server in words for operators, without secrets."""

import re

from toban.engine.stores.store import StoreTrouble
from toban.message import Message

_CODE = re.compile(r"<Code>(\w+)</Code>|\(code: (\w+)\)|\((\w+)\) when calling")
_STATUS = re.compile(r"status code: (\d{3})")
_LONGEST = 200

_WORDS = {
    "SignatureDoesNotMatch": Message("stores.wrong-secret-key"),
    "InvalidAccessKeyId": Message("stores.unknown-access-key"),
    "ExpiredToken": Message("stores.keys-expired"),
    "AccessDenied": Message("stores.access-denied"),
    "NoSuchBucket": Message("stores.no-such-bucket"),
    "PermanentRedirect": Message("stores.bucket-in-another-region"),
    "RequestTimeTooSkewed": Message("stores.clock-is-off"),
}
_REFUSED = ("401", "403")


def trouble_of(error: BaseException, place: str, key: str | Message) -> StoreTrouble:
    """Return the `StoreTrouble` for *error*, from obstore or botocore, about *key* at *place*."""
    text = str(error)
    found = _CODE.search(text)
    code = next(filter(None, found.groups()), "") if found else ""
    status = _STATUS.search(text)
    if code in _WORDS:
        return StoreTrouble(Message("stores.server-refused", place=place, why=_WORDS[code], answer=code))
    if status is not None and status[1] in _REFUSED:
        denied, answer = _WORDS["AccessDenied"], code or status[1]
        return StoreTrouble(Message("stores.server-refused", place=place, why=denied, answer=answer))
    if code == "NoSuchKey" or isinstance(error, FileNotFoundError):
        return StoreTrouble(Message("stores.no-object", place=place, key=key))
    if status is None and "HTTP error" in text:
        said = Message("stores.no-answer", place=place, why=_why_unreached(text))
        return StoreTrouble(said, passing=True)
    is_passing = status is None or status[1].startswith("5") or status[1] == "429"
    said = Message("stores.object-failed", place=place, key=key, why=code or _first_words(text))
    return StoreTrouble(said, passing=is_passing)


def _why_unreached(text: str) -> Message:
    for sign, words in (
        ("Connection refused", Message("stores.connection-refused")),
        ("dns error", Message("stores.name-unresolved")),
        ("certificate", Message("stores.untrusted-certificate")),
        ("timed out", Message("stores.timed-out")),
    ):
        if sign in text:
            return words
    return Message("stores.connection-lost")


def _first_words(text: str) -> str:
    first = text.split("\n", 1)[0].split("<?xml", 1)[0]
    return first if len(first) <= _LONGEST else first[:_LONGEST] + "…"
