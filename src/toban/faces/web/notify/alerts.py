"""Alerts: what is ongoing, who has acknowledged it, what is silenced, and what is resolved."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from toban.engine.bindings.model import System
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.notify import orders, reasons
from toban.engine.notify.deciding.drills import drills_among
from toban.engine.notify.models import Alert, AnnouncedAlert, Silence, StageOutcome
from toban.engine.notify.reason import NO_NEWS
from toban.engine.notify.routing.silences import ActiveSilence, silencing
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.faces.web.document.today import midnight_of
from toban.faces.web.frame import frame, in_force, look
from toban.faces.web.moments import date_in
from toban.faces.web.parts import answer
from toban.faces.words.alerts import CONDITIONS, AlertState, because, condition_word, standing
from toban.faces.words.verdicts import refused

_PER_PAGE = 100
_AT_ONCE = 500
"""The most alerts that one press acknowledges: each is evidence, and nothing else is written meanwhile."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AlertChoice:
    """What the address asks for; an empty `state` is everything that is ongoing."""

    state: str
    condition: str
    q: str
    clause: str
    reason: str
    """The code of something that was said about the alerts."""
    begin: str
    end: str

    @property
    def query(self) -> str:
        """The query of the address."""
        return self.turned(self.state)

    def turned(self, state: str) -> str:
        """Return the query of the same choice in another *state*."""
        return self._query({"state": state})

    def because(self, reason: str) -> str:
        """Return the query of the same choice for another *reason*; empty: for all."""
        return self._query({"reason": reason})

    def _query(self, otherwise: Mapping[str, str]) -> str:
        asked = {"state": self.state, "condition": self.condition, "q": self.q, "clause": self.clause}
        asked |= {"reason": self.reason, "from": self.begin, "to": self.end, **otherwise}
        return urlencode({name: value for name, value in asked.items() if value})


@dataclass(frozen=True, slots=True)
class AlertTab:
    """One way to look at the alerts."""

    state: str
    word: str
    query: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class ListedReason:
    """A reason given for ongoing alerts, and the way to see only these."""

    words: str
    count: int
    query: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ListedAlert:
    """An alert in the list."""

    alert: Alert
    standing: AlertState
    quiet: ActiveSilence | None
    """The silence that covers it."""
    sent: Mapping[str, int]
    """How many notifications about it arrived, failed or wait."""
    why_not: str
    """Why nobody was notified; empty if somebody was."""
    is_drill: bool
    """Whether it was made on purpose."""


@require_http_methods(["GET", "HEAD", "POST"])
def alerts(request: HttpRequest) -> HttpResponse:
    """List alerts: `state`, `condition`, `q`, `clause`, `reason`, `from`, `to` and `page` choose.

    `?ask=take` asks whether to acknowledge all alerts of the choice, and POST does it.
    """
    edition, now = in_force(), system_clock()
    choice = _choice(request)
    if request.method == "POST":
        return _take_all(request, choice, now)
    silences = holding(now)
    chosen = _chosen(choice, edition.bindings.system)
    going_on = _going_on(chosen, silences, now)
    found: Sequence[Alert] | QuerySet[Alert]
    if choice.state == AlertState.OVER:
        found = chosen.exclude(resolved_at=None).order_by("-opened_at", "-pk")
    else:
        found = [alert for alert, stands in going_on if choice.state in ("", stands)]
    page = Paginator(found, _PER_PAGE).get_page(request.GET.get("page"))
    may = may_order(request.user)
    context = {
        "now": now,
        "zone": edition.bindings.system.zone,
        "choice": choice,
        "row": next((each for each in edition.design.clauses if each.id == choice.clause), None),
        "tabs": list(_tabs(choice, Counter(stands for _, stands in going_on))),
        "conditions": [(each.value, condition_word(each)) for each in CONDITIONS],
        "page": page,
        "listed": list(_listed(list(page), silences, edition, now)),
        "query": choice.query,
        "reasons": list(_reasons(choice, edition.bindings.system)),
        "may": may,
        "free": len(_free(going_on, choice)),
    }

    def around() -> Mapping[str, object]:
        return {**frame(look(edition, now), "alerts"), "asks": may and request.GET.get("ask") == "take"}

    return answer(request, "notify/alerts.html", "notify/_alerts.html", context, around)


def holding(now: datetime) -> list[ActiveSilence]:
    """Return the silences that are in effect at *now*."""
    return [each.quiet for each in Silence.objects.holding(now)]


def _choice(request: HttpRequest) -> AlertChoice:
    asked = {
        name: request.GET.get(name, "").strip() for name in ("state", "condition", "q", "clause", "reason")
    }
    return AlertChoice(**asked, begin=request.GET.get("from", ""), end=request.GET.get("to", ""))


def _chosen(choice: AlertChoice, system: System) -> QuerySet[Alert]:
    found = Alert.objects.all()
    if choice.condition:
        found = found.filter(condition=choice.condition)
    if choice.clause:
        found = found.filter(clause_id=choice.clause)
    if choice.reason:
        found = reasons.with_reason(found, choice.reason)
    if choice.q:
        found = _with_words(found, choice.q)
    begin, end = date_in(choice.begin), date_in(choice.end)
    if begin is not None:
        found = found.filter(opened_at__gte=midnight_of(begin, system.zone))
    if end is not None:
        found = found.filter(opened_at__lt=midnight_of(end + _DAY, system.zone))
    return found


def _with_words(alerts: QuerySet[Alert], words: str) -> QuerySet[Alert]:
    """Return the alerts whose row, subject or value has *words*: in its values, not in its sentence."""
    # As SQLite stores JSON: other letters than ASCII are escaped.
    escaped = json.dumps(words)[1:-1]
    texts = alerts.annotate(
        subject_text=Cast("subject__values", TextField()), value_text=Cast("value__values", TextField())
    )
    found = Q(clause_text__icontains=words)
    for text in ("subject_text", "value_text"):
        for each in {words, escaped}:
            found |= Q(**{f"{text}__icontains": each})
    return texts.filter(found)


def _reasons(choice: AlertChoice, system: System) -> Iterator[ListedReason]:
    """Yield the reasons given for the ongoing alerts of the choice, whatever its own is."""
    for each in reasons.counted(_chosen(replace(choice, reason=""), system).filter(resolved_at=None)):
        is_chosen = each.code == choice.reason
        query = choice.because("" if is_chosen else each.code)
        yield ListedReason(str(each.said), each.alerts, query, is_chosen)


def _going_on(
    chosen: QuerySet[Alert], silences: Sequence[ActiveSilence], now: datetime
) -> list[tuple[Alert, AlertState]]:
    """Return ongoing alerts: those that need somebody first, then the worst, then the newest."""
    found = [(alert, standing(alert, silences, now)) for alert in chosen.filter(resolved_at=None)]
    ranks = list(AlertState)
    return sorted(
        found,
        key=lambda each: (
            ranks.index(each[1]),
            CONDITIONS.index(each[0].condition),
            -each[0].opened_at.timestamp(),
            -each[0].pk,
        ),
    )


def _tabs(choice: AlertChoice, counts: Mapping[AlertState, int]) -> Iterator[AlertTab]:
    yield AlertTab("", _("継続中"), choice.turned(""), sum(counts.values()))
    for each in (AlertState.FIRING, AlertState.ACKNOWLEDGED, AlertState.SILENCED):
        yield AlertTab(each.value, each.word, choice.turned(each), counts.get(each, 0))
    # The number of resolved alerts grows forever: it says nothing, and costs a look at all of them.
    yield AlertTab(AlertState.OVER.value, _("履歴"), choice.turned(AlertState.OVER))


def _listed(
    alerts: Sequence[Alert], silences: Sequence[ActiveSilence], edition: Edition, now: datetime
) -> Iterator[ListedAlert]:
    """Yield the rows of a page; a few queries for all."""
    sent = _sent([alert.pk for alert in alerts])
    why_not = _why_not([alert.pk for alert in alerts if not sent[alert.pk]])
    drilled = drills_among(edition, settings.PARTS.ports)(alerts)
    for alert in alerts:
        yield ListedAlert(
            alert,
            standing(alert, silences, now),
            silencing(silences, alert.clause_id, alert.labels, now),
            sent[alert.pk],
            why_not.get(alert.pk, ""),
            alert.pk in drilled,
        )


def _sent(ids: Sequence[int]) -> Mapping[int, Mapping[str, int]]:
    told = AnnouncedAlert.objects.filter(alert__in=ids)
    counted = told.exclude(announcement__deliveries=None).values("alert", "announcement__deliveries__state")
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for row in counted.annotate(count=Count("announcement__deliveries")).order_by():
        found[row["alert"]][row["announcement__deliveries__state"]] = row["count"]
    return found


def _why_not(ids: Sequence[int]) -> Mapping[int, str]:
    """Return the last outcome for each alert of *ids*: why nobody was notified."""
    last: dict[int, StageOutcome] = {}
    for outcome in StageOutcome.objects.filter(alert__in=ids).order_by("pk"):
        if outcome.reason not in NO_NEWS:
            last[outcome.alert_id] = outcome
    return {alert: because(outcome) for alert, outcome in last.items()}


def _free(going_on: Sequence[tuple[Alert, AlertState]], choice: AlertChoice) -> list[int]:
    """Return the alerts that can be acknowledged together: those of the choice that nobody has yet."""
    chosen = (alert for alert, stands in going_on if choice.state in ("", stands))
    free = (each for each in chosen if each.acknowledged_at is None and not each.ends_with_review)
    return [each.pk for each in free][:_AT_ONCE]


def _take_all(request: HttpRequest, choice: AlertChoice, now: datetime) -> HttpResponse:
    """Acknowledge all alerts of the choice that nobody has acknowledged."""
    if not may_order(request.user):
        raise PermissionDenied
    chosen = _chosen(choice, in_force().bindings.system)
    going_on = _going_on(chosen, holding(now), now)
    try:
        taken = orders.acknowledge_all(_free(going_on, choice), by=request.user.get_username(), now=now)
    except NotPossible as wrong:
        messages.error(request, str(refused(wrong).what))
    else:
        messages.success(request, _("%(count)d件の対応を開始しました。") % {"count": len(taken)})
    return redirect(f"{request.path}?{choice.query}")
