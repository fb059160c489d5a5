"""How the document says that batches are run and watched, and whether they are. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from toban.design.clauses.batch import BatchRetry, BatchWatch, Scheduler
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs.work import Work
from toban.message import NOTHING, Message, plain, sentences

type Practice = Scheduler | BatchRetry | BatchWatch

_TOBAN = re.compile(r"toban|当番", re.IGNORECASE)
_NOTICE = r"(?:時|時刻)?[のを ]?(?:通知|連絡|お?知らせ|noti[cf]|announce)"
_NOTICES = {
    # 開始・終了通知 means both.
    "start": re.compile(
        rf"(?:開始|起動|start)(?:(?:[・/／、と ]|and)*(?:終了|完了|end))?{_NOTICE}", re.IGNORECASE
    ),
    "end": re.compile(rf"(?:終了|完了|end){_NOTICE}", re.IGNORECASE),
}
_WATCHED = {
    "batch.starts-and-ends-are-recorded": re.compile(
        r"開始|終了|起動|完了|ログ|記録|履歴|結果|状[況態]|ステータス|start|end|log|record|history|status|result",
        re.IGNORECASE,
    ),
    "batch.durations-are-compared": re.compile(r"時間|長さ|遅延|duration|time|length|delay", re.IGNORECASE),
    "batch.failures-are-notified": re.compile(
        r"失敗|異常|エラー|成否|未実[施行]|遅延|死活|通知|アラート|連絡|fail|error|success|missed|delay|alert|notif",
        re.IGNORECASE,
    ),
}
"""What is done for every bound batch, and the words that documents use for it."""


def announced(watches: Iterable[BatchWatch]) -> frozenset[str]:
    """Return which of `start` and `end` the document wants announced for every batch (開始・終了通知)."""
    texts = [watch.text for watch in watches]
    return frozenset(
        name for name, pattern in _NOTICES.items() if any(pattern.search(text) for text in texts)
    )


def statuses(rows: Iterable[Practice], works: Mapping[str, Work], now: datetime) -> Iterator[StatusUpdate]:
    """Yield the statuses of *rows* for the page; *works* are the bound batches, at least one."""
    for row in rows:
        match row:
            case Scheduler():
                verdict, reason = _started(row, works)
                yield StatusUpdate(row.id, verdict, NOTHING, reason, now)
            case BatchRetry():
                verdict, reason = _retried(works)
                yield StatusUpdate(row.id, verdict, plain(str(row.rule)), reason, now)
            case BatchWatch():
                verdict, reason = _watched(row, works)
                yield StatusUpdate(row.id, verdict, NOTHING, reason, now)


def _started(row: Scheduler, works: Mapping[str, Work]) -> tuple[Verdict, Message]:
    """Compare what starts the batches with what the document says starts them."""
    outside = sum(work.reported is not None for work in works.values())
    ours = len(works) - outside
    is_toban_named = any(_TOBAN.search(tool) for tool in row.tools)
    is_other_named = any(not _TOBAN.search(tool) for tool in row.tools)
    if ours and not is_toban_named:
        return Verdict.DEVIATING, Message("batch.toban-starts-others", tools=row.tools, count=ours)
    if outside and not is_other_named:
        return Verdict.DEVIATING, Message("batch.starter-is-unnamed", count=outside)
    return Verdict.CONFORMING, sentences(
        Message("batch.started-by-toban", count=ours) if ours else NOTHING,
        Message("batch.reports-are-watched", count=outside) if outside else NOTHING,
    )


def _retried(works: Mapping[str, Work]) -> tuple[Verdict, Message]:
    """Toban retries what it runs itself."""
    ours = sum(work.reported is None for work in works.values())
    if not ours:
        return Verdict.DECLARED, Message("batch.retried-elsewhere")
    return Verdict.CONFORMING, Message("batch.retried-by-rule", count=ours)


def _watched(row: BatchWatch, works: Mapping[str, Work]) -> tuple[Verdict, Message]:
    unknown = [each for each in row.aspects if not any(word.search(each) for word in _WATCHED.values())]
    if unknown:
        return Verdict.NOT_MEASURABLE, Message("batch.aspect-is-unknown", aspects=unknown)
    done = [
        Message(code) for code, words in _WATCHED.items() if any(words.search(each) for each in row.aspects)
    ]
    return Verdict.CONFORMING, Message("batch.watched", count=len(works), done=done)
