"""Retry rules and failure actions: 失敗時3回まで自動リトライ (間隔: 5分、15分、30分); 再実行、アラート."""

from dataclasses import dataclass
from enum import StrEnum

from toban.design.values.duration import Duration


@dataclass(frozen=True, slots=True)
class RetryRule:
    """At most `attempts` retries after the first failure, each after its own delay."""

    attempts: int
    delays: tuple[Duration, ...] = ()


class FailureAction(StrEnum):
    """What the document orders when a batch has failed."""

    RERUN = "再実行"
    ALERT = "アラート"
    RERUN_NEXT_DAY = "翌日再実行"
    RERUN_BY_HAND = "手動再実行"
    SKIP = "スキップ"
