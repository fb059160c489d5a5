"""When VEX statements close a vulnerability."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toban.chapters.vulnerabilities.imported.saying import VexStatus
from toban.chapters.vulnerabilities.imported.vex import (
    PresentVulnerability,
    StandingStatement,
    closing,
    is_about,
)

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
FOUND = PresentVulnerability({"CVE-2026-1", "DSA-1"}, "Debian:12", {"openssl", "libssl3"}, "3.0.11-1")


def stated(**instead: Any) -> StandingStatement:
    values = {
        "source": "vendor",
        "names": ("CVE-2026-1",),
        "ecosystem": "Debian:12",
        "package": "openssl",
        "version": "",
        "status": VexStatus.NOT_AFFECTED,
        "justification": "component_not_present",
        "at": NOON,
    }
    return StandingStatement(**{**values, **instead})


@pytest.mark.parametrize(
    ("instead", "is_it"),
    [
        ({}, True),
        ({"names": ("DSA-1",)}, True),
        ({"package": "libssl3"}, True),
        ({"ecosystem": "Debian"}, True),
        ({"version": "3.0.11-1"}, True),
        ({"version": "3.0.11-2"}, False),
        ({"ecosystem": "Debian:11"}, False),
        ({"package": "curl"}, False),
        ({"names": ("CVE-2026-2",)}, False),
    ],
)
def test_a_statement_is_about_its_package_in_its_version_and_release(
    instead: dict[str, Any], *, is_it: bool
) -> None:
    assert is_about(stated(**instead), FOUND) is is_it


def test_not_affected_and_fixed_close_with_their_reason() -> None:
    fixed = stated(status=VexStatus.FIXED, justification="fixed")

    assert closing([stated()]) == stated()
    assert closing([fixed]) == fixed
    assert closing([]) is None


@pytest.mark.parametrize("status", [VexStatus.AFFECTED, VexStatus.UNDER_INVESTIGATION])
def test_one_source_that_calls_it_open_outweighs_another(status: VexStatus) -> None:
    assert closing([stated(), stated(source="team", status=status, at=NOON - timedelta(days=9))]) is None


def test_of_one_source_the_newest_counts() -> None:
    later = stated(status=VexStatus.AFFECTED, at=NOON + timedelta(seconds=1))

    assert closing([later, stated()]) is None
    assert closing([stated(at=NOON + timedelta(seconds=2)), later]) is not None


def test_without_a_justification_nothing_is_closed() -> None:
    assert closing([stated(justification="")]) is None
