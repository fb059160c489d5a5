"""Chapter 7, 障害対応: severities, flow, known failures."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from toban.design.assumption import Assumption
from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.section import normalise
from toban.design.shapes.alerts import told
from toban.design.shapes.response import Response, handled, people_of, read_response, unused_words
from toban.design.shapes.sentence import steps_of
from toban.design.shapes.shape import (
    Cells,
    ChapterShapes,
    EntryShape,
    NotUnderstood,
    PlacedEntry,
    PlacedSteps,
    StepsShape,
    TableShape,
    unreadable,
    words,
)
from toban.design.values.duration import Duration
from toban.design.values.metric import Metric
from toban.design.values.people import Recipient
from toban.design.values.severity import IncidentSeverity, is_alert_scale, is_level, read_incident_severity
from toban.message import Message


class IncidentScope(StrEnum):
    """How much of the service fails, from everything down."""

    EVERYTHING = "everything"
    MAIN = "main"
    """A function without which the service is of no use."""
    PART = "part"
    SLIGHT = "slight"


class FlowStage(StrEnum):
    """What a step of the flow is about, in the order in which documents write them."""

    DETECTION = "detection"
    TRIAGE = "triage"
    NOTICE = "notice"
    CAUSE = "cause"
    INTERIM = "interim"
    PERMANENT = "permanent"
    REPORT = "report"
    PREVENTION = "prevention"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLevel(Clause):
    """A severity, what it means, and how fast it is answered and resolved."""

    chapter: ClassVar[Chapter] = Chapter.INCIDENT
    kind: ClassVar[str] = "incident-level"

    name: str
    severity: IncidentSeverity | None
    definition: str
    respond_within: Duration | None
    """None with `is_immediate`."""
    is_immediate: bool
    recover_within: Duration | None
    recipients: tuple[Recipient, ...] = ()

    @property
    def scope(self) -> IncidentScope | None:
        """What its definition says to fail; None if the words do not tell, or tell two things."""
        said = [
            scope
            for scope, pattern in _SCOPES.items()
            if pattern.search(normalise(self.definition or self.name))
        ]
        return said[0] if len(said) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFlow(Clause):
    """The steps from detection to prevention."""

    chapter: ClassVar[Chapter] = Chapter.INCIDENT
    kind: ClassVar[str] = "incident-flow"

    steps: tuple[str, ...]

    @property
    def stages(self) -> tuple[FlowStage | None, ...]:
        """What each step is about; None where its words do not tell."""
        return tuple(_stage(step) for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailurePattern(Clause):
    """A known failure, its cause and remedy."""

    chapter: ClassVar[Chapter] = Chapter.INCIDENT
    kind: ClassVar[str] = "failure-pattern"

    name: str
    cause: str
    remedies: tuple[str, ...]

    @property
    def symptom(self) -> Metric | None:
        """The metric in which the failure shows: `UP` for what is down; None if the name does not tell."""
        return next(
            (metric for metric, words_ in _SYMPTOMS.items() if words_.search(normalise(self.name))), None
        )

    def is_about(self, target: str) -> bool:
        """Return whether the name says that *target* fails; one that names nothing is about every target."""
        subject = _subject(self.name)
        return self.symptom is not None and (not subject or subject == _bare(target))


_SCOPES = {
    IncidentScope.EVERYTHING: words(
        "全(?:面|サービス|機能|システム|体)?の?(?:が)?(?:停止|ダウン|障害|利用不可)|完全(?:に)?停止|サービス停止|システム(?:全体)?(?:の)?停止"
        "|開かない|complete|total|full|entire|all users|system-?wide|whole"
        "|service (?:is )?(?:down|unavailable|outage)"
    ),
    IncidentScope.MAIN: words(
        "主要|重要(?:な)?機能|基幹|中核|major|core|significant|critical function|できない"
    ),
    IncidentScope.PART: words("一部|部分|限定|partial|some users|degraded|非主要"),
    IncidentScope.SLIGHT: words(
        "軽微|軽い|軽度|些細|表示の?(?:乱れ|崩れ)|minor|cosmetic|trivial|no (?:user )?impact"
    ),
}
_STAGES = {
    FlowStage.PREVENTION: words("再発防止|繰り返さない|prevent|action items?|改善策"),
    FlowStage.REPORT: words("報告書|報告(?:の)?作成|ふりかえり|振り返り|ポストモーテム|post-?mortem|report"),
    FlowStage.PERMANENT: words(
        "恒久|根本(?:的)?(?:な)?(?:対応|対策|修正)|根を断|permanent|fix the cause|long-?term"
    ),
    FlowStage.INTERIM: words("暫定|応急|止血|復旧(?:作業|対応)?|interim|mitigat|workaround|restore|recover"),
    FlowStage.CAUSE: words("原因|root cause|investigat|diagnos"),
    FlowStage.NOTICE: words("通知|連絡|周知|報告|エスカレーション|notif|communicat|escalat|inform"),
    FlowStage.TRIAGE: words(
        "切り分け|トリアージ|見極め|状況(?:把握|確認)|影響(?:範囲)?(?:の)?(?:確認|調査|特定)|triage|assess|classif"
    ),
    FlowStage.DETECTION: words("検知|検出|発見|発生|受付|detect|acknowledge|alert fires|identif"),
}
_SYMPTOMS = {
    Metric.DISK_USAGE: words("ディスク|容量(?:不足|逼迫)|disk|storage full"),
    Metric.MEMORY_USAGE: words(r"メモリ|memory|\boom\b"),
    Metric.CERTIFICATE_LIFETIME: words("証明書|certificate"),
    Metric.REPLICATION_LAG: words("レプリケーション|レプリカ|replica"),
    Metric.QUEUE_LENGTH: words("キュー|queue"),
    Metric.CONNECTIONS: words(
        "(?:接続|コネクション)(?:数)?(?:の)?(?:枯渇|不足|上限|過多)"
        "|connection (?:pool|exhaust)|too many connections"
    ),
    Metric.ERROR_RATE: words(
        "エラー(?:率|レート)?(?:の)?(?:急増|増加|多発|上昇|頻発)|5xx|error (?:rate|spike)|high errors?"
    ),
    Metric.RESPONSE_TIME: words(
        "遅延|遅い|低下|レスポンス|応答(?!なし|不可)|タイムアウト|slow|latency|timeout"
    ),
    Metric.CPU_USAGE: words("cpu|高負荷|負荷(?:上昇|増大)|high load"),
    Metric.UP: words(
        "ダウン|停止|落ち|死|接続(?:不可|できない|エラー)|応答(?:なし|不可)|全断"
        "|(?:is )?down|outage|crash|unreachable|unavailable"
    ),
}
_ABOUT_ALL = words("(?:サービス|システム|全体|service|system)")
_KIND_OF_HOST = words("(?:の)?(?:サーバー?|サーバ|server|host|ホスト|インスタンス|instance)$")


def _stage(step: str) -> FlowStage | None:
    """Return what *step* is about, by the words before its brackets or colon if those tell."""
    said = normalise(step)
    for part in (said.partition(":")[0], said.partition("(")[0]):
        for stage, pattern in _STAGES.items():
            if pattern.search(part.partition("(")[0]):
                return stage
    return None


def _subject(name: str) -> str:
    """Return the part of a failure's name before its symptom: DB of DBサーバーダウン."""
    said = normalise(name)
    found = [match.start() for pattern in _SYMPTOMS.values() if (match := pattern.search(said))]
    subject = _bare(said[: min(found)]) if found else ""
    return "" if _ABOUT_ALL.fullmatch(subject) else subject


def _bare(text: str) -> str:
    return _KIND_OF_HOST.sub("", normalise(text).strip().removesuffix("の")).strip()


_OPEN = words("ベストエフォート|best effort|別途(?:協議|調整)|都度(?:協議|調整)|協議の?上|適宜")
_CODE = words(r"\b(?:p|sev-?|s)\d\b")
_PRIORITY = words("優先(?:度|順位)|priority")
"""Heads a column of levels: of what is done first, unless a time or somebody stands beside it."""
_RANK = words(r"(?:ランク|区分|レベル|rank)?\s*(?P<letter>[a-d])(?:ランク|区分)?")
_NUMBERED = words(r"(?:障害)?(?:レベル|ランク|区分|level|tier)\s*\d")
_ENGLISH_LEVEL = words("critical|high|medium|low|major|minor")
_NO_FAILURE = words(
    r"(?:原因|対処|対策|対応|調査|確認|特定|診断|復旧|手順|一覧)(?:法|方法|策|手順)?$"
    r"|^(?:手順|ステップ|step) ?\d"
    r"|^(?:fix|check|identify|find|determine|diagnose|investigate|resolve|verify|analy[sz]e|review)\b"
    r"|\b(?:causes?|solutions?|remed(?:y|ies)|diagnosis|recovery|response|steps|checks?|fix(?:es)?|resolution)$"
)
"""Headings of what is done about a failure, not of the failure."""
_FAILS = words(
    r"障害|故障|異常|エラー|失敗|停止|遅延|遅い|低下|不足|枯渇|超過|上昇|増加|逼迫|滞留|漏えい|攻撃|不正|切れ|問題|トラブル"
    r"|ダウン|ない|できず|落ち"
    r"|\b(?:fail\w*|errors?|outages?|down|slow\w*|high|low|lag\w*|miss\w+|lost|loss|stuck|full|exhaust\w*|exceed\w*"
    r"|time-?outs?|un(?:available|reachable|responsive)|crash\w*|leak\w*|denied|refused|invalid|broken|corrupt\w*"
    r"|degrad\w*|attacks?|breach\w*|not|can't|cannot|won't|doesn't|no|problems?|issues?|incidents?|expired"
    r"|mismatch\w*|drift\w*|overload\w*|spikes?)\b"
)
"""Headings that name what goes wrong."""
_FINE = words(r"正常|🟢|\bok\b|\bnormal\b")
_ALERTS = words("アラート|通知|alert|notif")
_KINDS = (Message("design.kind-notification-rule"), Message("design.kind-incident-level"))


def _ranked(name: str) -> IncidentSeverity | None:
    """Rank 障害区分 A, B, C: the first letter is the most severe."""
    rank = _RANK.fullmatch(normalise(name))
    return tuple(IncidentSeverity)["abcd".index(rank["letter"])] if rank else None


def _level(cells: Cells) -> IncidentLevel:
    name = cells.name("level")
    is_told = cells.has("recipients") or cells.section.nearness(_ALERTS) == 3
    if is_told and is_alert_scale(cells.column("level")):
        raise NotUnderstood(Message("design.two-kinds", kinds=_KINDS))
    # A code is more reliable than a Japanese word next to it: P2（重大） is the second level, not the first.
    code = _CODE.search(normalise(name))
    is_named = _ENGLISH_LEVEL.search(normalise(name)) is not None
    said = code.group() if code and not is_named else name
    severity = read_incident_severity(said, cells.column("level")) or _ranked(name)
    # Level 1 is the most severe in some companies and the least in others; the row's limits apply either way.
    is_numbered = _NUMBERED.fullmatch(normalise(name)) is not None
    if severity is None and not (is_numbered and cells["recovery"]):
        raise NotUnderstood(Message("design.not-a-severity", words=name))
    others = (cell for cell in cells.place.text.split(" | ") if cell.strip() != name)
    beside = {
        read_incident_severity(cell) for cell in others if _CODE.search(normalise(cell)) and is_level(cell)
    }
    if beside - {None, severity}:
        raise NotUnderstood(Message("design.not-a-severity", words=cells.place.text))
    is_of_work = _PRIORITY.fullmatch(normalise(cells.labels["level"])) is not None
    if is_of_work and not any(map(cells.has, ("response", "handling", "recovery", "recipients", "impact"))):
        raise NotUnderstood(Message("design.severity-without-definition"))
    definition = cells.first("definition", "impact", "example")
    if not (definition or cells["response"] or cells["recovery"]):
        raise NotUnderstood(Message("design.severity-without-definition"))
    response = cells.maybe("response", read_response, Message("design.expected-response-time"))
    response = response or handled(cells)
    is_open = _OPEN.fullmatch(normalise(cells["recovery"])) is not None
    recovery = (
        None if is_open else cells.maybe("recovery", read_response, Message("design.expected-recovery-time"))
    )
    recovery = recovery or Response()
    recipients, not_used = told(cells)
    open_end = Message("design.no-time-limit", words=cells["recovery"])
    no_limit = (Assumption(open_end, Message("design.why-no-limit")),) if is_open else ()
    return IncidentLevel(
        **cells.stamp(
            IncidentLevel, name, assumptions=(*no_limit, *unused_words(cells, response, recovery), *not_used)
        ),
        name=name,
        severity=severity,
        definition=definition,
        respond_within=response.respond,
        is_immediate=response.is_immediate,
        recover_within=recovery.recover or recovery.respond or response.recover,
        recipients=recipients or people_of(cells["handling"]),
    )


def _listed_level(entry: PlacedEntry) -> IncidentLevel:
    """Read P1 (High): a main function fails. Times among its words may be of anything: it is asked about."""
    severity = read_incident_severity(entry.key)
    if severity is None or re.search(r"\d", entry.value):
        expected = Message("design.expected-response-time")
        raise unreadable(entry.value, label=entry.key, expected=expected)
    return IncidentLevel(
        **entry.stamp(IncidentLevel, entry.key),
        name=entry.key,
        severity=severity,
        definition=entry.value,
        respond_within=None,
        is_immediate=False,
        recover_within=None,
    )


def _pattern(cells: Cells) -> FailurePattern:
    name, cause = cells["name"], cells["cause"]
    keys: tuple[str, ...] = (name,)
    if not cells.has("name"):
        # 原因 | 対処法 below a heading that names the problem.
        name = cells.headed(cells.section.heading)
        if _NO_FAILURE.search(normalise(name)) or not _FAILS.search(normalise(name)):
            raise NotUnderstood(Message("design.failure-without-name"))
        keys = (name, cause)
    if not name or not any(keys):
        raise NotUnderstood(Message("design.failure-without-name"))
    if _FINE.search(normalise(name)):
        raise NotUnderstood(Message("design.not-a-failure", words=name))
    return FailurePattern(
        **cells.stamp(FailurePattern, *keys),
        name=name,
        cause=cause,
        remedies=steps_of(cells.required("remedy")),
    )


def _flow(steps: PlacedSteps) -> IncidentFlow:
    return IncidentFlow(**steps.place.stamp(IncidentFlow, steps.place.section.heading), steps=steps.steps)


SHAPES = ChapterShapes(
    tables=(
        TableShape(
            IncidentLevel,
            _level,
            headings=words(
                "障害|インシデント|重要度|重大度|深刻度|エスカレーション|対応時間|severity|incident|escalation|response"
            ),
            avoid=words("脆弱性|ログ|vulnerab"),
            columns={
                "level": words(
                    "(?:障害|インシデント|アラート|重要度|影響)?レベル|障害(?:区分|ランク|分類)|重要度|重大度|深刻度|sev(?:erity)?(?:level)?|level|ランク|区分|優先度|priority"
                ),
                "definition": words(
                    "定義|説明|(?:障害の)?内容|事象|基準|判断基準|description|definition|criteria|meaning|状態"
                ),
                "impact": words("影響(?:範囲|度)?|impact|scope"),
                "response": words(
                    "駆け?付け時間|(?:初動|期待|一次)?対応(?:開始)?(?:時間|期限)(?:目標)?|初動(?:目標|時間)|(?:目標)?応答時間|対応目標"
                    "|(?:target|initial)?response(?:time|target)?|(?:timeto)?(?:ack(?:nowledge)?|respond)(?:d|ed)?(?:time|within|in)?|sla"
                ),
                "handling": words("(?:初動|初期|一次)?対応(?:方法|内容|方針)?|初動|一次対応|action"),
                "recovery": words(
                    "(?:目標)?(?:復旧|解決)(?:目標)?(?:時間|目標|期限)(?:目標)?|(?:target)?(?:resolution|recovery|restore)(?:time|target)?"
                    "|(?:timeto)?(?:resolve|fix|restore|recover|mitigate)(?:d|ed)?(?:time|within|in)?|mttr"
                ),
                "recipients": words(
                    "通知先|連絡先|エスカレーション先?|報告先|escalation|notify|contact|対応(?:チーム|体制|者)"
                ),
                "example": words("例|具体例|代表例|examples?"),
                "note": words("通知方法|備考|検知時間|notes?"),
            },
            needs=("level", "definition|impact|example|response|recovery"),
            telling=("level definition response", "level definition recovery", "level response recovery"),
        ),
        TableShape(
            FailurePattern,
            _pattern,
            headings=words(
                "障害|トラブル|エラー|問題|インシデント|ログパターン|よくある|troubleshoot|failure|\\berrors?\\b|issue|incident"
            ),
            avoid=words("レベル"),
            columns={
                "name": words(
                    "障害(?:パターン|種別|名|内容|事象)?|エラー(?:種別|内容|メッセージ|コード)?|コード|問題|事象|現象|トラブル|シナリオ|失敗原因|(?:ログ)?パターン"
                    "|症状|issue|problem|symptoms?|error|failure(?:mode)?|scenario"
                ),
                "cause": words(
                    "(?:想定|考えられる)?原因|意味|説明|(?:(?:probable|likely|possible|root)?causes?)|reason|meaning|description"
                ),
                "symptom": words("症状|検知(?:方法)?|検出方法|判定基準|symptoms?|detection"),
                "remedy": words(
                    "対処(?:法|方法|手順)?|対応(?:方法|策|手順|アクション)?|解決(?:策|方法|法)|復旧(?:手順|方法|方針)|運用対応|対策|回復方法"
                    "|remedy|resolution|solution|actions?|fix|response"
                ),
                "note": words("確認(?:事項|箇所|方法)|備考|通知要否|影響|コンポーネント|notes?"),
            },
            needs=("name|cause", "remedy"),
            inert=("symptom",),
            telling=("cause remedy",),
        ),
    ),
    entries=(
        EntryShape(
            IncidentLevel,
            _listed_level,
            headings=words(
                r"(?:障害|インシデント)の?(?:レベル|分類|区分|重要度|重大度)|重大度|深刻度"
                r"|\b(?:incident|severity) (?:levels?|classifications?|priorit(?:y|ies)|definitions?)"
                r"|\bseverit(?:y|ies)\b"
            ),
            avoid=words("脆弱性|ログ|vulnerab|バグ|\\bbugs?\\b"),
            key=words(
                r"(?:p|sev-?|s) ?\d ?[(:/-]+ ?(?:critical|high|medium|low|重大|緊急|高|中|低|軽微)\)?"
                r"|(?:critical|high|medium|low|重大|緊急|高|中|低|軽微) ?[(:/-]+ ?(?:p|sev-?|s) ?\d\)?"
            ),
        ),
    ),
    steps=(
        StepsShape(
            IncidentFlow,
            _flow,
            headings=words(
                "(?:障害|インシデント|緊急時?|トラブル)の?(?:対応|発生時の?対応)?の?(?:フロー"
                "|手順|プロセス|流れ)|incident (?:response|flow|process|handling)"
            ),
            avoid=words(
                "パターン|一般的|よくある|記録|テンプレート|セキュリティ|更新|メンテナンス"
                r"|事後|収束後|復旧後|対応後|再発防止|振り?返り|ポストモーテム|\bpost[- ]?(?:incident|mortem)"
            ),
        ),
    ),
)
