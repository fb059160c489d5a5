import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from toban.engine.evidence.ledger import digest_of
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.segments import START
from toban.text import storable_text

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


def entry(at: datetime = NOON, **content: object) -> LedgerEntry:
    return LedgerEntry(
        sequence=1,
        at=at,
        kind=LedgerEntry.Kind.VERDICT,
        actor="toban",
        clause_id="monitoring/monitor/db",
        document_digest="",
        content=content,
        previous=START,
    )


def test_the_digest_is_sha256_of_the_canonical_json() -> None:
    canonical = (
        '{"actor":"toban","at":"2026-04-01T12:00:00.000000+00:00","clause_id":"monitoring/monitor/db",'
        '"content":{"value":"42"},"document_digest":"","kind":"verdict",'
        f'"previous":"{"0" * 64}","sequence":1}}'
    )

    assert digest_of(entry(value="42")) == hashlib.sha256(canonical.encode()).hexdigest()


def test_the_digest_does_not_depend_on_key_order_or_time_zone() -> None:
    tokyo = timezone(timedelta(hours=9))

    assert digest_of(entry(a="1", b="2")) == digest_of(entry(NOON.astimezone(tokyo), b="2", a="1"))


@pytest.mark.parametrize("field", ["sequence", "kind", "actor", "clause_id", "document_digest", "previous"])
def test_the_digest_covers_every_field(field: str) -> None:
    changed = entry(value="42")
    setattr(changed, field, 2 if field == "sequence" else "x")

    assert digest_of(changed) != digest_of(entry(value="42"))


def test_text_loses_only_what_postgresql_refuses() -> None:
    assert storable_text("応答\0なし\ud800") == "応答�なし?"
