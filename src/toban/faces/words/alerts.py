"""Words for alerts: their states, and what each stage said. The same on page and terminal."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.account import GROUP, ROUTE, SEND, NoticePlace, StageWord
from toban.engine.notify.models import Alert, Delivery, StageOutcome
from toban.engine.notify.routing.silences import ActiveSilence, silencing
from toban.engine.notify.routing.stages import TIMING
from toban.engine.notify.signal import Condition


class AlertState(StrEnum):
    """The state of an alert, as people see it."""

    FIRING = "firing"
    """Ongoing and unacknowledged."""
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    OVER = "over"

    @property
    def word(self) -> str:
        """Its word in the active language."""
        return str(_STANDINGS[self])


_STANDINGS: Mapping[AlertState, Promise] = {
    AlertState.FIRING: gettext_lazy("未対応"),
    AlertState.ACKNOWLEDGED: gettext_lazy("対応中"),
    AlertState.SILENCED: gettext_lazy("ミュート中"),
    AlertState.OVER: gettext_lazy("復旧"),
}
_CONDITIONS: Mapping[Condition, tuple[str, Promise, str]] = {
    Condition.CRITICAL: (Verdict.DEVIATING.mark, gettext_lazy("異常"), Verdict.DEVIATING.value),
    Condition.WARNING: (Verdict.WARNING.mark, gettext_lazy("警告"), Verdict.WARNING.value),
    Condition.NO_DATA: (Verdict.NOT_MEASURABLE.mark, gettext_lazy("測定不能"), Verdict.NOT_MEASURABLE.value),
    Condition.INFO: ("i", gettext_lazy("情報"), "info"),
}
CONDITIONS = tuple(_CONDITIONS)
"""What an alert may be about, the worst first."""

STAGES: Mapping[str, Promise] = {
    ROUTE: gettext_lazy("通知先"),
    "maintenance": gettext_lazy("メンテナンス"),
    "mute": gettext_lazy("抑制"),
    "silence": gettext_lazy("ミュート"),
    "exception": gettext_lazy("例外"),
    "flap": gettext_lazy("フラッピング"),
    "dedup": gettext_lazy("重複排除"),
    TIMING: gettext_lazy("タイミング"),
    GROUP: gettext_lazy("グループ化"),
    SEND: gettext_lazy("送信"),
}
MARKS: Mapping[StageWord, str] = {
    StageWord.PASSED: "○",
    StageWord.STOPPED: "×",
    StageWord.WAITING: "…",
    StageWord.NOT_ASKED: "–",
}
_SAID: Mapping[StageWord, Promise] = {
    StageWord.PASSED: gettext_lazy("通した"),
    StageWord.STOPPED: gettext_lazy("止めた"),
    StageWord.WAITING: gettext_lazy("送信中"),
    StageWord.NOT_ASKED: gettext_lazy("見ていない"),
}
_SENT: Mapping[Delivery.State, Promise] = {
    Delivery.State.DELIVERED: gettext_lazy("配信済み"),
    Delivery.State.FAILED: gettext_lazy("配信失敗"),
    Delivery.State.WAITING: gettext_lazy("送信待ち"),
}


def condition_word(condition: str) -> str:
    """Return an alert's condition, in the active language."""
    return str(_CONDITIONS[Condition(condition)][1])


def condition_mark(condition: str) -> str:
    """Return the mark of an alert's condition."""
    return _CONDITIONS[Condition(condition)][0]


def condition_kind(condition: str) -> str:
    """Return the name of the colour of an alert's condition."""
    return _CONDITIONS[Condition(condition)][2]


def standing(alert: Alert, silences: Iterable[ActiveSilence], now: datetime) -> AlertState:
    """Return the state of *alert*; that it is silenced says more than that it is acknowledged."""
    if alert.resolved_at is not None:
        return AlertState.OVER
    if silencing(silences, alert.clause_id, alert.labels, now) is not None:
        return AlertState.SILENCED
    return AlertState.ACKNOWLEDGED if alert.acknowledged_at is not None else AlertState.FIRING


def said(word: StageWord) -> str:
    """Return what a stage said, in the active language."""
    return str(_SAID[word])


def sent(delivery: Delivery) -> str:
    """Return the outcome of a notification."""
    return str(_SENT[Delivery.State(delivery.state)])


def because(outcome: StageOutcome) -> str:
    """Say why a stage stopped or passed a notification: its reason in the active language, with details."""
    return str(outcome.detail)


def answer(place: NoticePlace) -> str:
    """Say in a few words whether somebody was notified at *place*, and if not, why."""
    newest, decisive = place.newest, place.decisive
    if newest is not None:
        proof = newest.receipt or newest.error
        return sent(newest) + (f" ({proof})" if proof else "")
    if decisive is None or decisive.passed:
        return str(_SENT[Delivery.State.WAITING])
    return _("通知していません: %(why)s") % {"why": because(decisive)}
