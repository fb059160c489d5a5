"""Words of incidents for templates."""

from collections.abc import Mapping
from datetime import datetime

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toban.chapters.incident.clocks.rules import Clock, ClockState
from toban.chapters.incident.gameday.watching import Check
from toban.chapters.incident.measures.rules import MeasureState
from toban.chapters.incident.models import GameDay, Incident, PreventionMeasure, RemedyUse
from toban.chapters.incident.reports.content import ReportQuestion
from toban.faces.web.incident.next_act import NextAct
from toban.faces.words import verdicts as words
from toban.message import Message

register = template.Library()

_CLOCKS = {
    ClockState.UNLIMITED: ("–", "declared"),
    ClockState.RUNNING: ("◇", "not-due"),
    ClockState.DUE_SOON: ("▲", "warning"),
    ClockState.OVERDUE: ("■", "deviating"),
    ClockState.KEPT: ("●", "conforming"),
    ClockState.LATE: ("■", "deviating"),
}
_MEASURES: Mapping[MeasureState, tuple[str, str, Promise]] = {
    MeasureState.OPEN: ("◇", "not-due", gettext_lazy("期限前")),
    MeasureState.OVERDUE: ("■", "deviating", gettext_lazy("期限超過")),
    MeasureState.KEPT: ("●", "conforming", gettext_lazy("実施済み")),
    MeasureState.WITHDRAWN: ("–", "declared", gettext_lazy("取り下げ")),
}
_EFFECTS: Mapping[str, tuple[str, str, Promise]] = {
    RemedyUse.Effect.PENDING: ("◇", "not-due", gettext_lazy("効果を測定中")),
    RemedyUse.Effect.RECOVERED: ("●", "conforming", gettext_lazy("復旧した")),
    RemedyUse.Effect.NO_EFFECT: ("▲", "warning", gettext_lazy("効果なし")),
    RemedyUse.Effect.WORSE: ("■", "deviating", gettext_lazy("悪化した")),
    RemedyUse.Effect.NOT_RUN: ("–", "declared", gettext_lazy("実行せず")),
}
_GAME_DAYS = {
    GameDay.State.RUNNING: ("▷", "not-due"),
    GameDay.State.PASSED: ("●", "conforming"),
    GameDay.State.FAILED: ("■", "deviating"),
}
_ORIGINS: Mapping[str, Promise] = {
    Incident.Origin.ALERT: gettext_lazy("アラートから"),
    Incident.Origin.PERSON: gettext_lazy("担当者が宣言"),
    Incident.Origin.REPORT: gettext_lazy("利用者の報告から"),
    Incident.Origin.DRILL: gettext_lazy("障害訓練"),
}
_KINDS: Mapping[str, Promise] = {
    PreventionMeasure.Kind.CHANGE: gettext_lazy("変更・リリース"),
    PreventionMeasure.Kind.ROW: gettext_lazy("文書の行の変更"),
    PreventionMeasure.Kind.BATCH: gettext_lazy("バッチの成功"),
    PreventionMeasure.Kind.EXCEPTION: gettext_lazy("期限付きの例外"),
}
_NEXT: Mapping[NextAct, Promise] = {
    NextAct.TAKE: gettext_lazy("指揮を執る人がまだいません。"),
    NextAct.CONFIRM: gettext_lazy("障害レベルを確かめて、確定してください。"),
    NextAct.MEND: gettext_lazy("復旧させてください。復旧は監視が判断します。"),
    NextAct.SAY: gettext_lazy("復旧したら記録してください。これを測る監視はありません。"),
    NextAct.MEASURE: gettext_lazy("再発防止策を決めてください。"),
    NextAct.REPORT: gettext_lazy("最終報告書を書いて、承認を受けてください。"),
    NextAct.KEEP: gettext_lazy("再発防止策を期限までに実施してください。"),
    NextAct.CLOSE: gettext_lazy("残っていることはありません。クローズできます。"),
}


@register.simple_tag(takes_context=True)
def incident_clock(context: Mapping[str, object], clock: Clock) -> SafeString:
    """Write how a clock stands, by shape and word: the time that is left, or that it is over."""
    mark, kind = _CLOCKS[clock.state]
    now: datetime = context["now"]  # type: ignore[assignment] # the view has put it there
    limit = words.clock(clock.due, now, context["zone"]) if clock.due is not None else ""  # type: ignore[arg-type]
    return format_html(
        '<span class="{}"><span class="mark" aria-hidden="true">{}</span> {}</span>{}',
        kind,
        mark,
        _said(clock, now),
        format_html(' <small class="limit">{}</small>', _("期限 %(at)s") % {"at": limit}) if limit else "",
    )


def _said(clock: Clock, now: datetime) -> str:
    took = words.took(clock.took)
    match clock.state:
        case ClockState.UNLIMITED:
            said = _("%(took)s（期限なし）") if clock.is_over else _("%(took)s経過（期限なし）")
            return said % {"took": took if clock.is_over else words.length(clock.took)}
        case ClockState.KEPT:
            return _("期限内 %(took)s") % {"took": took}
        case ClockState.LATE:
            return _("期限超過 %(took)s") % {"took": took}
        case ClockState.OVERDUE:
            return _("%(over)s超過") % {"over": words.length(now - clock.due)} if clock.due else ""
        case _:
            return _("残り%(left)s") % {"left": words.length(clock.due - now)} if clock.due else ""


@register.filter
def measure_state(state: MeasureState) -> SafeString:
    """Write how a measure stands, by shape and word."""
    return _marked(*_MEASURES[state])


@register.filter
def effect_of(use: RemedyUse) -> SafeString:
    """Write what a remedy did, by shape and word."""
    return _marked(*_EFFECTS[use.effect])


@register.filter
def game_day_state(game_day: GameDay) -> SafeString:
    """Write how a game day has gone, by shape and word."""
    state = GameDay.State(game_day.state)
    return _marked(*_GAME_DAYS[state], Message(f"incident-gameday.state-{state}"))


@register.simple_tag
def game_day_check(check: Check, game_day: GameDay) -> SafeString:
    """Write when a part of the chain has answered, by shape and word."""
    if check.took is not None:
        mark, kind = ("●", "conforming") if check.is_passed else ("■", "deviating")
        return _marked(mark, kind, words.took(check.took))
    if game_day.state == GameDay.State.RUNNING:
        return _marked("◇", "not-due", _("待っています"))
    return _marked("■", "deviating", _("応じず"))


@register.filter
def origin_word(incident: Incident) -> Promise:
    """Return what declared an incident."""
    return _ORIGINS[incident.origin]


@register.filter
def measure_kind(kind: str) -> Promise:
    """Return what proves a measure, as a word."""
    return _KINDS[kind]


@register.simple_tag
def measure_kinds() -> list[tuple[str, Promise]]:
    """Return all that may prove a measure."""
    return list(_KINDS.items())


@register.filter
def next_words(act: NextAct) -> Promise | str:
    """Return what is to be done next."""
    return _NEXT.get(act, "")


@register.filter
def question(name: ReportQuestion) -> Message:
    """Return what is asked."""
    return name.word


def _marked(mark: str, kind: str, word: Promise | Message | str) -> SafeString:
    return format_html(
        '<span class="{}"><span class="mark" aria-hidden="true">{}</span> {}</span>', kind, mark, word
    )
