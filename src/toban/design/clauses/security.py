"""Chapter 8, セキュリティ運用: routines, access rules, audit review."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.clauses.routine import refuse_no_task
from toban.design.section import normalise
from toban.design.shapes.sentence import refuse_description, schedule_within
from toban.design.shapes.shape import (
    Built,
    Cells,
    ChapterShapes,
    EntryShape,
    NotUnderstood,
    PlacedEntry,
    TableShape,
    words,
)
from toban.design.shapes.timing import (
    is_attribute,
    nearest_schedule,
    of_each,
    read_times,
    row_schedules,
    section_schedule,
)
from toban.design.values.duration import Duration, read_duration, read_length, read_within
from toban.design.values.schedule import Schedule, read_schedule
from toban.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityRoutine(Clause):
    """A recurring security task."""

    chapter: ClassVar[Chapter] = Chapter.SECURITY
    kind: ClassVar[str] = "security-routine"

    name: str
    schedule: Schedule
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReview(Clause):
    """How often access rights are reviewed."""

    chapter: ClassVar[Chapter] = Chapter.SECURITY
    kind: ClassVar[str] = "access-review"

    schedule: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRemoval(Clause):
    """How soon a leaver's account is removed."""

    chapter: ClassVar[Chapter] = Chapter.SECURITY
    kind: ClassVar[str] = "account-removal"

    timing: str
    within: Duration | None
    """None for the same day (即日)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaRule(Clause):
    """Where a second factor is required."""

    chapter: ClassVar[Chapter] = Chapter.SECURITY
    kind: ClassVar[str] = "mfa-rule"

    scope: str
    is_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy(Clause):
    """Rules for passwords."""

    chapter: ClassVar[Chapter] = Chapter.SECURITY
    kind: ClassVar[str] = "password-policy"

    min_length: int | None
    classes: tuple[str, ...]
    """Any of `letters`, `digits`, `symbols`, `upper`, `lower`."""
    expires_after: Duration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReview(Clause):
    """What is looked for in audit logs, and how often."""

    chapter: ClassVar[Chapter] = Chapter.SECURITY
    kind: ClassVar[str] = "audit-review"

    content: str
    schedule: Schedule | None


_LENGTH = re.compile(r"(?:最小|最低|min(?:imum)?)?\s*(\d+)\+?\s*(?:文字|桁|char(?:acter)?s?)(?:以上)?")
_LENGTH_ALONE = re.compile(
    r"(?:最小|最低|min(?:imum)?|at least)?\s*(\d{1,4})\+?\s*(?:文字|桁|char(?:acter)?s?)?"
    r"\s*(?:以上|or more|minimum)?"
)
_CLASS_WORD = re.compile(
    r"英?[大小]文字|英[大小]|英数字?|英字|アルファベット|数字|記号|特殊文字"
    r"|mixed[- ]case|(?:upper|lower)(?:[- ]?case)?|letters?|digits?|numbers?|numeric|symbols?"
    r"|special(?: characters?)?"
    r"|(?:各|それぞれ)?\s*(?:1|一)?\s*(?:文字|種(?:類)?)?以上|各|混在|組み?合わせ|を?(?:すべて|全て)?(?:含む|含める|必須)"
    r"|\b(?:at least one|one) (?:of )?each\b|\bmixed?\b|\brequired\b"
)
_SAME_DAY = re.compile(r"即日|当日|即時|直ち|same day|immediate")
_OTHER_DAY = re.compile(r"\d|翌|以内|まで|\bwithin|\bnext\b")
_REQUIRED = re.compile(r"必須|必要|義務|全員|全ユーザー|強制|有効|required|mandatory|enforced")
_OPTIONAL = re.compile(r"任意|推奨|不要|無効|optional|recommended|disabled")
_EXPIRY = re.compile(
    r"(?P<length>\d+\s*(?:日|週間|[かヶケ]月|年|days?|months?|years?))(?:毎|ごと|おき)?に?(?:変更|更新)?"
)
_CHARACTER_CLASSES = (
    ("letters", re.compile(r"英字|英数|英大|英小|アルファベット|letters?")),
    ("digits", re.compile(r"数字|英数|digits?|numbers?|numeric")),
    ("symbols", re.compile(r"記号|特殊文字|symbols?|special")),
    ("upper", re.compile(r"大文字|英大|upper|mixed[- ]case")),
    ("lower", re.compile(r"小文字|英小|lower|mixed[- ]case")),
)


def _routine(cells: Cells) -> Built:
    name = cells.required("name")
    return of_each(
        row_schedules(cells),
        lambda schedule, nth: SecurityRoutine(
            **cells.stamp(SecurityRoutine, name, *nth), name=name, schedule=schedule, content=cells["content"]
        ),
    )


def _listed_routine(entry: PlacedEntry) -> SecurityRoutine:
    schedule = nearest_schedule(entry.section)
    if schedule is None or is_attribute(entry):
        raise NotUnderstood(Message("design.no-time-in-row-or-heading"))
    refuse_no_task(entry)
    name = entry.key or entry.sentence
    return SecurityRoutine(
        **entry.stamp(SecurityRoutine, name),
        name=name,
        schedule=schedule,
        content=entry.value if entry.key else "",
    )


def _timed_routine(entry: PlacedEntry) -> Built:
    """Read an entry such as 脆弱性診断: 年1回."""
    schedules = read_times(entry.value) if entry.key and not is_attribute(entry) else ()
    if not schedules:
        raise NotUnderstood(Message("design.not-a-task-with-time"))
    return of_each(
        schedules,
        lambda schedule, nth: SecurityRoutine(
            **entry.stamp(SecurityRoutine, entry.key, *nth), name=entry.key, schedule=schedule, content=""
        ),
    )


def _access_review(entry: PlacedEntry) -> AccessReview:
    return AccessReview(
        **entry.stamp(AccessReview, entry.key),
        schedule=entry.read(read_schedule, Message("design.expected-review-frequency")),
    )


def _removal(entry: PlacedEntry) -> AccountRemoval:
    said = normalise(entry.value)
    is_same_day = _SAME_DAY.search(said) is not None and _OTHER_DAY.search(said) is None
    within = (
        None
        if is_same_day
        else entry.read(
            lambda text: read_within(text) or read_duration(text), Message("design.expected-time-limit")
        )
    )
    return AccountRemoval(**entry.stamp(AccountRemoval, entry.key), timing=entry.value, within=within)


def _mfa(entry: PlacedEntry) -> MfaRule:
    text = normalise(entry.value)
    is_optional = _OPTIONAL.search(text) is not None
    # 管理者は必須、一般は任意: for some it is, for others not.
    if is_optional is (_REQUIRED.search(text) is not None):
        raise NotUnderstood(Message("design.required-or-not", cell=entry.key, words=entry.value))
    return MfaRule(**entry.stamp(MfaRule, entry.key), scope=entry.value, is_required=not is_optional)


def _password(entry: PlacedEntry) -> PasswordPolicy:
    text = normalise(entry.value)
    length, expiry = _LENGTH.search(text), _EXPIRY.search(text)
    policy = PasswordPolicy(
        **entry.stamp(PasswordPolicy, entry.key),
        min_length=int(length.group(1)) if length else None,
        classes=_classes(text),
        expires_after=read_length(expiry["length"]) if expiry else None,
    )
    if not (policy.min_length or policy.classes or policy.expires_after):
        raise NotUnderstood(Message("design.not-a-password-rule", cell=entry.key, words=entry.value))
    entry.take(*(found.group() for found in (length, expiry) if found), *_class_words(text))
    return policy


def _classes(text: str) -> tuple[str, ...]:
    return tuple(name for name, pattern in _CHARACTER_CLASSES if pattern.search(text))


def _class_words(text: str) -> Iterator[str]:
    """Yield the words for classes, and that each is needed, which is what a rule of classes means."""
    return (found.group() for found in _CLASS_WORD.finditer(text))


def _password_record(cells: Cells) -> PasswordPolicy:
    """Read one rule per line: 最小文字数, 複雑性, 有効期限."""
    length = _LENGTH_ALONE.fullmatch(normalise(cells["length"]))
    if length:
        cells.take("length")
    cells.take_words(*_class_words(normalise(cells["classes"])))
    return PasswordPolicy(
        **cells.stamp(PasswordPolicy, cells.section.title),
        min_length=int(length.group(1)) if length else None,
        classes=_classes(normalise(cells["classes"])),
        expires_after=cells.maybe("expiry", _expiry, Message("design.expected-period")),
    )


def _expiry(text: str) -> Duration | None:
    return read_length(text)


def _audit(entry: PlacedEntry) -> AuditReview:
    refuse_description(entry.sentence)
    return AuditReview(
        **entry.stamp(AuditReview, entry.sentence),
        content=entry.sentence,
        schedule=schedule_within(entry.sentence) or section_schedule(entry.section),
    )


_ACCESS = words(
    "アクセス(?:管理|制御|権限)|アカウント|認証|パスワード|セキュリティ|access|account|authent|password|security|\\bmfa\\b|権限"
)
_SECURITY = words("セキュリティ|脆弱性|パッチ|security|vulnerabilit|patch")

SHAPES = ChapterShapes(
    tables=(
        TableShape(
            SecurityRoutine,
            _routine,
            headings=_SECURITY,
            columns={
                "name": words(
                    "項目|作業(?:項目|名)?|対策|タスク|チェック項目|施策|活動|item|task|activity|control"
                ),
                "frequency": words(
                    "(?:実施|実行|確認)?(?:頻度|周期|サイクル|時期|タイミング)|スケジュール|frequency|schedule|cadence"
                ),
                "clock": words("時刻|実施(?:日|時間|日時)|time"),
                "content": words(
                    "(?:実施|作業)?(?:内容|方法)|説明|概要|対象|content|description|scope|details?"
                ),
                "note": words("担当(?:者)?|備考|ツール|owner|notes?|tool"),
            },
            needs=("name", "frequency|clock"),
        ),
        TableShape(
            PasswordPolicy,
            _password_record,
            headings=words("パスワード|password"),
            columns={
                "length": words("(?:最小|最低)?(?:文字数|長さ|桁数)|(?:min(?:imum)?)?length"),
                "classes": words("複雑(?:性|さ)|文字種(?:別)?|complexity|characterclasses"),
                "expiry": words("有効期限|有効期間|変更(?:頻度|周期|間隔)|expir(?:y|ation)|maxage|rotation"),
            },
            needs=("length|classes|expiry",),
            record="length classes expiry",
        ),
    ),
    entries=(
        EntryShape(
            AuditReview,
            _audit,
            headings=words("監査ログの?(?:レビュー|確認|点検)|audit (?:log )?review"),
            avoid=words("確認手順"),
            within=3,
        ),
        EntryShape(
            AccessReview,
            _access_review,
            headings=_ACCESS,
            key=words(
                "(?:アクセス)?(?:権限|アカウント)の?(?:レビュー|棚卸し?|見直し|確認)"
                "|access (?:rights? )?review"
            ),
        ),
        EntryShape(
            AccountRemoval,
            _removal,
            headings=_ACCESS,
            key=words(
                "(?:退職者|離職者|異動者|不要)の?(?:アカウント|権限)の?(?:削除|停止|無効化)?"
                "|(?:account removal|offboarding|leavers?)"
            ),
        ),
        EntryShape(
            MfaRule,
            _mfa,
            headings=_ACCESS,
            key=words(
                r"(?:mfa|2fa)(?:\s*\(.*\))?|(?:多要素|二要素|2要素|二段階"
                r"|2段階)認証(?:\s*\(.*\))?|multi-factor authentication(?: \(mfa\))?"
            ),
        ),
        EntryShape(
            PasswordPolicy,
            _password,
            headings=_ACCESS,
            key=words("パスワード(?:の?ポリシー|要件|規則|ルール)?|password(?: policy| rules)?"),
        ),
        EntryShape(SecurityRoutine, _timed_routine, headings=_SECURITY, avoid=words("インシデント|incident")),
        EntryShape(
            SecurityRoutine,
            _listed_routine,
            headings=_SECURITY,
            avoid=words("インシデント|ポリシー|チェックリスト$|(?:レポート|報告書?)$|incident|\\breports?$"),
        ),
    ),
)
