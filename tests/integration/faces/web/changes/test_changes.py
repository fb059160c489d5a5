"""The page of changes, and changes on the pages of charts, alerts and runs."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from tests.integration.faces.web import firing
from tests.integration.faces.web.conftest import CPU, Fixed, SignIn
from tests.integration.faces.web.firing import fired

from toban.engine.changes import recording
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.recorded import RecordedChange
from toban.engine.clock import system_clock
from toban.engine.editions import present
from toban.engine.people.audit import record
from toban.engine.people.models import OperatorRole
from toban.engine.runs.models import PlannedWork, Run
from toban.faces.web.changes.near import near

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def released(text: str, *about: str, at: datetime | None = None, url: str = "") -> None:
    wanted = RecordedChange(kind=ChangeKind.RELEASE, text=text, about=about, at=at, url=url)
    recording.record(wanted, by="ci", now=system_clock())


def test_changes_are_shown_with_who_and_what(viewer: Client) -> None:
    released("shop 1.4.2", "Web", url="https://ci.example.com/4711")

    page = viewer.get("/changes/").content.decode()

    assert '<a href="https://ci.example.com/4711" rel="noopener noreferrer nofollow">shop 1.4.2</a>' in page
    assert ">ci</td>" in page
    assert "リリース</td>" in page


def test_text_from_a_pipeline_is_text(viewer: Client) -> None:
    released("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>')

    page = viewer.get("/changes/").content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page


def test_filters_choose(viewer: Client) -> None:
    released("shop 1", "Web")
    released("batch 2", "DB", at=system_clock() - timedelta(days=8))

    def shown(query: str) -> tuple[bool, bool]:
        page = viewer.get(f"/changes/?{query}").content.decode()
        return "shop 1" in page, "batch 2" in page

    assert shown("") == (True, False)
    assert shown("from=2026-01-01T00:00") == (True, True)
    assert shown("from=2026-01-01T00:00&about=db") == (False, True)
    assert shown("about=Web&kind=release&by=ci") == (True, False)
    assert shown("kind=patch") == (False, False)
    assert shown("by=mira") == (False, False)
    assert viewer.get("/changes/?from=yesterday").status_code == 400


def test_changes_of_accounts_are_for_managers(viewer: Client, sign_in: SignIn) -> None:
    record("role-changed", "mira", operator="aki", before="viewer", after="developer")

    assert "aki" not in viewer.get("/changes/?kind=account").content.decode()
    assert "aki" in sign_in(OperatorRole.MANAGER).get("/changes/").content.decode()


def test_an_alert_shows_what_changed_in_the_hour_before(viewer: Client, in_force: Fixed) -> None:
    alert = fired(firing.put_in_force(in_force), at=system_clock() - 10 * MINUTE)
    for text, about, minutes in (("near", "DB", 30), ("other", "Web", 30), ("long ago", "DB", 90)):
        released(text, about, at=alert.began_at - minutes * MINUTE)
    released("after", "DB")

    page = viewer.get(f"/alerts/{alert.pk}").content.decode()

    assert "near" in page
    assert not any(f">{text}<" in page for text in ("other", "long ago", "after"))


def test_a_run_shows_what_changed_before_it_and_while_it_went_on(viewer: Client) -> None:
    at = system_clock()
    PlannedWork.objects.create(key="B004", clause_id=CPU, rule="", planned_until=at)
    run = Run.objects.create(
        work="B004", due_at=at, clause_id=CPU, document_digest="", ordered_by="schedule", wake_at=at,
        began_at=at, reason="ordered",
    )  # fmt: skip
    released("job 7", "B004", at=at - 30 * MINUTE)

    assert "job 7" in viewer.get(f"/runs/{run.pk}").content.decode()


def test_marks_say_what_and_who_and_of_many_only_the_kind(in_force: Fixed) -> None:
    edition, now = present.edition(), system_clock()
    assert edition is not None
    released("a text that is longer than a mark may be on a chart", "Web", at=now - 20 * MINUTE)

    (mark,) = near(edition, (CPU,), now - 60 * MINUTE, now + MINUTE).marks
    assert mark.name == "a text that is longer than a ma… (ci)"
    assert mark.said

    for number in range(12):
        released(f"shop {number}", "Web", at=now - number * MINUTE)
    assert {each.name for each in near(edition, (CPU,), now - 60 * MINUTE, now + MINUTE).marks} == {
        "リリース"
    }
