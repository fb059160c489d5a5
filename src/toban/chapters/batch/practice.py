"""How the document says that batches are run and watched, and whether they are. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from toban.design.clauses.batch import BatchRetry, BatchWatch, Scheduler
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs.work import Work

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
    "始まりと終わりを記録し": re.compile(
        r"開始|終了|起動|完了|ログ|記録|履歴|結果|状[況態]|ステータス|start|end|log|record|history|status|result",
        re.IGNORECASE,
    ),
    "かかった時間をいつもの長さと見比べ": re.compile(
        r"時間|長さ|遅延|duration|time|length|delay", re.IGNORECASE
    ),
    "失敗、遅れ、未実施を通知し": re.compile(
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
                yield StatusUpdate(row.id, verdict, "", reason, now)
            case BatchRetry():
                reason = f"つないだバッチ {len(works)} 件が、失敗するとこの規則で再試行されます"
                yield StatusUpdate(row.id, Verdict.CONFORMING, str(row.rule), reason, now)
            case BatchWatch():
                verdict, reason = _watched(row, works)
                yield StatusUpdate(row.id, verdict, "", reason, now)


def _started(row: Scheduler, works: Mapping[str, Work]) -> tuple[Verdict, str]:
    """Compare what starts the batches with what the document says starts them."""
    outside = sum(work.reported is not None for work in works.values())
    ours = len(works) - outside
    is_toban_named = any(_TOBAN.search(tool) for tool in row.tools)
    is_other_named = any(not _TOBAN.search(tool) for tool in row.tools)
    if ours and not is_toban_named:
        return Verdict.DEVIATING, (
            f"文書では {'、'.join(row.tools)} ですが、つないだバッチ {ours} 件は Toban が動かしています: "
            "文書のこの行に Toban と書いてください"
        )
    if outside and not is_other_named:
        return Verdict.DEVIATING, (
            f"つないだバッチのうち {outside} 件は Toban の外で動き、報告だけが届きます: "
            "何が動かすかを文書のこの行に書いてください"
        )
    said = [f"Toban が {ours} 件を予定どおりに動かします"] if ours else []
    said += [f"外で動く {outside} 件は、報告が届くかを見張ります"] if outside else []
    return Verdict.CONFORMING, "。".join(said)


def _watched(row: BatchWatch, works: Mapping[str, Work]) -> tuple[Verdict, str]:
    unknown = [each for each in row.aspects if not any(word.search(each) for word in _WATCHED.values())]
    if unknown:
        return Verdict.NOT_MEASURABLE, f"「{'、'.join(unknown)}」が何を見ることか、Toban には分かりません"
    done = [act for act, words in _WATCHED.items() if any(words.search(each) for each in row.aspects)]
    return Verdict.CONFORMING, f"つないだバッチ {len(works)} 件について、{'、'.join(done)}ています"
