"""What people order about reports and measures on the page of an incident, by the name of the act."""

from collections.abc import Mapping

from django.conf import settings
from django.utils.translation import gettext as _

from toban.chapters.incident.measures import orders as measures
from toban.chapters.incident.measures.orders import WantedMeasure
from toban.chapters.incident.models import IncidentReport, PreventionMeasure
from toban.chapters.incident.reports import approval
from toban.chapters.incident.reports import orders as reports
from toban.chapters.incident.reports.content import ReportQuestion
from toban.chapters.incident.reports.orders import ReportDesk
from toban.engine.orders import NotPossible
from toban.engine.telemetry.present import telemetry
from toban.engine.telemetry.store import StoreUnavailable
from toban.faces.web.incident.acting import Act, ActDone, OrderedAct
from toban.faces.web.moments import date_in
from toban.message import Message, message_of


def _draft(act: OrderedAct) -> ActDone:
    kind = IncidentReport.Kind.FINAL if act.typed("kind") == "final" else IncidentReport.Kind.PRELIMINARY
    try:
        store = telemetry()
    except StoreUnavailable as error:
        raise NotPossible(message_of(error)) from error
    desk = ReportDesk(act.order.edition, act.order.plan, settings.PARTS.ports, store)
    reports.draft(act.number, kind, desk, by=act.order.by, now=act.now)
    return ActDone(_("証跡から下書きを作りました。"), "report")


def _answer(act: OrderedAct) -> ActDone:
    answers = {str(each): act.typed(str(each)) for each in ReportQuestion if each in act.form}
    reports.answer(_own_report(act).pk, answers, by=act.order.by, now=act.now)
    return ActDone(_("報告書に書き込みました。"), "report")


def _ask(act: OrderedAct) -> ActDone:
    approval.ask(_own_report(act).pk, act.order.plan, by=act.order.by, now=act.now)
    return ActDone(_("承認を求めました。"), "report")


def _record(act: OrderedAct) -> ActDone:
    by = act.order.by.name
    measures.record(act.number, _wanted(act), by=by, edition=act.order.edition, now=act.now)
    return ActDone(_("再発防止策を登録しました。"), "measures")


def _change(act: OrderedAct) -> ActDone:
    by = act.order.by.name
    measures.change(_own_measure(act).pk, _wanted(act), by=by, edition=act.order.edition, now=act.now)
    return ActDone(_("再発防止策を変更しました。"), "measures")


def _withdraw(act: OrderedAct) -> ActDone:
    measures.withdraw(_own_measure(act).pk, act.typed("reason"), by=act.order.by.name, now=act.now)
    return ActDone(_("再発防止策を取り下げました。"), "measures")


def _own_report(act: OrderedAct) -> IncidentReport:
    """Return the report of the form; raise `NotPossible` if it is none of this incident."""
    number = act.number_typed("report")
    found = IncidentReport.objects.filter(pk=number, incident=act.number).first()
    if found is None:
        raise NotPossible(Message("incident-reports.no-such-report", number=number))
    return found


def _own_measure(act: OrderedAct) -> PreventionMeasure:
    """Return the measure of the form; raise `NotPossible` if it is none of this incident."""
    number = act.number_typed("measure")
    found = PreventionMeasure.objects.filter(pk=number, incident=act.number).first()
    if found is None:
        raise NotPossible(Message("incident-reports.no-such-measure", number=number))
    return found


def _wanted(act: OrderedAct) -> WantedMeasure:
    due_on, kind = date_in(act.typed("due_on")), act.typed("kind")
    if due_on is None:
        raise NotPossible(Message("incident.not-a-time", written=act.typed("due_on")[:50]))
    if kind not in set(PreventionMeasure.Kind):
        raise NotPossible(
            Message("incident-reports.measure-incomplete"), Message("incident-reports.how-it-is-checked")
        )
    return WantedMeasure(
        act.typed("words"),
        PreventionMeasure.Kind(kind),
        act.typed("reference"),
        act.typed("owner"),
        due_on,
    )


ACTS: Mapping[str, Act] = {
    "draft": _draft,
    "answer": _answer,
    "ask": _ask,
    "record-measure": _record,
    "change-measure": _change,
    "withdraw-measure": _withdraw,
}
