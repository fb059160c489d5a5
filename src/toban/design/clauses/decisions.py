"""Chapter 13, 重要な設計判断: assertions that the rest of the document, and reality, must keep."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.clauses.logs import LogKind
from toban.design.clauses.monitoring import Monitor
from toban.design.section import normalise
from toban.design.shapes.shape import ChapterShapes, EntryShape, PlacedEntry, words
from toban.design.values.duration import Duration, read_duration, read_within
from toban.design.values.metric import Metric


class DecisionSubject(StrEnum):
    """What a decision promises, and so what evidence can keep it or break it."""

    METRICS = "metrics"
    """These metrics are watched on every target."""
    APM = "apm"
    """How requests are answered is watched: response times, error rates."""
    CENTRAL_LOGS = "central-logs"
    """All logs are in one place."""
    RPO = "rpo"
    RTO = "rto"
    DETECTION = "detection"
    """Trouble is detected within a time."""
    ROLLBACK = "rollback"
    """The way back needs no hand."""
    PREVENTION = "prevention"
    """Every incident has its report, and measures against the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Clause):
    """A decision, what it promises, and the time that it promises it in, if any."""

    chapter: ClassVar[Chapter] = Chapter.DECISIONS
    kind: ClassVar[str] = "decision"

    name: str
    content: str
    area: str
    """The heading above it (監視戦略)."""
    promised: Duration | None
    subject: DecisionSubject | None = None
    """None if nobody can say for certain what evidence would keep it."""
    metrics: tuple[str, ...] = ()
    """The metrics that it names, in the document's words; see `watches`."""
    place: str = ""
    """Where it wants all logs; empty if it names no place."""


DETECTION = re.compile(
    r"(?i)(?:検知|検出)(?!後|から|し(?:た|て)(?:後|から)|時刻)|(?<!after )(?<!of )\bdetect(?!ed at)"
)
"""A promise to detect; 検知後15分以内に連絡 promises what follows the detection."""

_DURATION = re.compile(
    r"\d+(?:\.\d+)?\s*(?:ミリ秒|秒|分|時間|営業日|日|週間|ヶ月|か月|年)(?:以内)?"
    r"|\d+(?:\.\d+)?[ -]?"
    r"(?:(?:milli)?seconds?|ms|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?)\b",
    re.IGNORECASE,
)

_FAMILIES: Mapping[re.Pattern[str], Metric | None] = {
    words(r"cpu(?:使用率)?|プロセッサー?"): Metric.CPU_USAGE,
    words(r"メモリー?|memory|\bram\b"): Metric.MEMORY_USAGE,
    words(r"ディスク|ストレージ|disk|storage"): Metric.DISK_USAGE,
    words(r"ネットワーク|回線|帯域|トラフィック|通信量|network|bandwidth|traffic"): None,
    words(
        r"レスポンス(?:タイム|時間)?|応答(?:時間|速度)?|レイテンシー?|latency|response[ -]?times?"
    ): Metric.RESPONSE_TIME,
    words(r"エラー(?:率|レート)|error[ -]?rates?|5xx"): Metric.ERROR_RATE,
    words(r"接続数|コネクション数?|connections?"): Metric.CONNECTIONS,
    words(r"死活|稼働状態|ヘルスチェック|uptime|health ?checks?"): Metric.UP,
    words(r"キュー|queue"): Metric.QUEUE_LENGTH,
    words(r"スループット|リクエスト数|throughput|request(?: rate|s)"): None,
    words(r"ロードアベレージ|load average"): None,
}
"""What decisions and monitors call a metric; the metric itself where Toban knows it."""

_PARENTHESES = re.compile(r"[(（][^()（）]*[)）]")
_PARTS = re.compile(r"[/、,・;|&+]|(?<=\S)と(?=\S)|\band\b")
_PROSE = words(r"[ぁ-ん]|^(?:the|all|every|each|we|on|of|for)\b")
_TARGETS = words(r"(?:web|api|ap|db|アプリ|サーバー?|ホスト|データベース|servers?|hosts?|databases?| )+")
"""What is watched, beside the metrics of it: サーバーとDBのCPU."""

_ABOUT: Mapping[DecisionSubject, re.Pattern[str]] = {
    DecisionSubject.METRICS: words(
        r"メトリク|metric|(?:リソース|インフラ|サーバー?|システム|ハードウェア|基盤)の?(?:監視|モニタリング)"
        r"|(?:resource|infrastructure|server|system|host) monitoring"
    ),
    DecisionSubject.APM: words(
        r"(?<![a-z])apm(?![a-z])|アプリケーションの?(?:性能|パフォーマンス)?(?:監視|モニタリング)"
        r"|(?:性能|パフォーマンス)の?(?:監視|モニタリング)|application (?:performance )?monitoring"
        r"|performance monitoring"
    ),
    DecisionSubject.CENTRAL_LOGS: words(r"ログ|(?<![a-z])(?:logs?|logging)(?![a-z])"),
    DecisionSubject.RPO: words(r"(?<![a-z])rpo(?![a-z])|復旧時点目標|目標復旧時点|recovery point objective"),
    DecisionSubject.RTO: words(r"(?<![a-z])rto(?![a-z])|復旧時間目標|目標復旧時間|recovery time objective"),
    DecisionSubject.DETECTION: DETECTION,
    DecisionSubject.ROLLBACK: words(r"ロールバック|切り?戻し|roll(?:ing)?[ -]?backs?|rolled back"),
    DecisionSubject.PREVENTION: words(
        r"再発防止|ポストモーテム|(?:障害|インシデント)[^、。]{0,8}報告書?|post-?mortems?|post-incident"
        r"|incident reports?|prevent\w* (?:of )?recurrence"
    ),
}
_GATHERED = words(
    r"集約|一元|集中|統合|(?:一|1)(?:か|カ|ヶ|箇)所に|ひとつに|一つに"
    r"|aggregat|centrali[sz]|(?:one|a single) place"
)
_ONE_PLACE = words(
    r"(?:一|1)(?:か|カ|ヶ|箇)所|中央|同じ場所|(?:すべて|全て|全)?の?ログ"
    r"|(?:one|a single|the same) place|(?:all )?logs?"
)
"""A place without a name."""
_PLACES = (
    words(
        r"(?:^|[をはでに、,。:])\s*(?P<place>[^ぁ-ん、,。:]+?)\s*(?:で|に|へ)\s*(?:すべて|全て|全部)?の?"
        r"(?:一元|集約|集中|統合|集め|送)"
    ),
    words(r"\b(?:in|into|to|on|with)\s+(?P<place>[a-z][\w.+-]*(?: [\w.+-]+){0,2}?)\s*(?:[.,;]|$)"),
)
_ON_THE_WAY = words(
    r"標準出力|標準エラー|std(?:out|err)|コンソール|console|ファイル|files?\b|journal|syslog|ローカル|local"
    r"|^/|^[a-z]:|\.log\b"
)
"""Destinations from which lines are collected: none of them is another place."""
_BY_ITSELF = words(r"自動|automat|ワンクリック|one[- ]click|無人|unattended")
_NO_HAND = words(
    r"手(?:動|作業)の?(?:操作|作業|手順|ステップ)?(?:は|を)?(?:なし|無し|ゼロ|不要|介さ(?:ない|ず)|要しない)"
    r"|(?:no|without(?: any)?|zero) manual(?: steps?| work| intervention)?"
)
_BY_HAND = words(r"手動|手作業|半自動|manual|semi-?automat|by hand")
_OPEN = words(
    r"しない|行わない|せず|対象外|見送|未定|検討|将来|予定|今後|不要|任意|可能(?:なら|であれば)|できれば"
    r"|\bnot\b|\bno\b|n't\b|\bwithout\b|\btbd\b|\bplan(?:ned)?\b|\bfuture\b|\boptional|\bif possible\b"
)
"""A decision not to, or not yet."""


def _decision(entry: PlacedEntry) -> Decision:
    name, content = entry.key or entry.sentence, entry.value if entry.key else ""
    promised = _promised(entry.key) or _promised(entry.value)
    subject = read_subject(name, content, has_time=promised is not None)
    return Decision(
        **entry.stamp(Decision, entry.section.title, name),
        name=name,
        content=content,
        area=entry.section.title,
        promised=promised,
        subject=subject,
        metrics=_metrics(content or name)
        if subject in (DecisionSubject.METRICS, DecisionSubject.APM)
        else (),
        place=_place(content or name) if subject is DecisionSubject.CENTRAL_LOGS else "",
    )


def _promised(text: str) -> Duration | None:
    """Return the time that a decision promises: RPO 1時間, 1分以内に検知."""
    named = [found.group() for found in _DURATION.finditer(text)]
    # Two times are two promises, or one with its exception: RPO 1時間（夜間は4時間）.
    promised = (read_within(named[0]) or read_duration(named[0])) if len(named) == 1 else None
    # Detection runs around the clock: no promise of it is in business days.
    return None if promised is None or promised.is_business else promised


def read_subject(name: str, content: str, *, has_time: bool) -> DecisionSubject | None:
    """Return what a decision promises; None if its words leave it open, or could mean two things.

    *has_time*: whether it names a length of time.
    """
    title, said = normalise(name), normalise(f"{name} {content}")
    if _OPEN.search(_NO_HAND.sub("", said)):
        return None
    for where in (title, said):
        about = [each for each, pattern in _ABOUT.items() if pattern.search(where)]
        found = [each for each in about if _is_testable(each, said, content or name, has_time=has_time)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _is_testable(subject: DecisionSubject, said: str, content: str, *, has_time: bool) -> bool:
    """Say whether *said* has all that a test of such a promise needs."""
    match subject:
        case DecisionSubject.METRICS | DecisionSubject.APM:
            return bool(_metrics(content))
        case DecisionSubject.CENTRAL_LOGS:
            return _GATHERED.search(said) is not None
        case DecisionSubject.ROLLBACK:
            is_automatic = _BY_ITSELF.search(said) or _NO_HAND.search(said)
            return is_automatic is not None and _BY_HAND.search(_NO_HAND.sub("", said)) is None
        case DecisionSubject.PREVENTION:
            return True
        case _:
            return has_time


def _metrics(text: str) -> tuple[str, ...]:
    """Return the metrics that *text* names; none if it also names things that are not known as one."""
    found: dict[re.Pattern[str], str] = {}
    for part in map(str.strip, _PARTS.split(_PARENTHESES.sub("", normalise(text)))):
        named = {pattern: match.group() for pattern in _FAMILIES if (match := pattern.search(part))}
        if part and not (named or _PROSE.search(part) or _TARGETS.fullmatch(part)):
            return ()
        found |= {pattern: word for pattern, word in named.items() if pattern not in found}
    return tuple(_as_spelled(each, text) for each in found.values())


def _place(text: str) -> str:
    """Return where all logs are to be, as *text* spells it; empty if it says no more than "one place"."""
    said = normalise(text)
    named = next((match["place"].strip(" .") for each in _PLACES if (match := each.search(said))), "")
    return "" if not named or _ONE_PLACE.fullmatch(named) else _as_spelled(named, text)


def _as_spelled(place: str, text: str) -> str:
    found = re.search(re.escape(place), text, re.IGNORECASE)
    return found.group() if found else place


def watches(name: str, monitor: Monitor) -> bool:
    """Say whether *monitor* watches the metric that a decision calls *name*."""
    item = normalise(monitor.item)
    return any(
        (metric is not None and metric is monitor.metric) or pattern.search(item) is not None
        for pattern, metric in _FAMILIES.items()
        if pattern.search(normalise(name))
    )


def unwatched(decision: Decision, monitors: Sequence[Monitor]) -> tuple[str, ...]:
    """Return the metrics of *decision* that no row watches at all."""
    return tuple(name for name in decision.metrics if not any(watches(name, each) for each in monitors))


def gaps(decision: Decision, monitors: Sequence[Monitor]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of target and metric that no row watches, though one does on another target.

    The targets are those on which some metric of the decision is watched: nobody asks for a service's CPU.
    """
    rows = {
        name: {each.target for each in monitors if each.target and watches(name, each)}
        for name in decision.metrics
    }
    targets = dict.fromkeys(
        each.target for each in monitors if any(each.target in found for found in rows.values())
    )
    return tuple(
        (target, name) for target in targets for name, found in rows.items() if found and target not in found
    )


def elsewhere(decision: Decision, kinds: Sequence[LogKind]) -> tuple[LogKind, ...]:
    """Return the kinds of log that the document sends to another place than the one that *decision* names."""
    if not decision.place:
        return ()
    place = _folded(decision.place)
    return tuple(
        each
        for each in kinds
        if not _ON_THE_WAY.search(normalise(each.destination))
        and (there := _folded(each.destination))
        and place not in there
        and there not in place
    )


def _folded(text: str) -> str:
    return re.sub(r"[\W_]", "", normalise(text))


SHAPES = ChapterShapes(
    entries=(
        EntryShape(
            Decision, _decision, headings=words("設計判断|設計上の判断|design decision"), within=1, telling=1
        ),
    )
)
