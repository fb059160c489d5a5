"""Whoever has written a part of what a report says does not approve it, whichever way they wrote it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.integration.chapters.incident.reports.scenery import MINUTE, Scenery
from tests.integration.chapters.incident.reports.test_reports import FINAL, State, approve, complete

from toban.chapters.incident import orders as incidents
from toban.chapters.incident.measures import orders as measures
from toban.chapters.incident.measures.orders import wanted_of
from toban.chapters.incident.models import Incident, IncidentReport, TimelineEntry
from toban.chapters.incident.orders import IncidentOrder
from toban.chapters.incident.reports import approval, orders
from toban.chapters.incident.timeline import amending
from toban.chapters.incident.timeline.amending import WantedLine
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator

pytestmark = pytest.mark.django_db

type Writing = Callable[[Scenery, str, str], object]


def measure(scenery: Scenery, by: str, shell: str) -> None:
    """Change the measure that sato has recorded."""
    found = scenery.incident.measures.get()
    wanted = replace(wanted_of(found), words="別の対策")
    edition, now = scenery.edition, scenery.now
    measures.change(found.pk, wanted, by=by, edition=edition, now=now, shell_user=shell)


def added_measure(scenery: Scenery, by: str, shell: str) -> None:
    wanted = replace(wanted_of(scenery.incident.measures.get()), words="もう一つの対策")
    edition, now = scenery.edition, scenery.now
    measures.record(scenery.incident.pk, wanted, by=by, edition=edition, now=now, shell_user=shell)


def withdrawn_measure(scenery: Scenery, by: str, shell: str) -> None:
    added_measure(scenery, "sato", "")
    found = scenery.incident.measures.latest("pk")
    measures.withdraw(found.pk, "要らない", by=by, now=scenery.now, shell_user=shell)


def line(scenery: Scenery, by: str, shell: str) -> TimelineEntry:
    wanted = WantedLine("再起動した")
    return amending.add(scenery.incident.pk, wanted, by=by, now=scenery.now, shell_user=shell)


def amended_line(scenery: Scenery, by: str, shell: str) -> None:
    first = scenery.entries()[0]
    amending.amend(first.pk, text="web-1 の電源が落ちた", by=by, now=scenery.now, shell_user=shell)


def hidden_line(scenery: Scenery, by: str, shell: str) -> None:
    amending.hide(scenery.entries()[0].pk, by=by, now=scenery.now, shell_user=shell)


def shown_line(scenery: Scenery, by: str, shell: str) -> None:
    hidden_line(scenery, "sato", "")
    amending.show(scenery.entries()[0].pk, by=by, now=scenery.now, shell_user=shell)


def level(scenery: Scenery, by: str, shell: str) -> None:
    incidents.confirm_level(scenery.incident.pk, "Low", "軽かった", order(scenery, by, shell), scenery.now)


def step(scenery: Scenery, by: str, shell: str) -> None:
    incidents.finish_stage(scenery.incident.pk, 2, "電源を入れた", order(scenery, by, shell), scenery.now)


def order(scenery: Scenery, by: str, shell: str) -> IncidentOrder:
    return IncidentOrder(replace(scenery.giver(by), shell_user=shell), scenery.edition, scenery.plan)


WAYS = [
    measure, added_measure, withdrawn_measure, line, amended_line, hidden_line, shown_line, level, step,
]  # fmt: skip


def asked_after(scenery: Scenery, writing: Writing, by: str, shell: str = "") -> IncidentReport:
    """Have a complete report asked for by kimura after *writing*, and return it."""
    complete(scenery)
    scenery.pass_(MINUTE)
    writing(scenery, by, shell)
    found = orders.draft(scenery.incident.pk, FINAL, scenery.desk, by=scenery.giver("sato"), now=scenery.now)
    approval.ask(found.pk, scenery.plan, by=scenery.giver("kimura"), now=scenery.now)
    return found


@pytest.mark.parametrize("writing", WAYS)
def test_whose_words_are_in_a_report_does_not_approve_it(scenery: Scenery, writing: Writing) -> None:
    report = asked_after(scenery, writing, "tanaka")

    with pytest.raises(NotPossible) as caught:
        approve(scenery, report)

    assert caught.value.said.code == "approvals.own-order"


@pytest.mark.parametrize("writing", WAYS)
def test_nobody_writes_in_anothers_name_from_their_shell_and_approves_it(
    scenery: Scenery, writing: Writing
) -> None:
    report = asked_after(scenery, writing, "sato", "tanaka")

    with pytest.raises(NotPossible) as caught:
        approve(scenery, report)

    assert caught.value.said.code == "approvals.own-order"
    shells = LedgerEntry.objects.filter(content__shell_user="tanaka", content__via="shell")
    assert [each.actor for each in shells] == ["sato"]


def test_who_declared_an_incident_in_their_words_does_not_approve_its_report(scenery: Scenery) -> None:
    said = incidents.Declaration(title="注文できない")

    made = incidents.declare(said, order(scenery, "tanaka", ""), scenery.now)

    assert made.writers == list(scenery.giver("tanaka").orderers)


def declared(scenery: Scenery, by: str, title: str) -> Incident:
    return incidents.declare(incidents.Declaration(title=title), order(scenery, by, ""), scenery.now)


def writers(incident: Incident) -> set[str]:
    incident.refresh_from_db()
    return set(Operator.objects.filter(pk__in=incident.writers).values_list("username", flat=True))


def test_who_says_when_it_was_over_does_not_approve_its_report(scenery: Scenery) -> None:
    made = declared(scenery, "sato", "文字化け")
    assert writers(made) == {"sato"}

    scenery.pass_(MINUTE)
    said = order(scenery, "kimura", "tanaka")
    incidents.say_recovered(made.pk, said, scenery.now, at=made.detected_at)

    assert writers(made) == {"sato", "kimura", "tanaka"}


def test_who_wrote_in_an_incident_that_was_merged_approves_no_report_of_the_whole(scenery: Scenery) -> None:
    part, whole = declared(scenery, "tanaka", "文字化け"), declared(scenery, "sato", "画面が化ける")

    incidents.merge(part.pk, whole.pk, order(scenery, "kimura", ""), scenery.now)

    assert writers(whole) == {"sato", "tanaka"}


def test_what_others_wrote_is_approved_by_who_took_and_answered_the_incident(scenery: Scenery) -> None:
    def acts(scenery: Scenery, by: str, shell: str) -> None:
        incidents.take(scenery.incident.pk, order(scenery, by, shell), scenery.now)
        incidents.confirm_level(scenery.incident.pk, "Critical", "", order(scenery, by, shell), scenery.now)

    report = asked_after(scenery, acts, "tanaka")
    approve(scenery, report)

    report.refresh_from_db()
    assert report.state == State.APPROVED
