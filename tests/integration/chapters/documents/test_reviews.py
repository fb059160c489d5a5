"""The quarterly review: what its facts say of each document, and what counts as read."""

from datetime import timedelta

import pytest
from tests.integration.chapters.documents.place import (
    BINDINGS,
    DAY,
    DOCUMENT,
    HOUR,
    REVIEW,
    Page,
    Place,
)
from tests.registered import PARTS

from toban.chapters.documents import reading
from toban.chapters.documents.models import DocumentCopy, DocumentReading
from toban.chapters.documents.states import DocumentState, states
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import Operator
from toban.engine.runs.models import Run
from toban.engine.tasks.facts import TaskFact, TaskOccasion, gathered

SECOND = timedelta(seconds=1)


def facts(place: Place) -> dict[str, TaskFact]:
    (row,) = [each for each in place.edition.design.clauses if each.id == REVIEW]
    occasion = TaskOccasion(place.edition, row, place.now - 90 * DAY, place.now - 2 * DAY)
    return {str(each.label): each for each in gathered(occasion, PARTS.ports, place.now)}


def runbook(place: Place) -> DocumentState:
    return next(each for each in states(place.plan) if each.document.row.name == "障害対応手順書")


def in_view(
    place: Place, opened: DocumentReading, seconds: float, account: Operator | None = None
) -> DocumentReading | None:
    digest = place.edition.design.digest
    return reading.in_view(opened.pk, seconds, account or place.account, place.plan, digest, place.now)


def read(place: Place, seconds: int = 40) -> DocumentReading:
    opened = reading.opened(runbook(place), place.account, place.now)
    assert opened is not None
    for _ in range(seconds // 5):
        place.now += 5 * SECOND
        in_view(place, opened, 5)
    return opened


def test_each_document_is_a_fact_and_unread_ones_want_a_remark(place: Place) -> None:
    place.pass_()

    found = facts(place)

    assert list(found) == ["障害対応手順書", "FAQ"]
    assert all(each.is_exception for each in found.values())
    assert "まだ Toban で読まれていません" in str(found["FAQ"].value)


def test_what_was_in_view_long_enough_is_read_and_evidence(place: Place) -> None:
    place.pass_()
    read(place)

    found = facts(place)

    assert not found["障害対応手順書"].is_exception
    assert "sato が" in str(found["障害対応手順書"].value)
    entry = LedgerEntry.objects.get(content__event="document-read")
    assert (entry.actor, entry.content["seconds"]) == ("sato", 30)


def test_opening_and_leaving_is_no_reading(place: Place) -> None:
    place.pass_()
    read(place, seconds=25)

    assert facts(place)["障害対応手順書"].is_exception
    assert not LedgerEntry.objects.filter(content__event="document-read").exists()


@pytest.mark.parametrize(("claimed", "counted"), [(3600.0, 5.0), (4.0, 4.0), (-7.0, 0.0)])
def test_nobody_reads_longer_than_time_passes(place: Place, claimed: float, counted: float) -> None:
    place.pass_()
    opened = reading.opened(runbook(place), place.account, place.now)
    assert opened is not None
    place.now += 5 * SECOND

    found = in_view(place, opened, claimed)

    assert found is not None
    assert found.seconds == counted


def test_a_page_that_was_silent_for_an_hour_was_not_read_for_an_hour(place: Place) -> None:
    place.pass_()
    opened = reading.opened(runbook(place), place.account, place.now)
    assert opened is not None
    place.now += HOUR

    found = in_view(place, opened, 3600)

    assert found is not None
    assert found.seconds == 120


def test_nobody_reads_for_another(place: Place) -> None:
    place.pass_()
    opened = reading.opened(runbook(place), place.account, place.now)
    assert opened is not None
    place.now += HOUR

    assert in_view(place, opened, 60, Operator.objects.create_user("kai")) is None


def test_a_document_that_changed_since_it_was_read_wants_a_remark(place: Place) -> None:
    place.pass_()
    read(place)
    place.now += HOUR
    place.write_now("# 障害対応\n\nまったく別の手順。\n")
    place.pass_()

    assert "読んだ後に変わっています" in str(facts(place)["障害対応手順書"].value)


def test_names_as_long_as_a_paragraph_are_kept_apart(place: Place) -> None:
    long = "障害対応手順書" * 60
    pages = "".join(
        f'[documents."{long}{each}"]\nkind = "page"\nurl = "{{wiki}}/{each}"\n'
        'bearer_token = "env:WIKI_TOKEN"\nabout = ["release"]\n'
        for each in "ab"
    )
    rows = "".join(f"| {long}{each} | 変更時 | Wiki |\n" for each in "ab")
    row = "| 障害対応手順書 | 変更時 | Wiki/Git |\n"
    place.take(DOCUMENT.replace(row, rows), BINDINGS.partition("[documents")[0] + pages)
    for each in "ab":
        place.wiki.pages[f"/{each}"] = Page(f"<p>{each}</p>")
    place.pass_()
    place.change()
    place.pass_()

    found = states(place.plan)
    assert [each.here.text for each in found if each.here is not None] == ["a", "b"]
    assert [len(each.pending) for each in found] == [1, 1]
    assert len({task.run.work for task in place.tasks()}) == 2
    opened = reading.opened(found[0], place.account, place.now)
    assert opened is not None
    place.now += 40 * SECOND
    in_view(place, opened, 40)
    assert [each.reading is not None for each in states(place.plan)] == [True, False]
    assert LedgerEntry.objects.get(content__event="document-read").content["document"] == f"{long}a"
    # SQLite takes any length, PostgreSQL none above the column's.
    for model in (DocumentCopy, DocumentReading, Run):
        for field in model._meta.fields:
            lengths = [
                len(str(value)) for value in model._default_manager.values_list(field.attname, flat=True)
            ]
            assert field.max_length is None or max(lengths) <= field.max_length


def test_openings_are_forgotten_and_the_newest_reading_is_not(place: Place) -> None:
    place.pass_()
    old = read(place)
    place.now += DAY
    newest = read(place)
    read(place, seconds=5)
    place.now += 8 * DAY
    reading.forget(place.now)

    assert [each.pk for each in DocumentReading.objects.all()] == [newest.pk]
    assert old.pk != newest.pk
    reading_now = runbook(place).reading
    assert reading_now is not None
    assert reading_now.pk == newest.pk


def test_a_page_that_is_open_is_not_forgotten(place: Place) -> None:
    place.pass_()
    opened = reading.opened(runbook(place), place.account, place.now)
    assert opened is not None
    reading.forget(place.now + DAY)

    assert DocumentReading.objects.filter(pk=opened.pk).exists()
