"""Retry rules and failure actions: 失敗時3回まで自動リトライ (間隔: 5分、15分、30分); 再実行、アラート."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from toban.design.values.duration import DURATION, Duration, duration_of
from toban.design.values.normal import plain


@dataclass(frozen=True, slots=True)
class RetryRule:
    """At most `attempts` retries after the first failure, each after its own delay."""

    attempts: int
    delays: tuple[Duration, ...] = ()

    def waits(self, unsaid: timedelta) -> tuple[timedelta, ...]:
        """Return the wait before each retry; the last named delay is repeated as often as needed.

        If no delay is named, every wait is *unsaid*.
        """
        named = [delay.as_timedelta() for delay in self.delays] or [unsaid]
        return tuple(named[min(attempt, len(named) - 1)] for attempt in range(self.attempts))

    def __str__(self) -> str:
        delays = "、".join(str(delay) for delay in self.delays)
        return f"{self.attempts}回まで自動リトライ" + (f" (間隔: {delays})" if delays else "")


class FailureAction(StrEnum):
    """What the document orders after a batch has failed."""

    RERUN = "再実行"
    ALERT = "アラート"
    RERUN_NEXT_DAY = "翌日再実行"
    RERUN_BY_HAND = "手動再実行"
    SKIP = "スキップ"


_RETRY = re.compile(r"リトライ|再試行|再実行|retr(?:y|ies)", re.IGNORECASE)
_TIMES = re.compile(r"(?<![\d.])(\d{1,3}) ?(?:回|times|retries|attempts)", re.IGNORECASE)
_NO_DELAY = re.compile(
    r"(?:1|毎)[日週月年時](?:間)?に?\d{1,3}回|営業日|(?:business|working) day", re.IGNORECASE
)
"""Words for a frequency (1日に3回), and for days that no worker can count."""
_DELAYS_BEFORE = re.compile(rf"{DURATION}(?:間隔|おき|毎|ごと)", re.IGNORECASE)
_BARE_TIMES = re.compile(r"(\d{1,3})回?")
_DELAYS = re.compile(
    rf"(?:間隔|interval|delay|バックオフ|backoff)[^\d]{{0,12}}(?P<list>{DURATION}(?:.*)$)", re.IGNORECASE
)
_DURATION = re.compile(DURATION, re.IGNORECASE)
_ACTIONS = {
    FailureAction.RERUN_NEXT_DAY: r"翌日(?:に)?(?:再実行|リトライ)|次回実行(?:時)?(?:に)?(?:再実行|リトライ)?",
    FailureAction.RERUN_BY_HAND: r"手動(?:で)?(?:再実行|リトライ|復旧|対応)",
    FailureAction.RERUN: r"(?:自動)?(?:で)?(?:再実行|リトライ|再試行)(?: ?\d{1,3} ?回)?"
    r"|(?:retry|rerun)(?: ?\d{1,3} ?(?:times|x))?",
    FailureAction.ALERT: r"(?:管理者|運用担当者?)?(?:に|へ)?(?:アラート|通知|メール通知)(?:送信|発報)?|alert|notify",
    FailureAction.SKIP: r"スキップ|無視|skip",
}
_SEPARATOR = re.compile(r"[、,/+・;。]|および|後に?| and ")


def read_retry(text: str) -> RetryRule | None:
    """Read how often, and after which delays, a failure is retried."""
    text = plain(text)
    if bare := _BARE_TIMES.fullmatch(text):
        return RetryRule(int(bare[1]))
    times = _TIMES.search(text)
    if times is None or not _RETRY.search(text) or _NO_DELAY.search(text):
        return None
    delays = _DELAYS.search(text)
    named = _DURATION.finditer(delays["list"]) if delays else _DELAYS_BEFORE.finditer(text)
    found = [duration_of(match) for match in named]
    return RetryRule(int(times[1]), tuple(delay for delay in found if delay is not None))


def read_failure_actions(text: str) -> tuple[FailureAction, ...] | None:
    """Read the actions ordered for a failure, in order; None if any part is not one."""
    actions = []
    for part in _SEPARATOR.split(plain(text)):
        found = next(
            (a for a, words in _ACTIONS.items() if re.fullmatch(words, part.strip(), re.IGNORECASE)), None
        )
        if found is None:
            return None
        actions.append(found)
    return tuple(actions)
