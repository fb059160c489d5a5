"""Words for runs: their states, and why each run is in its state. The same on page and terminal."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toban.engine.runs.claiming.claim import why_start
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.rules import RunReason, Start


class RunStatus(StrEnum):
    """The state of a run, as people see it: a wait for an approval is not a wait for a time."""

    PLANNED = "planned"
    """Due later; there is no run yet."""
    WAITING = "waiting"
    AWAITING = "awaiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    MISSED = "missed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    SHADOW = "shadow"

    @property
    def mark(self) -> str:
        """Its shape, so that nobody depends on colours."""
        return _MARKS[self]

    @property
    def word(self) -> str:
        """Its word in the active language."""
        return str(_WORDS[self])


_MARKS: Mapping[RunStatus, str] = {
    RunStatus.PLANNED: "○",
    RunStatus.WAITING: "◌",
    RunStatus.AWAITING: "◎",
    RunStatus.RUNNING: "▶",
    RunStatus.DONE: "●",
    RunStatus.FAILED: "■",
    RunStatus.MISSED: "◆",
    RunStatus.SKIPPED: "◇",
    RunStatus.CANCELLED: "◇",
    RunStatus.SHADOW: "▷",
}
_WORDS: Mapping[RunStatus, Promise] = {
    RunStatus.PLANNED: gettext_lazy("予定"),
    RunStatus.WAITING: gettext_lazy("待ち"),
    RunStatus.AWAITING: gettext_lazy("承認待ち"),
    RunStatus.RUNNING: gettext_lazy("実行中"),
    RunStatus.DONE: gettext_lazy("成功"),
    RunStatus.FAILED: gettext_lazy("失敗"),
    RunStatus.MISSED: gettext_lazy("未実施"),
    RunStatus.SKIPPED: gettext_lazy("見送り"),
    RunStatus.CANCELLED: gettext_lazy("中止"),
    RunStatus.SHADOW: gettext_lazy("試行（シャドー）"),
}
WAITS: Mapping[Start, Promise] = {
    Start.NOW: gettext_lazy("ワーカーの空きを待っています"),
    Start.NOT_YET: gettext_lazy("予定の時刻を待っています"),
    Start.OVERLAP: gettext_lazy("同じバッチの別の実行が終わるのを待っています"),
    Start.WAITS_FOR_OTHER: gettext_lazy("先行するバッチの成功を待っています"),
    Start.AWAITS_APPROVAL: gettext_lazy("承認を待っています"),
}
REASONS: Mapping[RunReason, Promise] = {
    RunReason.ON_TIME: gettext_lazy("予定どおり"),
    RunReason.CAUGHT_UP: gettext_lazy("停止中に予定を過ぎたため、後から実行"),
    RunReason.MISSED: gettext_lazy("予定の時刻に Toban が動いていなかった"),
    RunReason.ORDERED: gettext_lazy("人の依頼"),
    RunReason.TRIGGERED: gettext_lazy("条件が成り立ったため"),
    RunReason.NEXT_DAY: gettext_lazy("失敗した翌日の再実行"),
    RunReason.CLAIMED: gettext_lazy("ワーカーが実行中"),
    RunReason.TAKEN_OVER: gettext_lazy("異常終了したワーカーから引き継いで実行中"),
    RunReason.SUCCEEDED: gettext_lazy("成功"),
    RunReason.RETRY: gettext_lazy("失敗し、再試行待ち"),
    RunReason.FAILED: gettext_lazy("再試行の上限に達して失敗"),
    RunReason.NOT_RUNNABLE: gettext_lazy("再試行では直らない失敗"),
    RunReason.TIMED_OUT: gettext_lazy("制限時間を超過"),
    RunReason.LOST: gettext_lazy("ワーカーが続けて異常終了"),
    RunReason.FENCED: gettext_lazy("別のワーカーが引き継いだ"),
    RunReason.STOPPED: gettext_lazy("ワーカーの停止で中断し、再開待ち"),
    RunReason.POSTPONED: gettext_lazy("始めてよい時刻を待っている"),
    RunReason.CANCELLED: gettext_lazy("人が中止した"),
    RunReason.SKIPPED: gettext_lazy("人が見送った"),
    RunReason.AWAITING_APPROVAL: gettext_lazy("承認待ち"),
    RunReason.APPROVED: gettext_lazy("承認され、再開待ち"),
    RunReason.ASKS_AGAIN: gettext_lazy("内容が変わったため、承認を求め直す"),
    RunReason.UNANSWERED: gettext_lazy("期限までに承認されなかった"),
    RunReason.REFUSED: gettext_lazy("却下された"),
    RunReason.SHADOW: gettext_lazy("試行のため、実行せずに記録した"),
    RunReason.AWAITING_REPORT: gettext_lazy("外で動くバッチの報告待ち"),
    RunReason.REPORTED: gettext_lazy("外部からの報告"),
    RunReason.UNREPORTED: gettext_lazy("報告なし"),
    RunReason.AWAITING_SIGN_OFF: gettext_lazy("署名待ち"),
    RunReason.SIGNED_OFF: gettext_lazy("実施して署名"),
    RunReason.SIGNED_OFF_LATE: gettext_lazy("遅れて実施して署名"),
    RunReason.UNSIGNED: gettext_lazy("期限までに署名なし"),
    RunReason.NOT_PERFORMED: gettext_lazy("人が実施しないとした"),
    RunReason.WITHDRAWN: gettext_lazy("不要になった"),
}
_OUTCOMES: Mapping[RunReason, Promise] = {
    RunReason.FAILED: gettext_lazy("失敗"),
    RunReason.LOST: gettext_lazy("ワーカーが異常終了"),
    RunReason.STOPPED: gettext_lazy("ワーカーの停止で中断"),
    RunReason.AWAITING_APPROVAL: gettext_lazy("承認待ちのため中断"),
}
"""Reasons that mean something else for the end of an attempt than for the end of its run."""


_OF_OTHERS = (RunReason.AWAITING_REPORT, RunReason.AWAITING_SIGN_OFF)
"""What these runs wait for does not depend on the workers."""


def outcome(reason: RunReason) -> str:
    """Say how an attempt ended."""
    return str(_OUTCOMES.get(reason) or REASONS[reason])


def standing(run: Run) -> RunStatus:
    """Return the state of *run*."""
    if run.state == Run.State.WAITING and run.reason == RunReason.AWAITING_APPROVAL:
        return RunStatus.AWAITING
    return RunStatus(run.state)


def because_of(run: Run | None, work: PlannedWork | None, now: datetime, zone: tzinfo | None = None) -> str:
    """Say a work's state by its open run, else by the last that has ended; None: there never was one."""
    return because(run, work, now, zone) if run is not None else _("まだ実行の時刻が来ていません")


def because(run: Run, work: PlannedWork | None, now: datetime, zone: tzinfo | None = None) -> str:
    """Say why *run* is in its state; for a waiting run also what it waits for, by the tables.

    Times are in *zone*, by default this machine's.
    """
    reason = str(REASONS[RunReason(run.reason)])
    if run.state != Run.State.WAITING or run.reason in _OF_OTHERS:
        return reason
    return _("%(reason)s: %(clock)s から。%(wait)s") % {
        "reason": reason,
        "clock": f"{run.wake_at.astimezone(zone):%H:%M}",
        "wait": WAITS[why_start(run, work.depends_on if work else (), now)],
    }
