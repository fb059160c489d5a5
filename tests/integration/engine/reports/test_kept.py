"""Reports that are kept: they stay as they were, and late data give a corrected edition."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError
from tests.integration.engine.reports.conftest import (
    DAY,
    END,
    HOUR,
    LATER,
    START,
    TOKYO,
    alert,
    edition_of,
    judged,
    report_on,
)
from tests.registered import PARTS

from toban.engine.approvals.answers import Giver
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.reports import operation
from toban.engine.reports.kept import writing
from toban.engine.reports.kept.keeping import keep, newest, numbered, report_of
from toban.engine.reports.models import KeptReport
from toban.engine.reports.month import ReportMonth, month_named
from toban.faces.report.files import FILES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("october")]

OCTOBER = START.date()


def month(now: datetime = LATER) -> ReportMonth:
    return month_named("2026-10", TOKYO, now)


def giver(name: str = "nami", role: OperatorRole = OperatorRole.DEVELOPER) -> Giver:
    found = Operator.objects.filter(username=name).first()
    return Giver(found or Operator.objects.create_user(name, f"{name}@example.com", operator_role=role))


def kept(now: datetime = LATER) -> KeptReport:
    return keep(month(now), giver(), edition_of(), PARTS, now)


@pytest.mark.parametrize("name", ["md", "xlsx", "json", "pdf"])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_output_of_a_report_that_was_written_and_read_is_the_same_to_the_byte(
    name: str, language: str
) -> None:
    report = report_on()

    again = writing.read(writing.written(report))

    assert FILES[name].make(again, language) == FILES[name].make(report, language)


def test_what_is_kept_is_written_the_same_again() -> None:
    said = writing.written(report_on())

    assert writing.written(writing.read(said)) == said
    assert writing.unpacked(writing.packed(said)) == said


def test_a_kept_report_stays_as_it_was_though_more_becomes_known() -> None:
    kept()
    before = {key: each.number for key, each in report_on().figures.items()}
    alert(START + 5 * DAY)

    first = newest(month())

    assert first is not None
    report = report_of(first, edition_of().bindings)
    assert {key: each.number for key, each in report.figures.items()} == before
    assert report_on().figures["alerts-opened"].number == 4
    assert report.edition is not None
    assert (report.edition.number, report.edition.made_by) == (1, "nami")


def test_late_data_give_a_second_edition_that_lists_what_differs_and_the_first_stays() -> None:
    kept()
    alert(START + 5 * DAY)

    second = kept(LATER + DAY)

    report = report_of(second, edition_of().bindings)
    assert report.edition is not None
    found = {each.key: (str(each.before), str(each.after)) for each in report.edition.differences}
    assert found["alerts-opened"] == ("3", "4")
    assert found["alerts-warning"] == ("1", "2")
    assert "alerts-critical" not in found
    assert str(report.edition.differences[0].label) == "アラート: アラート"
    first = report_of(numbered(month(), 1), edition_of().bindings)
    assert first.figures["alerts-opened"].number == 3


def test_a_corrected_edition_without_a_difference_is_refused() -> None:
    kept()

    with pytest.raises(NotPossible):
        kept(LATER + 20 * DAY)

    assert KeptReport.objects.count() == 1


def test_a_month_that_is_not_over_is_not_kept() -> None:
    with pytest.raises(NotPossible):
        kept(END - timedelta(seconds=1))

    assert not KeptReport.objects.exists()


def test_who_may_only_look_keeps_nothing() -> None:
    with pytest.raises(NotPossible):
        keep(month(), giver("miru", OperatorRole.VIEWER), edition_of(), PARTS, LATER)


def test_the_evidence_has_the_digest_and_a_report_that_was_changed_is_refused() -> None:
    made = kept()
    entry = LedgerEntry.objects.get(sequence=made.evidence)
    assert entry.content["digest"] == made.digest
    changed = writing.unpacked(bytes(made.content)).replace(b'"alerts-opened"', b'"alerts-openef"')
    # Whoever changes the table changes the digest beside it, too.
    KeptReport.objects.update(content=writing.packed(changed), digest=writing.digest_of(changed))

    with pytest.raises(NotPossible):
        report_of(KeptReport.objects.get(), edition_of().bindings)


def test_no_edition_is_kept_twice() -> None:
    made = kept()

    with pytest.raises(IntegrityError):
        KeptReport.objects.create(
            month=made.month, edition=1, made_at=LATER, made_by="x", digest="d", evidence=1, content=b""
        )


@pytest.mark.parametrize(
    ("now", "name"),
    [
        # The 1st of November 2026 is a Sunday, and the 3rd is a holiday.
        (datetime(2026, 11, 1, 23, 59, tzinfo=TOKYO), None),
        (datetime(2026, 11, 2, 0, 0, tzinfo=TOKYO), "2026-10"),
        (datetime(2026, 11, 30, tzinfo=TOKYO), "2026-10"),
        (datetime(2027, 1, 3, 12, tzinfo=TOKYO), None),
        (datetime(2027, 1, 4, 0, 0, tzinfo=TOKYO), "2026-12"),
    ],
)
def test_the_month_is_kept_from_the_first_business_day_on(now: datetime, name: str | None) -> None:
    found = operation.due_month(edition_of().bindings.system, now.astimezone(UTC))

    assert (found.name if found is not None else None) == name


def test_the_worker_keeps_the_month_once() -> None:
    for number in range(3):
        operation._step(edition_of(), LATER + number * HOUR)

    (made,) = KeptReport.objects.all()
    assert (made.name, made.edition, made.made_by) == ("2026-10", 1, "schedule")


def test_a_month_before_the_evidence_is_not_kept() -> None:
    LedgerEntry.objects.all().delete()
    judged("x", Verdict.CONFORMING, END)

    operation._step(edition_of(), LATER)

    assert not KeptReport.objects.exists()
