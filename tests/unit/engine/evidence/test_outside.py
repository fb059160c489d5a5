"""The status of shipped evidence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from toban.engine.evidence.outside import ShippedEvidence, said
from toban.engine.evidence.verdict import Verdict
from toban.message import plain

NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)
WELL = ShippedEvidence("s3://audit/shop", 3, 1234, "COMPLIANCE 2027-11-26", NOW - timedelta(hours=3))


def test_evidence_shipped_within_a_day_conforms_and_names_place_and_lock() -> None:
    verdict, value, reason = said(WELL, NOW)

    assert verdict is Verdict.CONFORMING
    assert str(value) == "外に 1,234件"
    assert str(reason) == "s3://audit/shop に 3区間、ロック COMPLIANCE 2027-11-26"
    assert value.in_language("en") == "1,234 entries outside"
    assert reason.in_language("en") == "3 segments in s3://audit/shop, lock COMPLIANCE 2027-11-26"


def test_a_store_without_locks_is_reported_as_such() -> None:
    assert str(said(replace(WELL, lock=""), NOW)[2]) == "s3://audit/shop に 3区間、ロックなし"


@pytest.mark.parametrize(
    ("hours", "trouble", "verdict"),
    [
        (3, "答えません", Verdict.WARNING),
        (25.9, "答えません", Verdict.WARNING),
        (26, "答えません", Verdict.DEVIATING),
        (25.9, "", Verdict.CONFORMING),
        (26, "", Verdict.DEVIATING),
    ],
)
def test_evidence_not_shipped_within_a_day_deviates(hours: float, trouble: str, verdict: Verdict) -> None:
    found = said(replace(WELL, waiting_since=NOW - timedelta(hours=hours), trouble=plain(trouble)), NOW)

    assert found[0] is verdict
    assert trouble in str(found[2])


def test_nothing_is_green_before_the_first_shipment() -> None:
    assert said(replace(WELL, segments=0, entries=0), NOW)[0] is Verdict.NOT_DUE
