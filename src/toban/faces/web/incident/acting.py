"""What people order on the page of an incident: each act of a form, by its name."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from toban.chapters.incident import orders
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.orders import IncidentOrder
from toban.chapters.incident.timeline import amending
from toban.chapters.incident.timeline.amending import WantedLine
from toban.engine.approvals.answers import Giver
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.faces.web.frame import in_force
from toban.faces.web.moments import moment
from toban.message import Message

_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True)
class OrderedAct:
    """An act of a form, about one incident."""

    number: int
    form: QueryDict
    order: IncidentOrder
    now: datetime

    def typed(self, name: str) -> str:
        """Return what stands in a field."""
        return self.form.get(name, "")

    def number_typed(self, name: str) -> int:
        """Return the number in a field; 0 if it is none."""
        return next(iter(numbers([self.typed(name).strip()])), 0)


@dataclass(frozen=True, slots=True)
class ActDone:
    """What was done, and where it shows."""

    said: str
    anchor: str = ""
    incident: int | None = None
    """Another incident than that of the page."""


type Act = Callable[[OrderedAct], ActDone]


def numbers(written: Iterable[str]) -> list[int]:
    """Return those of *written* that are numbers which every database takes."""
    return [int(each) for each in written if each.isdecimal() and len(each) <= _LONGEST_NUMBER]


def order_of(request: HttpRequest) -> IncidentOrder:
    """Return who orders by *request*, under the edition in force."""
    edition = in_force()
    by = Giver(Operator.objects.get(username=request.user.get_username()))
    return IncidentOrder(by, edition, edition.plan(OPERATION))


def time_typed(written: str) -> datetime | None:
    """Return the time in a field, in the document's zone; None if it is empty. Raises `NotPossible`."""
    if not written.strip():
        return None
    found = moment(written.strip(), in_force().bindings.system.zone)
    if found is None:
        raise NotPossible(Message("incident.not-a-time", written=written[:50]))
    return found


def _take(act: OrderedAct) -> ActDone:
    orders.take(act.number, act.order, act.now)
    return ActDone(_("あなたが指揮を執ります。"))


def _level(act: OrderedAct) -> ActDone:
    found = orders.confirm_level(act.number, act.typed("level"), act.typed("reason"), act.order, act.now)
    return ActDone(_("障害レベルは %(level)s です。") % {"level": found.level})


def _people(act: OrderedAct) -> ActDone:
    commander, scribe = act.typed("commander"), act.typed("scribe")
    orders.set_people(act.number, act.order, act.now, commander=commander, scribe=scribe)
    return ActDone(_("担当を変更しました。"))


def _sign(act: OrderedAct) -> ActDone:
    orders.finish_stage(act.number, act.number_typed("step"), act.typed("note"), act.order, act.now)
    return ActDone(_("手順の完了を記録しました。"), "flow")


def _update(act: OrderedAct) -> ActDone:
    orders.tell_update(act.number, act.typed("words"), act.order, act.now)
    return ActDone(_("関係者に通知します。"))


def _publish(act: OrderedAct) -> ActDone:
    orders.publish(act.number, act.typed("public"), act.order, act.now, is_shown=True)
    return ActDone(_("公開ステータスページに掲載しました。30秒以内に表示されます。"))


def _withdraw(act: OrderedAct) -> ActDone:
    orders.publish(act.number, "", act.order, act.now, is_shown=False)
    return ActDone(_("公開ステータスページから取り下げました。"))


def _merge(act: OrderedAct) -> ActDone:
    whole = orders.merge(act.number, act.number_typed("into"), act.order, act.now)
    return ActDone(_("障害 %(number)s に統合しました。") % {"number": whole.pk}, incident=whole.pk)


def _split(act: OrderedAct) -> ActDone:
    chosen = numbers(act.form.getlist("alerts"))[:_MOST_CHOSEN]
    made = orders.split(act.number, chosen, act.typed("title"), act.order, act.now)
    return ActDone(_("障害 %(number)s に分けました。") % {"number": made.pk}, incident=made.pk)


def _split_report(act: OrderedAct) -> ActDone:
    made = orders.split_report(act.number, act.number_typed("entry"), act.order, act.now)
    return ActDone(_("障害 %(number)s に分けました。") % {"number": made.pk}, incident=made.pk)


def _recovered(act: OrderedAct) -> ActDone:
    orders.say_recovered(act.number, act.order, act.now, at=time_typed(act.typed("at")))
    return ActDone(_("復旧を記録しました。"))


def _close(act: OrderedAct) -> ActDone:
    orders.close(act.number, act.order, act.now)
    return ActDone(_("この障害をクローズしました。"))


def _note(act: OrderedAct) -> ActDone:
    wanted = WantedLine(act.typed("text"), time_typed(act.typed("when")))
    amending.add(act.number, wanted, by=act.order.by.name, now=act.now)
    return ActDone(_("タイムラインに書き足しました。"), "timeline")


_MOST_CHOSEN = 1_000
ACTS: Mapping[str, Act] = {
    "take": _take,
    "level": _level,
    "people": _people,
    "sign": _sign,
    "update": _update,
    "publish": _publish,
    "withdraw": _withdraw,
    "merge": _merge,
    "split": _split,
    "split-report": _split_report,
    "recovered": _recovered,
    "close": _close,
    "note": _note,
}
