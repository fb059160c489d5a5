"""Chapter 4, バックアップ・リストア: policies, procedures, RPO and RTO."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.section import DocumentSection, heading_text, normalise
from toban.design.shapes.commands import (
    are_variants,
    commands_of,
    is_backup,
    is_prose,
    is_restore,
    is_usage,
    loads_a_dump,
    loads_one_twice,
    makes_a_dump,
    offers_another_program,
    offers_choice,
    runs_a_restore,
)
from toban.design.shapes.objective_name import POINT, TIME, objective_named
from toban.design.shapes.shape import (
    SHELLS,
    Built,
    Cells,
    ChapterShapes,
    ClausePlace,
    CodeShape,
    EntryShape,
    NotUnderstood,
    PlacedCode,
    PlacedEntry,
    TableShape,
    read_value,
    unreadable,
    words,
)
from toban.design.shapes.timing import is_attribute, read_when, row_schedules
from toban.design.values.duration import (
    Duration,
    Generations,
    Retention,
    TimeUnit,
    read_duration,
    read_generations,
    read_retention,
    read_within,
)
from toban.design.values.normal import plain
from toban.design.values.remark import without_remark
from toban.design.values.schedule import Cadence, Schedule, read_schedule
from toban.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupPolicy(Clause):
    """What is backed up, how, when, where to, and how long it is kept."""

    chapter: ClassVar[Chapter] = Chapter.BACKUP
    kind: ClassVar[str] = "backup-policy"

    subject: str
    method: str
    schedules: tuple[Schedule, ...]
    generations: Generations | None
    destination: str
    retention: Retention | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupProcedure(Clause):
    """The commands that make a backup."""

    chapter: ClassVar[Chapter] = Chapter.BACKUP
    kind: ClassVar[str] = "backup-procedure"

    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreProcedure(Clause):
    """The commands that restore a backup."""

    chapter: ClassVar[Chapter] = Chapter.BACKUP
    kind: ClassVar[str] = "restore-procedure"

    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryObjective(Clause):
    """RPO or RTO."""

    chapter: ClassVar[Chapter] = Chapter.BACKUP
    kind: ClassVar[str] = "recovery-objective"

    objective: str
    """`RPO` or `RTO`."""
    subject: str
    """What it applies to; empty for the whole system."""
    limit: Duration


_IF = words(r"場合|\b(?:if|when|unless)\b")
"""Words by which the figure holds only sometimes: 15分（切り戻せる場合）."""
_FACET = words(
    "(?:保持|保存)期間|(?:取得)?スケジュール|方針|ポリシー|設定|頻度|世代管理|概要|retention|schedule|policy|settings?"
)
_SEVERAL_FACETS = words(
    rf"(?:{_FACET.pattern}|自動|手動|定期|プラン|本番(?:環境)?|production|data|データ|復旧|recovery|restore|disaster|&|schedules|policies|strategy|plans?|types?|kinds|targets?|scope|backups?"
    "|種別|種類|対象|一覧|バックアップ|リストア|復元|設計|計画|運用|管理|and|及び|[ ・&と/の])+"
)
"""Headings that name nothing: Backup Schedule & Retention."""
_NO_SUBJECT = words(
    "テスト|訓練|確認|検証|監視|レビュー|リストア|復元|復旧|test|drill|review|check|restore|verif"
)
_POLICY_PIECES = re.compile(r"[、,]\s*")
_POLICY_WORDS = re.compile(r"^(?:kept? (?:for )?|retain(?:ed)? (?:for )?|to |→\s*)", re.IGNORECASE)
_MORE_RULES = words(r"\d\s*(?:分|時|日|週|月|年|回|世代|%|:)|\d+ \w|daily|hourly|weekly|monthly|毎|次")
_ORDERS = ("method", "type", "frequency", "clock", "generations", "retention", "destination")
_ZERO = re.compile(r"0(?:\s*(?:秒|分|s|sec|min))?")


def _policy(cells: Cells) -> Built:
    subject = cells["subject"] or ("" if cells.has("subject") else cells.headed(_subject(cells.section)))
    method = " ".join(filter(None, (cells["type"], cells["method"])))
    if not (subject or method):
        raise NotUnderstood(Message("design.backup-without-subject"))
    if not (cells.has("frequency") or cells.has("clock") or method):
        raise NotUnderstood(Message("design.backup-without-frequency-and-method"))
    found = _objectives(cells, subject or method)
    if found and not any(cells[role] for role in _ORDERS):
        # Redis | なし | - | 10分: it is not backed up, but has an objective.
        return found
    schedules = _schedules(cells, method)
    if _ON_DEMAND.fullmatch(normalise(cells.first("frequency", "clock"))):
        raise NotUnderstood(Message("design.backup-on-demand"))
    if not (schedules or any(cells[role] for role in ("generations", "retention", "destination"))):
        raise NotUnderstood(Message("design.backup-without-frequency-and-method"))
    # 保持期間 | 4世代: so many copies are kept, however long that is.
    kept = None if cells["generations"] else read_generations(cells["retention"])
    if kept:
        cells.take("retention")
    policy = BackupPolicy(
        **cells.stamp(BackupPolicy, subject, method),
        subject=subject,
        method=method,
        schedules=schedules,
        generations=kept or cells.maybe("generations", _generations, Message("design.expected-generations")),
        destination=cells["destination"],
        retention=None
        if kept
        else cells.maybe("retention", read_retention, Message("design.expected-period")),
    )
    return (policy, *found)


def _generations(text: str) -> Generations | None:
    """Read a count of generations; in a 世代 column it may be a bare number."""
    return read_generations(text) or (read_generations(f"{text}世代") if text.isdecimal() else None)


def _subject(section: DocumentSection) -> str:
    """Return the heading that names what is backed up, skipping 保持期間 and スケジュール."""
    names = [heading_text(heading.text) for heading in reversed(section.headings)]
    return next((name for name in names if not _SEVERAL_FACETS.fullmatch(name.lower())), "")


def _schedules(cells: Cells, method: str) -> tuple[Schedule, ...]:
    """Return when the backup is made; in a row 日次 | 7日 the kind itself says when."""
    if cells["frequency"] or cells["clock"]:
        return row_schedules(cells)
    by_kind = None if cells.has("frequency") or cells.has("deletion") else read_schedule(method)
    return (by_kind,) if by_kind is not None and by_kind.cadence is not Cadence.ON_DEMAND else ()


def _recovery(cells: Cells) -> Built:
    subject = cells.required("subject")
    found = _objectives(cells, subject)
    if not found:
        raise NotUnderstood(Message("design.rpo-and-rto-unreadable"))
    return found


def _objectives(cells: Cells, subject: str) -> tuple[RecoveryObjective, ...]:
    """Return the RPO and RTO of one row, each only if its cell holds a length of time."""
    for role in ("rpo", "rto"):
        if _limit(cells[role]) is not None:
            cells.take(role)
        elif any(map(str.isdigit, cells[role])):
            raise unreadable(cells[role], label=cells.label(role), expected=Message("design.expected-period"))
    return tuple(
        # A column of another name may be declared to be one.
        recovery_objective(cells.place, _measure(cells, role), cells[role], subject)
        for role in ("rpo", "rto")
        if _limit(cells[role]) is not None
    )


def _measure(cells: Cells, role: str) -> str:
    label = cells.label(role)
    return label if objective_named(label)[0] else role


def _limit(text: str) -> Duration | None:
    if _ZERO.fullmatch(without_remark(normalise(text))):
        return Duration(Decimal(0), TimeUnit.MINUTE)
    if _IF.search(normalise(text)):
        return None
    bare = without_remark(plain(text))
    return read_within(text) or read_duration(text) or read_within(bare) or read_duration(bare)


def recovery_objective(place: ClausePlace, name: str, text: str, subject: str = "") -> RecoveryObjective:
    """Return the objective that *name* names, of *subject* or of what the name itself says."""
    objective, of = objective_named(name)
    if not objective:
        raise NotUnderstood(Message("design.neither-rpo-nor-rto", words=name))
    limit = read_value(text, _limit, label=name, expected=Message("design.expected-period"))
    subject = " ".join(part for part in (subject, of) if part)
    return RecoveryObjective(
        **place.stamp(RecoveryObjective, objective, subject),
        objective=objective,
        subject=subject,
        limit=limit,
    )


def _named(cells: Cells) -> Built:
    """Read a row of 項目|目標値 whose item is RPO or RTO; an unknown first column may be the subject."""
    subject = cells["subject"] or cells.headed("")
    # An objective is all of its name and of its target, or none.
    cells.take("name", "target")
    return recovery_objective(cells.place, cells.required("name"), cells.required("target"), subject)


def _named_entry(entry: PlacedEntry) -> RecoveryObjective:
    entry.take()
    return recovery_objective(entry.place, entry.key, entry.value)


def _listed(entry: PlacedEntry) -> BackupPolicy:
    """Read 画像: 毎週土曜 4:00、4世代、S3 or orders: daily at 02:00, kept for 14 days, to GCS."""
    key = normalise(entry.key)
    if not key or is_attribute(entry) or _FACET.search(key) or _NO_SUBJECT.search(key):
        raise NotUnderstood(Message("design.not-a-backup-subject"))
    schedule: Schedule | None = None
    generations: Generations | None = None
    retention: Retention | None = None
    rest: list[str] = []
    for piece in _POLICY_PIECES.split(entry.value):
        bare = _POLICY_WORDS.sub("", piece).strip()
        when = read_when(piece)
        if schedule is None and when is not None and when.cadence not in _NOT_REGULAR:
            schedule = when
        elif generations is None and (kept := read_generations(bare)) is not None:
            generations = kept
        elif retention is None and (span := read_retention(bare)) is not None:
            retention = span
        else:
            rest.append(bare)
    # Each piece is one of these, or the destination.
    entry.take(entry.value)
    destination = rest[0] if len(rest) == 1 and not _MORE_RULES.search(normalise(rest[0])) else ""
    if schedule is None or (rest and not destination) or not (generations or retention or destination):
        raise NotUnderstood(Message("design.not-a-backup-policy"))
    return BackupPolicy(
        **entry.stamp(BackupPolicy, entry.key),
        subject=entry.key,
        method="",
        schedules=(schedule,),
        generations=generations,
        destination=destination,
        retention=retention,
    )


def _backup_procedure(code: PlacedCode) -> Built:
    """Read the commands; those below a comment that says リストア are a procedure of their own."""
    lines = code.block.text.split("\n")
    turn = next((number for number, line in enumerate(lines) if _TURNS.match(line)), len(lines))
    makes, restores = (
        commands_of("\n".join(part), code.block.language) for part in (lines[:turn], lines[turn:])
    )
    if is_prose((*makes, *restores)) or not any(map(is_backup, makes)):
        raise NotUnderstood(Message("design.no-backup-command"))
    if _names_both_acts(code.place.section) or any(loads_a_dump(it) or runs_a_restore(it) for it in makes):
        raise NotUnderstood(Message("design.backup-and-restore"))
    if is_usage(tuple(filter(is_backup, makes))) or offers_another_program(code.block.text):
        raise NotUnderstood(Message("design.alternatives-not-steps"))
    stamp = code.place.stamp(BackupProcedure, *code.place.section.headings_from(_BACKUP))
    if not any(map(is_restore, restores)):
        return BackupProcedure(**stamp, commands=(*makes, *restores))
    stamp_too = code.place.stamp(RestoreProcedure, *code.place.section.headings_from(_BACKUP))
    return (
        BackupProcedure(**stamp, commands=makes),
        RestoreProcedure(**stamp_too, commands=restores),
    )


def _names_both_acts(section: DocumentSection) -> bool:
    """Say whether the nearest heading that names a backup names its use, too: バックアップからの完全復旧."""
    nearest = next((heading for heading in reversed(section.words) if _BACKUP.search(heading)), "")
    return nearest == section.words[-1] and _RECOVERY.search(nearest) is not None


def _restore_procedure(code: PlacedCode) -> RestoreProcedure:
    commands = commands_of(code.block.text, code.block.language)
    if is_prose(commands) or not any(map(is_restore, commands)):
        raise NotUnderstood(Message("design.no-restore-command"))
    if any(map(makes_a_dump, commands)) and code.place.section.nearness(_BACKUP) > 1:
        raise NotUnderstood(Message("design.backup-and-restore"))
    is_choice = offers_choice(code.block.text) or are_variants(commands) or loads_one_twice(commands)
    if is_choice or is_usage(tuple(filter(is_restore, commands))):
        raise NotUnderstood(Message("design.alternatives-not-steps"))
    return RestoreProcedure(
        **code.place.stamp(RestoreProcedure, *code.place.section.headings_from(_RESTORE)), commands=commands
    )


_ON_DEMAND = words(r"オンデマンド|手動(?:実行|のみ)?|on[- ]?demand|manual(?:ly)?(?: only)?")
_NOT_REGULAR = (Cadence.ON_EVENT, Cadence.ON_DEMAND)
_TURNS = re.compile(
    r"\s*(?:#|--|//)(?!!)\W*(?:\d+\W+)?(?:.*(?:リストア|復元)(?:手順|方法|する)?\W*$|リストア|復元|restor(?:e|ing)\b)",
    re.IGNORECASE,
)
"""A comment from which on the commands restore."""
_BACKUP = words("バックアップ|backup")
_RESTORE = words("リストア|復元|restore")
_RECOVERY = words("リストア|復元|復旧|リカバリ|restor|recover")
_NO_PROCEDURE = words(
    "[?？]|確認|検証|一覧|テスト|監視|トラブル|障害|エラー|失敗|シミュレ|訓練|演習|容量|simulat|\\bdrills?\\b|verif|test|check|list|download|decrypt|monitor|crontab|schedule"
)
_TROUBLE = words(
    r"トラブル|よくある|原因|診断|症状|対処|解決|問題|[がはに].*(?:ない|しい|遅い|る)$"
    r"|\b(?:troubleshoot\w*|faq|diagnos\w+|causes?|symptoms?|solutions?|problems?|issues?|slow|fails?|failed|failing)\b"
)
"""Headings of what to try when something is wrong: no procedure, whatever its commands."""
_RPO = words(
    r"(?:target)?rpo(?:target)?|(?:目標復旧時点|復旧時点目標|recoverypointobjective)(?:\(rpo\))?|rpo\(.*\)"
)
_RTO = words(
    r"(?:target)?rto(?:target)?|(?:目標復旧時間|復旧時間目標|recoverytimeobjective)(?:\(rto\))?|rto\(.*\)"
)
_PLANNED = words("改善|improvement|roadmap")
_RECOVERED = words(
    "サービス(?:名|階層|区分)?|ティア|階層|システム(?:/機能)?|機能|対象|シナリオ|(?:災害|障害)(?:タイプ|種別|種類|シナリオ)|コンポーネント"
    "|service(?:component)?|system|component|scenario|datatype|disastertype|tier|environment|scope|workload"
)

SHAPES = ChapterShapes(
    tables=(
        TableShape(
            BackupPolicy,
            _policy,
            headings=_BACKUP,
            avoid=words("確認|検証|復旧手順|リストア手順|監視"),
            columns={
                "subject": words(
                    "(?:バックアップ)?対象(?:データ)?|データ(?:種別|タイプ|種類)?|リソース|サービス(?:名)?|システム"
                    "|target|subject|what|data(?:type|base|store)?|service|system|component|resource"
                ),
                "method": words(
                    "(?:バックアップ|取得)?(?:方式|方法|手段)|自動バックアップ|(?:backup)?method"
                ),
                "type": words("(?:バックアップ|取得)?(?:種別|種類|タイプ)|(?:backup)?type"),
                "frequency": words(
                    "(?:バックアップ|スナップショット|取得|実行)?(?:頻度|周期|サイクル|スケジュール|間隔|タイミング|曜日)|(?:backup)?(?:frequency|schedule|interval)"
                ),
                "clock": words(
                    "(?:バックアップ|実行|取得|開始|実施)(?:時間(?:帯)?|時刻|ウィンドウ)|時刻|時間帯?|time|(?:backup)?window"
                ),
                "generations": words("(?:保持|保存)?世代(?:管理|数)?|generations?|copies"),
                "retention": words(
                    "(?:推奨|バックアップ|スナップショット)?(?:保持|保存|保管)(?:期間|日数)?|(?:backup)?retention(?:period)?|kept(?:for)?"
                ),
                "destination": words(
                    "(?:保存|保管|格納|出力|バックアップ)(?:先|場所)|ストレージ|(?:storage|backup)?(?:location|destination)|storage|storedin|where"
                ),
                "deletion": words(
                    "(?:自動)?(?:削除|消去)(?:日時?|時刻|時期|頻度|タイミング|条件)?"
                    "|(?:deletion|purge|expiry)(?:time|schedule)?"
                ),
                "rpo": _RPO,
                "rto": _RTO,
                "note": words("優先度|備考|復旧時間|replication|notes?|priority"),
            },
            needs=("subject|method|type", "frequency|retention|generations"),
            telling=(
                "subject frequency retention",
                "method frequency retention",
                "type frequency retention",
                "subject method frequency generations",
                "subject type frequency generations",
            ),
            inert=("deletion",),
            record="method type frequency clock generations retention destination",
        ),
        TableShape(
            RecoveryObjective,
            _named,
            headings=words(
                r"\brpo\b|\brto\b|復旧目標|目標復旧|災害復旧|recovery objective|disaster recovery"
            ),
            avoid=_PLANNED,
            columns={
                "subject": _RECOVERED,
                "name": words("項目|指標|メトリクス|目標|metric|item|objective"),
                "target": words("(?:mvp)?目標(?:値)?|設定値|要件(?:値)?|値|内容|target|value"),
                "note": words("備考|根拠|説明|実現方法|測定方法|notes?|rationale"),
            },
            needs=("name", "target"),
        ),
        TableShape(
            RecoveryObjective,
            _recovery,
            headings=words(r"\brpo\b|\brto\b|復旧|リカバリ|災害|\bdr\b|recovery|disaster|可用性|障害"),
            avoid=words(f"cost|コスト|{_PLANNED.pattern}"),
            columns={
                "subject": _RECOVERED,
                "rpo": _RPO,
                "rto": _RTO,
                "note": words(
                    "優先度|備考|影響範囲|復旧方法|難易度|検出方法|回復方法|priority|justification|businessimpact.*|complexity"
                    "|maximumacceptable|availability|notes?|backupfrequency|status|trend|actual.*|replication"
                ),
            },
            needs=("subject", "rpo|rto"),
            telling=("subject rpo rto",),
        ),
    ),
    entries=(
        EntryShape(
            RecoveryObjective,
            _named_entry,
            headings=words("."),
            key=words(rf"(?:{POINT}|{TIME})(?:\s*\(.*\))?"),
            within=1,
        ),
        EntryShape(
            BackupPolicy,
            _listed,
            headings=_BACKUP,
            avoid=words("確認|検証|復旧手順|リストア手順|監視"),
            within=3,
        ),
    ),
    code=(
        CodeShape(
            RestoreProcedure,
            _restore_procedure,
            headings=_RESTORE,
            kin=_RECOVERY,
            avoid=_NO_PROCEDURE,
            never=_TROUBLE,
            languages=SHELLS,
        ),
        CodeShape(
            BackupProcedure,
            _backup_procedure,
            headings=_BACKUP,
            avoid=words(_NO_PROCEDURE.pattern + "|リストア|復元|移行|restore|recover|migrat"),
            never=_TROUBLE,
            languages=SHELLS,
        ),
    ),
)
