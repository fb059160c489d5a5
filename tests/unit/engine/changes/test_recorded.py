"""Changes from outside: what a pipeline may say, and what it may not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toban.engine.changes.act import ChangeKind, facts_of
from toban.engine.changes.recorded import ACTS, RECORDED, RecordedChange, is_link
from toban.engine.orders import NotPossible

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def change(**values: Any) -> RecordedChange:
    return RecordedChange(**{"kind": ChangeKind.RELEASE, "text": "shop 1.4.2", **values})


def test_what_is_recorded_is_read_back() -> None:
    at, url = NOON - timedelta(minutes=5), "https://ci.example.com/4711"
    wanted = change(version="1.4.2", about=("API", "api-1", "API"), url=url, at=at)

    found = facts_of(ACTS, RECORDED, wanted.content(NOON))

    assert found is not None
    assert (found.kind, str(found.said)) == (ChangeKind.RELEASE, "shop 1.4.2（1.4.2）")
    assert (found.about, found.url, found.at) == (("API", "api-1"), url, at)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"text": " \n\t "}, "changes.text-missing"),
        ({"text": "x" * 301}, "changes.too-long"),
        ({"version": "x" * 201}, "changes.too-long"),
        ({"about": ("x" * 201,)}, "changes.too-long"),
        ({"about": tuple(map(str, range(21)))}, "changes.too-many-names"),
        ({"url": f"https://example.com/{'x' * 1000}"}, "changes.too-long"),
        ({"url": "javascript:alert(1)"}, "changes.not-a-link"),
        ({"kind": ChangeKind.ACCOUNT}, "changes.kind-not-recorded"),
        ({"kind": ChangeKind.APPROVAL}, "changes.kind-not-recorded"),
        ({"at": NOON + timedelta(minutes=6)}, "changes.time-out-of-range"),
        ({"at": NOON - timedelta(days=31)}, "changes.time-out-of-range"),
    ],
)
def test_what_is_out_of_bounds_is_refused(values: dict[str, Any], why: str) -> None:
    with pytest.raises(NotPossible) as refused:
        change(**values).content(NOON)

    assert refused.value.said.code == why


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "//example.com",
        "https://",
        "http:/example.com",
        "https://exa mple.com",
        "https://example.com/\u202egnp.exe",
        "java\nscript:alert(1)",
        "https://[::1",
    ],
)
def test_only_web_pages_are_links(url: str) -> None:
    assert not is_link(url)
    assert is_link("https://ci.example.com/jobs/1?x=y#z")


def test_a_text_is_one_line_and_turns_no_direction_and_moves_no_cursor() -> None:
    text = "shop\r\n1.4.2 \x1b[31m\u202eevil"

    assert change(text=text).content(NOON)["text"] == "shop 1.4.2 �[31m�evil"


def test_a_link_that_got_into_the_evidence_otherwise_is_not_shown() -> None:
    found = facts_of(ACTS, RECORDED, {**change().content(NOON), "url": "javascript:alert(1)"})

    assert found is not None
    assert found.url == ""


def test_a_clock_that_is_a_little_ahead_records_the_present() -> None:
    assert change(at=NOON + timedelta(minutes=4)).content(NOON)["at"] == NOON.isoformat()
