"""Chapter 2, 監視: monitors and tools; the notification matrix is in `notices`."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from toban.design.assumption import Assumption
from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.clauses.notices import RULE_ENTRY, RULE_TABLE
from toban.design.section import heading_text, normalise
from toban.design.shapes.alerts import (
    aims,
    evaluated_every,
    graveness,
    graveness_of,
    in_time,
    is_graver_when_lower,
    level_above,
    limit_of,
    outward,
    told,
    watched_in,
    with_condition,
    without_answers,
)
from toban.design.shapes.component import LIMITS_ONLY, component_of, heading_above, title_above
from toban.design.shapes.limits import (
    as_share,
    directed,
    read_levels,
    read_limit,
    read_normal,
    settled,
    unanswered,
)
from toban.design.shapes.sentence import refuse_description, several
from toban.design.shapes.shape import (
    Ambiguous,
    Cells,
    ChapterShapes,
    EntryShape,
    NotUnderstood,
    PlacedEntry,
    TableShape,
    read_value,
    words,
)
from toban.design.shapes.timing import read_interval
from toban.design.values.duration import Duration
from toban.design.values.metric import Metric, read_metric
from toban.design.values.people import Recipient
from toban.design.values.severity import AlertLevel, is_level
from toban.design.values.statistic import read_statistic
from toban.design.values.threshold import Comparison, Range, Threshold
from toban.design.values.tool_purpose import ToolPurpose, is_product, is_purpose, read_tool_purpose
from toban.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor(Clause):
    """A watched quantity of a target, with its normal range and thresholds."""

    chapter: ClassVar[Chapter] = Chapter.MONITORING
    kind: ClassVar[str] = "monitor"

    target: str
    """The document's word for what is watched (Webサーバー); empty if the table names none."""
    item: str
    """The document's word for the measured quantity (CPU使用率)."""
    metric: Metric | None
    """None if Toban has no measure for it yet."""
    normal: Range | None
    warning: Threshold | None
    critical: Threshold | None
    interval: Duration | None
    response: str = ""
    """対応, アクション: what people must do according to the row."""
    recipients: tuple[Recipient, ...] = ()
    """Who is notified, if the row itself names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChoice(Clause):
    """Which tools the document names for a purpose."""

    chapter: ClassVar[Chapter] = Chapter.MONITORING
    kind: ClassVar[str] = "tool-choice"

    purpose: str
    tools: tuple[str, ...]

    @property
    def about(self) -> ToolPurpose:
        """What the tools are for."""
        return read_tool_purpose(self.purpose, self.tools)


_SPOKEN = words(
    r"(?P<level>warn(?:ing)?|critical|alert|page)s?\s+"
    r"(?:(?:threshold|level|limit)s?:?\s+|(?:at|if|when|on)\s+|(?=[<>=≤≥\d]))(?P<condition>.*\d.*?)\.?"
)
_LIMITS_HEADING = words("閾値|しきい値|条件|threshold|condition|監視項目")
_ABOUT_ALERTING = words("間隔|期間|回数|評価|通知|再送|抑制|interval|period|repeat|evaluation")
_PROBE = "ヘルスチェック"
_CONDITION = re.compile(
    r"(?:(?P<name>[^-–—<>]+?) [-–—] )?(?P<condition>.+?)(?:\s*[(（](?P<severity>[^()（）]*)[)）])?"
)
_LINES = words(
    "^(?:ネットワーク|ストレージ|ディスク|回線|network|storage|disk|san|nas|wan|lan)"
    "(?:の?(?:監視|メトリクス|アラート|閾値|項目)| (?:monitoring|metrics?|alerts?|performance))*$"
)
"""Headings of what carries or stores data: latency and errors are its own there, not those of requests."""
_OF_REQUESTS = frozenset({Metric.RESPONSE_TIME, Metric.ERROR_RATE})
_NO_NOTICE = Assumption(Message("design.notice-level-unused"), Message("design.why-notice-level"))
_OBLIGATION = words("必須|推奨|任意|不要|対象外?|required|recommended|optional|mandatory|yes|no|[○×]")


def _monitor(cells: Cells) -> Monitor:
    target = watched_in(cells)
    item = cells["item"] or (_PROBE if cells["probe"] else target)
    target = target if item != target else ""
    if not (cells.has("target") or cells.has("category")):
        target = component_of(heading_above(cells.section))
    if cells["condition"] and any(map(_COMPARES.search, (item, *cells.column("item")))):
        raise Ambiguous(Message("design.two-conditions", first=item, second=cells["condition"]))
    item = item or cells.headed(title_above(cells.section))
    if not item or _OBLIGATION.fullmatch(normalise(item)):
        raise NotUnderstood(Message("design.monitor-without-item"))
    if read_metric(item) is Metric.UP:
        cells = without_answers(cells)
    side = "goal" if cells["goal"] and not cells["normal"] else "normal"
    normal = cells.maybe(side, read_normal, Message("design.expected-normal-range"))
    warning, critical, normal, assumptions = _limits(cells, normal)
    is_limited = not (normal is None and warning is None and critical is None)
    # A level of nothing: 監視のみ.
    cells.take(*(() if is_limited else ("severity",)))
    if not (is_limited or cells["probe"] or _says_none(cells)):
        raise NotUnderstood(Message("design.no-threshold"))
    if item == _PROBE:
        warning, critical = unanswered(warning), unanswered(critical)
    interval, irregular = read_interval(evaluated_every(cells) or cells["interval"])
    if interval is not None:
        cells.take("interval", "period")
    recipients, not_used = told(cells)
    return Monitor(
        **cells.stamp(
            Monitor,
            target,
            item,
            cells["severity"],
            assumptions=(*assumptions, *irregular, *not_used, *aims(cells)),
        ),
        target=target,
        item=item,
        metric=Metric.UP if item == _PROBE else _metric(item, warning, critical),
        normal=normal,
        warning=warning,
        critical=critical,
        interval=interval,
        response=cells["response"],
        recipients=recipients,
    )


def _settled[Row: (Cells, PlacedEntry)](build: Callable[[Row], Monitor]) -> Callable[[Row], Monitor]:
    """Return *build* with directed limits; it raises `Ambiguous` if one has two meanings or is normal."""

    def checked(row: Row) -> Monitor:
        monitor = build(row)
        if monitor.metric in _OF_REQUESTS and row.section.nearness(_LINES) > 1:
            monitor = replace(monitor, metric=None)
        falls = is_graver_when_lower(monitor.item, monitor.metric)
        warning, critical = directed(monitor.normal, monitor.warning, monitor.critical, falls=falls)
        outward(monitor.item, monitor.metric, monitor.normal, warning, critical)
        settled(monitor.metric, monitor.normal, warning, critical)
        is_directed = (warning, critical) == (monitor.warning, monitor.critical)
        return monitor if is_directed else replace(monitor, warning=warning, critical=critical)

    return checked


def _metric(item: str, *limits: Threshold | None) -> Metric | None:
    """Return what is measured, named by the item or else by its condition (エラー率 > 5%)."""
    bare = _IDENTIFIER.sub("", normalise(item))
    named = (item, item.replace(" ", ""), bare, *(limit.subject for limit in limits if limit is not None))
    # レスポンスタイム(p95) and latency_p95 are statistics of what the rest names.
    plain = (read_statistic(name)[1] for name in named)
    return next((metric for metric in map(read_metric, (*named, *plain)) if metric is not None), None)


def _says_none(cells: Cells) -> bool:
    """Say whether a dash marks the item as watched without a limit; an empty cell is not filled in yet."""
    return any(
        cells.values.get(role, "").strip()
        for role in ("normal", "warning", "notice", "critical", "condition")
    )


def _limits(
    cells: Cells, normal: Range | None
) -> tuple[Threshold | None, Threshold | None, Range | None, tuple[Assumption, ...]]:
    """Return warning, critical and normal range, from two columns or one with its severity."""
    # 注意 is the warning only if no column says 警告; with three levels, the lowest is dropped.
    warning = limit_of(cells, "warning" if cells.has("warning") else "notice", normal)
    critical = limit_of(cells, "critical", normal)
    single, side = with_condition(cells, limit_of(cells, "condition", normal))
    warning, critical, single = (in_time(cells, each) for each in (warning, critical, single))
    normal = normal or side
    if single is None:
        if not (cells.has("warning") and cells["notice"]):
            return warning, critical, normal, ()
        cells.take("notice")
        return warning, critical, normal, (_NO_NOTICE,)
    is_grave, assumptions = graveness_of(cells)
    return (None, single, normal, assumptions) if is_grave else (single, critical, normal, assumptions)


def _monitor_entry(entry: PlacedEntry) -> Monitor:
    """Read an entry such as CPU使用率: 80%以上 under アラート条件."""
    if not entry.key:
        raise NotUnderstood(Message("design.monitor-without-item"))
    threshold = entry.read(read_limit, Message("design.expected-threshold"))
    metric = _metric(entry.key)
    # アラート設定 also lists the evaluation period and how often to repeat, which are not system metrics.
    is_sure = entry.section.nearness(_LIMITS_HEADING) == 3 and not _ABOUT_ALERTING.search(
        normalise(entry.key)
    )
    is_guess = metric is None and (
        threshold.is_bare or threshold.comparison is Comparison.EQUAL or not is_sure
    )
    if is_guess or LIMITS_ONLY.fullmatch(normalise(entry.key)):
        raise NotUnderstood(Message("design.monitor-or-not", words=entry.key))
    target = component_of(heading_above(entry.section))
    is_critical, assumptions = graveness(level_above(entry.section))
    return Monitor(
        **entry.stamp(Monitor, target, entry.key, assumptions=assumptions),
        target=target,
        item=entry.key,
        metric=metric,
        normal=None,
        warning=None if is_critical else threshold,
        critical=threshold if is_critical else None,
        interval=None,
    )


def _as_spelled(subject: str, text: str) -> str:
    """Return the subject, which was read in lower case, as the text spells it."""
    found = re.search(re.escape(subject), unicodedata.normalize("NFKC", text), re.IGNORECASE)
    return found.group() if found else subject


def _levelled(entry: PlacedEntry) -> Monitor:
    """Read CPU使用率: 警告 80%、異常 90% or CPU使用率 80%以上が5分継続で警告、95%で異常."""
    levels = read_levels(entry.value)
    if not levels:
        raise NotUnderstood(Message("design.not-a-level-with-threshold"))
    warning, critical = levels.get(AlertLevel.WARNING), levels.get(AlertLevel.CRITICAL)
    subjects = dict.fromkeys(limit.subject for limit in levels.values() if limit.subject)
    item = entry.key or _as_spelled(next(iter(subjects), ""), entry.value)
    if not item or len(subjects) > 1:
        raise NotUnderstood(Message("design.threshold-of-what"))
    entry.take(entry.value)
    target = component_of(heading_above(entry.section))
    return Monitor(
        **entry.stamp(Monitor, target, item),
        target=target,
        item=item,
        metric=_metric(item, warning, critical),
        normal=None,
        warning=warning,
        critical=critical,
        interval=None,
    )


def _spoken(entry: PlacedEntry) -> Monitor:
    """Read warn at >= 3% for 10 minutes, below a heading or entry that names the subject."""
    spoken = _SPOKEN.fullmatch(normalise(entry.sentence))
    if spoken is None:
        raise NotUnderstood(Message("design.not-a-threshold-sentence"))
    threshold = read_value(
        spoken["condition"],
        read_limit,
        label=Message("design.condition"),
        expected=Message("design.expected-threshold"),
    )
    if threshold.is_bare:
        raise NotUnderstood(Message("design.condition-without-comparison"))
    entry.take()
    item = heading_text(entry.section.caption) or threshold.subject or entry.section.heading
    is_critical = spoken["level"] in ("critical", "page")
    return Monitor(
        **entry.stamp(Monitor, item, threshold.subject, spoken["level"]),
        target="",
        item=item,
        metric=_metric(threshold.subject or item),
        normal=None,
        warning=None if is_critical else threshold,
        critical=threshold if is_critical else None,
        interval=None,
    )


def _condition(entry: PlacedEntry) -> Monitor:
    """Read Queue age > 10 minutes (P2), as an entry of its own; it may be named: SlowAnswers - p95 > 2 s."""
    parts = _CONDITION.fullmatch(entry.sentence.strip())
    if parts is None or entry.key:
        raise NotUnderstood(Message("design.not-a-threshold-condition"))
    threshold = as_share(
        read_value(
            parts["condition"],
            read_limit,
            label=Message("design.condition"),
            expected=Message("design.expected-threshold"),
        )
    )
    item = parts["name"] or threshold.subject
    if threshold.is_bare or not item:
        raise NotUnderstood(Message("design.comparison-is-incomplete"))
    severity = parts["severity"] or ""
    entry.take(parts["condition"], *([severity] if is_level(severity) else []))
    is_critical, assumptions = graveness(severity or level_above(entry.section))
    return Monitor(
        **entry.stamp(Monitor, item, severity, assumptions=assumptions),
        target="",
        item=item,
        metric=_metric(item, threshold),
        normal=None,
        warning=None if is_critical else threshold,
        critical=threshold if is_critical else None,
        interval=None,
    )


def _tool(entry: PlacedEntry) -> ToolChoice:
    if not entry.key or "://" in entry.value:
        raise NotUnderstood(Message("design.not-a-purpose-with-tool"))
    # What is neither a known tool nor a purpose may be anything: Custom metrics: business figures.
    if is_purpose(entry.value) is is_purpose(entry.key) and not _names_a_product(entry):
        raise NotUnderstood(Message("design.not-a-purpose-with-tool"))
    is_first = is_product(entry.key) or is_purpose(entry.value) > is_purpose(entry.key)
    purpose, tools = (entry.value, entry.key) if is_first else (entry.key, entry.value)
    refuse_description(entry.sentence)
    if max(len(purpose), len(tools)) > _LONGEST_NAME or _SAYS.search(_REMARK.sub("", normalise(tools))):
        raise NotUnderstood(Message("design.not-a-purpose-with-tool"))
    return ToolChoice(**entry.stamp(ToolChoice, purpose), purpose=purpose, tools=several(tools))


def _names_a_product(entry: PlacedEntry) -> bool:
    return any(map(is_product, (entry.key, *several(entry.value))))


_LONGEST_NAME = 80
_COMPARES = re.compile(r"[<>≥≤]=? ?\d")
"""A limit in the name of an item: then what stands beside it is how long that lasts."""
_IDENTIFIER = re.compile(r" *\([a-z]+_\w+\)")
_REMARK = re.compile(r" *\([^()]*\)")
_SAYS = words(
    r"[をはがへ]|に.|する$|[るた]$|[a-z]{2} (?:is|are|to|the|with|for|of) |\d\s?(?:%|[分秒日円台]|ms)"
)
"""What a name of a tool does not contain: 標準出力に書く."""


def _tool_row(cells: Cells) -> ToolChoice:
    purpose = cells.required("purpose")
    return ToolChoice(
        **cells.stamp(ToolChoice, purpose), purpose=purpose, tools=several(cells.required("tools"))
    )


_MONITOR = words(
    "監視|アラート|アラーム|しきい値|閾値|メトリクス|ヘルスチェック|monitor|alert|alarm|metric|threshold|signals?"
)
_GOALS = words(r"目標|\b(?:goals?|objectives?)\b")
"""Under 監視目標 a time is one to keep: 重大インシデント4時間以内."""
_TOOLS = words("(?:監視|運用)(?:ツール|スタック|基盤|サービス)|monitoring (?:tools?|stack)|\\btooling\\b")

SHAPES = ChapterShapes(
    tables=(
        TableShape(
            Monitor,
            _settled(_monitor),
            headings=_MONITOR,
            avoid=words(
                "ログパターン|サイジング|見積|重視|コスト|費用|予算|\\bcosts?\\b|kpi|ビジネス|フェーズ|ポストモーテム|振り返り|post-?mortem|retrospective"
                "|決断|判断基準|(?:切り?替え?|移行|撤退|合格|採用|昇格|終了|完了|中止|再開|切り?戻し|ロールバック)(?:の)?(?:判断|判定|条件|基準)"
                r"|go/no-?go|\b(?:acceptance|exit|success|cut-?over|roll-?back|promotion) criteria\b"
            ),
            columns={
                "target": words(
                    "対象|監視対象|コンポーネント|サービス(?:名)?|サーバー?(?:名)?|システム|リソース|lambda|ホスト"
                    "|target|component|service|host|resource"
                ),
                "item": words(
                    "監視(?:項目|対象項目|指標)?|項目|指標(?:名)?|メトリクス(?:名)?|メトリック|アラート(?:名|識別子)?|アラーム(?:名)?|監視項目名"
                    "|metrics?(?:名|name)?|signal|alert(?:name)?|alarm|item|check|monitor|監視内容"
                ),
                "category": words("カテゴリー?|分類|区分|種別|category|type"),
                "normal": words(
                    "正常(?:範囲|値|基準|時)?|通常(?:値|範囲)|(?:閾値|しきい値|threshold)\\((?:正常|通常|normal|healthy|ok)[^()]*\\)"
                    "|良好|適正|normal(?:range)?|healthy|good|baseline"
                ),
                "goal": words("目標(?:値|範囲)?"),
                "warning": words(
                    "(?:警[告戒]|warning)(?:閾値|しきい値|レベル|値|判定|条件|基準)?(?:\\(warning\\))?|warning(?:threshold)?|warn|(?:閾値|しきい値)\\((?:警告|warning|注意)\\)"
                ),
                "notice": words("(?:要?注意|caution|notice)(?:閾値|しきい値|レベル|値|判定|条件|基準)?"),
                "critical": words(
                    "(?:異常|危険|不良|重大|重要|緊急|致命的?|即対応|クリティカル|critical|致命的障害|障害|エラー(?=閾値|しきい値|レベル))(?:閾値|しきい値|レベル|値|判定|条件|基準)?(?:\\((?:critical|error)\\))?"
                    "|crit(?:ical)?(?:threshold)?|(?:閾値|しきい値)\\((?:異常|危険|重大|critical|緊急)\\)"
                ),
                "condition": words(
                    "(?:アラート|初期|検知|発報|通知)?(?:閾値|しきい値|条件)(?:例)?|条件の初期値|(?:alert|meaning/)?(?:threshold|condition)|expr(?:ession)?|promql|trigger|initialthreshold(?:/response)?"
                ),
                "probe": words(
                    "(?:ヘルスチェック|死活監視|監視|チェック)方法|ヘルスチェック|healthcheck|probe"
                ),
                "when": words(
                    "(?:アラート|発報|通知|警報)?(?:条件|閾値|しきい値)|判定|比較"
                    "|(?:alert|alarm)?(?:condition|threshold|trigger)|(?:alerts?|alarms?|fires)(?:when|if|on)"
                ),
                "held": words("継続(?:時間|期間)?|持続(?:時間)?|for|duration"),
                "window": words(
                    "(?:評価|集計|計測|測定|判定)期間|(?:evaluation|measurement|time)?window|evaluationperiods?|期間"
                ),
                "period": words("期間"),
                "statistic": words("統計(?:量|値|方法)?|statistics?"),
                "severity": words(
                    "(?:アラート|アラーム|通知)?(?:レベル|優先度|重要度|重大度|深刻度|緊急度)|severity|level|priority"
                ),
                "interval": words(
                    "(?:監視|確認|チェック|収集|測定|計測|ポーリング)?(?:間隔|頻度|周期)|interval|frequency|period"
                ),
                "recipients": words("(?:通知|アラート|連絡)先|担当|notify|recipients?|notification"),
                "response": words(
                    "対応(?:方法|手順|内容|アクション)?|アクション|対処(?:法|方法)?|response|action|runbook|what"
                ),
                "note": words(
                    "説明|備考|単位|ツール|理由|根拠|reasoning|whyitmatters|why|description|unit|notes?|tool|通知"
                ),
            },
            needs=("item|target", "normal|warning|notice|critical|condition|probe"),
            inert=("probe",),
            telling=(
                "item warning critical",
                "item normal warning",
                "item normal notice",
                "item notice critical",
                "item condition interval",
                "item condition severity",
                "item condition held",
                "target item condition",
            ),
            record="item warning critical condition severity",
        ),
        RULE_TABLE,
        TableShape(
            ToolChoice,
            _tool_row,
            headings=_TOOLS,
            columns={
                "purpose": words("用途|目的|種別|種類|分類|カテゴリ|対象|監視対象|purpose|category|use"),
                "tools": words("ツール(?:名)?|製品|サービス|採用ツール|tools?|product"),
                "note": words("説明|備考|url|notes?|description|access"),
            },
            needs=("purpose", "tools"),
        ),
    ),
    entries=(
        EntryShape(Monitor, _settled(_spoken), headings=_MONITOR, avoid=_GOALS, within=1, telling=1),
        EntryShape(Monitor, _settled(_levelled), headings=_MONITOR, avoid=_GOALS, telling=1),
        EntryShape(
            Monitor,
            _settled(_condition),
            headings=words("アラート|アラーム|閾値|しきい値|alert|alarm|threshold"),
        ),
        EntryShape(ToolChoice, _tool, headings=_TOOLS, within=3, is_formed=_names_a_product),
        EntryShape(ToolChoice, _tool, headings=_MONITOR, key=words("監視ツール|monitoring tools?")),
        RULE_ENTRY,
        EntryShape(
            Monitor,
            _settled(_monitor_entry),
            headings=words(
                "アラート(?:条件|設定|ルール|閾値)|しきい値|閾値|監視(?:項目|条件|閾値)"
                "|alert (?:condition|rule|threshold)|threshold"
            ),
            within=3,
        ),
    ),
)
