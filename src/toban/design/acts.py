"""Rows of several chapters that order the same act: joined by name and kind. Pure.

A scan stands in chapter 8 and in chapter 10, an RPO in chapters 4 and 13. One run proves all rows of an act.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from toban.design.clauses.backup import RecoveryObjective
from toban.design.clauses.base import Clause
from toban.design.clauses.capacity import CapacityReview
from toban.design.clauses.decisions import Decision
from toban.design.clauses.documents import DocumentRule
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import AccessReview, AuditReview, SecurityRoutine
from toban.design.reader import Design
from toban.design.section import normalise
from toban.design.values.schedule import Cadence, Schedule

_REVIEW = r"レビュー|見直|棚卸|確認|点検|review|audit"
_TITLES: Mapping[type[Clause], re.Pattern[str]] = {
    AccessReview: re.compile(rf"(?:アクセス|権限|アカウント|access).*(?:{_REVIEW})"),
    AuditReview: re.compile(rf"(?:監査|audit|操作)\s*(?:ログ|log|履歴|証跡).*(?:{_REVIEW})"),
    CapacityReview: re.compile(rf"(?:キャパシティ|容量|リソース|capacity).*(?:{_REVIEW})"),
    DocumentRule: re.compile(rf"(?:ドキュメント|文書|手順書|document).*(?:{_REVIEW})"),
}
"""How chapter 10 calls the work that a row of another kind orders."""

_OPEN = (Cadence.CRON, Cadence.ON_EVENT, Cadence.ON_DEMAND, Cadence.CONTINUOUS)

_RESTORE = r"リストア|復元|復旧|restore|recovery"
_TEST = r"テスト|訓練|演習|検証|確認|test|drill|rehears|exercise"
_DRILL = re.compile(rf"(?:{_RESTORE}).*(?:{_TEST})|(?:{_TEST}).*(?:{_RESTORE})", re.IGNORECASE)
_SCAN = re.compile(
    r"(?:脆弱性|vulnerabilit\w*|cve|セキュリティ).{0,12}(?:スキャン|チェック|scan|check)"
    r"|(?:スキャン|scan).{0,12}(?:脆弱性|vulnerabilit\w*|cve)",
    re.IGNORECASE,
)
_PATCHING = re.compile(
    r"パッチ.{0,8}(?:適用|当て|配布)|(?:セキュリティ|os|security)\s*(?:パッチ|patch\w*|アップデート|更新)"
    r"|patch(?:ing\b|\s+(?:management|application|servers?|hosts?))"
    r"|(?:apply|install)\w*.{0,20}(?:patches|security updates)",
    re.IGNORECASE,
)
_LOOKING = re.compile(r"状況|確認|レビュー|計画|方針|漏れ|status|check|review|report|plan\b", re.IGNORECASE)
"""How people look at patches, or write about them, and install none."""
_SUSPICIOUS = re.compile(
    r"(?:不審|怪しい|異常|いつもと違う|通常と異なる).{0,6}(?:アクセス|ログイン|サインイン|認証|操作)"
    r"|(?:suspicious|anomalous|unusual) (?:access|sign-?in|log-?in|activit)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SameAct:
    """Rows that order one act."""

    leading: Clause
    """The row that names who does it, or whose chapter measures it."""
    others: tuple[Clause, ...]
    schedule: Schedule | None = None
    """The most exact of their schedules; None if the act has none."""


def is_restore_test(routine: Routine) -> bool:
    """Whether *routine* is a test of restores: バックアップリストアテスト, 復旧訓練, restore drill."""
    return _DRILL.search(routine.name) is not None


def is_vulnerability_scan(row: SecurityRoutine | Routine) -> bool:
    """Whether *row* is a scan for known vulnerabilities: 脆弱性スキャン, CVEチェック, vulnerability scan."""
    return _SCAN.search(normalise(row.name)) is not None


def is_patching(row: SecurityRoutine | Routine) -> bool:
    """Whether *row* is the installation of security fixes: セキュリティパッチ適用, OSパッチ, patching."""
    name = normalise(row.name)
    return _PATCHING.search(name) is not None and _LOOKING.search(name) is None


def is_access_watch(row: AuditReview) -> bool:
    """Whether *row* is watched all the time: 不審なアクセスパターンの検知, detection of suspicious access."""
    return row.schedule is None and _SUSPICIOUS.search(normalise(row.content)) is not None


def same_acts(design: Design) -> tuple[SameAct, ...]:
    """Return the acts of *design* that several rows order; rows that contradict each other are not joined."""
    joined: dict[str, list[Clause]] = defaultdict(list)
    leading: dict[str, Clause] = {}
    for row, leader in pairs(design):
        if not differ(row, leader):
            leading[leader.id] = leader
            joined[leader.id].append(row)
    return tuple(_act(leader, joined[leader.id]) for leader in leading.values())


def led(design: Design) -> Mapping[str, str]:
    """Return the rows whose work another row of the same act leads, by id → that row's id."""
    return {row.id: act.leading.id for act in same_acts(design) for row in act.others}


def each_once[Row: SecurityRoutine | Routine](
    rows: Iterable[Row], design: Design
) -> Iterator[tuple[Row, Schedule]]:
    """Yield those of *rows* that no other row of the same act leads, each with the act's most exact time."""
    exact = {act.leading.id: act.schedule for act in same_acts(design)}
    others = led(design)
    for row in rows:
        if row.id not in others:
            yield row, exact.get(row.id) or row.schedule


def is_work_of(kind: type[Clause], row: Clause, design: Design) -> bool:
    """Whether *row* orders the work of *kind*: by itself, or because it leads a row of that kind."""
    others = (each for act in same_acts(design) if act.leading.id == row.id for each in act.others)
    return any(isinstance(each, kind) for each in (row, *others))


def pairs(design: Design) -> Iterator[tuple[Clause, Clause]]:
    """Yield each row with the row of another kind that orders the same act and leads, agreeing or not."""
    routines = _Routines(design)
    for row in design.clauses:
        found = routines.of_same_work(row)
        agreeing = [each for each in found if not differ(row, each)]
        # Of two that could be meant nobody knows which.
        if len(choice := agreeing or found) == 1:
            yield row, choice[0]
    for objective in design.of(RecoveryObjective):
        if not objective.subject:
            yield from ((each, objective) for each in design.of(Decision) if _promises(each, objective))


def differ(row: Clause, leader: Clause) -> bool:
    """Whether the two rows of one act say different things about how often, or how long."""
    if isinstance(row, Decision) and isinstance(leader, RecoveryObjective):
        return row.promised is None or row.promised.as_timedelta() != leader.limit.as_timedelta()
    often, other = _often(row), _often(leader)
    return None not in (often, other) and often != other


def _often(row: Clause) -> tuple[Cadence, object, int] | None:
    """Return how often the row's work is due, whatever the day; None if its schedule says nothing of it."""
    schedule = schedule_of(row)
    if schedule is None or schedule.cadence in _OPEN:
        return None
    return schedule.cadence, schedule.every, schedule.times or 1


def schedule_of(row: Clause) -> Schedule | None:
    """Return the schedule of a row that orders recurring work."""
    schedule = getattr(row, "schedule", None)
    return schedule if isinstance(schedule, Schedule) else None


class _Routines:
    """The routines of a design, found by name and by title: rows times routines would be too many to try."""

    def __init__(self, design: Design) -> None:
        self._by_name: dict[str, list[Routine]] = defaultdict(list)
        self._titled: dict[type[Clause], list[Routine]] = defaultdict(list)
        for routine in design.of(Routine):
            name = normalise(routine.name)
            self._by_name[name].append(routine)
            for kind, title in _TITLES.items():
                if title.search(name):
                    self._titled[kind].append(routine)

    def of_same_work(self, row: Clause) -> Sequence[Routine]:
        """Return the routines that order the work of *row*, in the document's order."""
        if isinstance(row, SecurityRoutine):
            return self._by_name.get(normalise(row.name), ())
        if _often(row) is None:
            return ()
        return self._titled.get(type(row), ())


def _promises(decision: Decision, objective: RecoveryObjective) -> bool:
    is_named = re.search(rf"(?<![a-z]){objective.objective}(?![a-z])", decision.name, re.IGNORECASE)
    return is_named is not None and decision.promised is not None and not objective.limit.is_business


def _act(leader: Clause, others: Sequence[Clause]) -> SameAct:
    schedules = [each for row in (leader, *others) if (each := schedule_of(row)) is not None]
    # Of two that are equally exact, the leading row's.
    exact = max(schedules, key=_exactness, default=None)
    return SameAct(leader, tuple(others), exact)


def _exactness(schedule: Schedule) -> tuple[bool, bool]:
    names_day = bool(schedule.weekdays or schedule.day) or schedule.skips_holidays
    return names_day, schedule.is_timed
