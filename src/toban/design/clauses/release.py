"""Chapter 5, デプロイ・リリース: flow, rules per environment, calendar, rollback."""

import re
from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.section import normalise
from toban.design.shapes.shape import (
    Cells,
    ChapterShapes,
    EntryShape,
    NotUnderstood,
    PlacedEntry,
    PlacedSteps,
    StepsShape,
    TableShape,
    words,
)
from toban.design.shapes.timing import read_when, row_schedule
from toban.design.values.duration import Duration, read_within
from toban.design.values.schedule import Schedule
from toban.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployFlow(Clause):
    """The steps from review to production."""

    chapter: ClassVar[Chapter] = Chapter.RELEASE
    kind: ClassVar[str] = "deploy-flow"

    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployRule(Clause):
    """How to deploy to one environment."""

    chapter: ClassVar[Chapter] = Chapter.RELEASE
    kind: ClassVar[str] = "deploy-rule"

    environment: str
    method: str
    trigger: str
    approver: str
    """Empty if none is needed (不要)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSchedule(Clause):
    """A kind of release and when it may happen."""

    chapter: ClassVar[Chapter] = Chapter.RELEASE
    kind: ClassVar[str] = "release-schedule"

    name: str
    schedule: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackProcedure(Clause):
    """The steps of a rollback, and how fast it must be done."""

    chapter: ClassVar[Chapter] = Chapter.RELEASE
    kind: ClassVar[str] = "rollback-procedure"

    steps: tuple[str, ...]
    within: Duration | None


_PROMISE = re.compile(r"\d+(?:\.\d+)?\s*(?:秒|分|時間)以内|within \d+ \w+")
_ALTERNATIVE = words(r"(?:via|by|using|option|method)\b|方法|案|(?:[^、。]{1,20})(?:による|経由)")
_RELEASED = words(
    r"リリース|デプロイ|バージョン|旧版|前版|タグ|イメージ|切り?戻し|ビルド|コミット|ブランチ"
    r"|release|deploy|version|\b(?:builds?|tags?|images?|artifacts?|git|ci/cd|commits?|revisions?|blue)\b"
)
_NEEDS_NO_APPROVAL = re.compile(r"不要|なし|none|not required")


def _flow(steps: PlacedSteps) -> DeployFlow:
    return DeployFlow(**steps.place.stamp(DeployFlow, steps.place.section.heading), steps=steps.steps)


def _rollback(steps: PlacedSteps) -> RollbackProcedure:
    """Read the whole list; a time in one step (5分以内) is the promise for the whole rollback.

    Headings or steps must name a release: what is undone may be a recovery or a change of settings.
    """
    if not any(map(_RELEASED.search, (*steps.place.section.words, normalise(steps.place.text)))):
        raise NotUnderstood(Message("design.rollback-of-what"))
    if all(map(_ALTERNATIVE.match, map(normalise, steps.steps))):
        raise NotUnderstood(Message("design.alternatives-not-steps"))
    promises = (_PROMISE.search(normalise(step)) for step in steps.steps)
    within = next((read_within(found.group()) for found in promises if found), None)
    return RollbackProcedure(
        **steps.place.stamp(RollbackProcedure, steps.place.section.heading), steps=steps.steps, within=within
    )


def _rule(cells: Cells) -> DeployRule:
    environment = cells.required("environment")
    approver = cells["approver"]
    if _NEEDS_NO_APPROVAL.fullmatch(normalise(approver)):
        cells.take("approver")
    return DeployRule(
        **cells.stamp(DeployRule, environment),
        environment=environment,
        method=cells.required("method"),
        trigger=cells["trigger"],
        approver="" if _NEEDS_NO_APPROVAL.fullmatch(normalise(approver)) else approver,
    )


def _schedule(cells: Cells) -> ReleaseSchedule:
    name = cells.required("name") if cells.has("name") else cells.headed(cells.section.heading)
    if not (cells["frequency"] or cells["timing"]):
        raise NotUnderstood(Message("design.release-without-time"))
    return ReleaseSchedule(
        **cells.stamp(ReleaseSchedule, name), name=name, schedule=row_schedule(cells, clock="timing")
    )


def _listed(entry: PlacedEntry) -> ReleaseSchedule:
    """Read an entry such as 定期リリース: 毎月第1水曜 20:00."""
    schedule = entry.read(read_when, Message("design.expected-release-time"))
    return ReleaseSchedule(**entry.stamp(ReleaseSchedule, entry.key), name=entry.key, schedule=schedule)


SHAPES = ChapterShapes(
    tables=(
        TableShape(
            DeployRule,
            _rule,
            headings=words("デプロイ|リリース|環境|deploy|release|environment"),
            columns={
                "environment": words("環境(?:名)?|environment|env|stage"),
                "method": words(
                    "デプロイ(?:方式|方法|手段)?|リリース(?:方式|方法)|方式|方法|deploy(?:ment)?(?:method)?|method"
                ),
                "trigger": words("トリガー|契機|きっかけ|条件|タイミング|ブランチ|trigger|when|branch"),
                "approver": words("承認(?:者|要否)?|approv(?:al|er|ed ?by)"),
                "note": words("url|認証|db|備考|notes?"),
            },
            needs=("environment", "method"),
            telling=("environment method approver",),
        ),
        TableShape(
            ReleaseSchedule,
            _schedule,
            headings=words("リリース|release"),
            columns={
                "name": words(
                    "(?:リリース)?(?:種別|種類|区分|名)|リリース|(?:release)?(?:type|name)|release"
                ),
                "frequency": words("(?:リリース)?(?:頻度|周期|サイクル)|frequency|cadence|cycle"),
                "timing": words(
                    "(?:リリース|実施)?(?:タイミング|日時|日|曜日|時間帯|時期)|スケジュール|timing|schedule|when|day"
                ),
                "note": words("内容|説明|備考|対象|承認者?|notes?|description"),
            },
            needs=("name", "frequency|timing"),
            telling=("name frequency timing",),
        ),
        TableShape(
            ReleaseSchedule,
            _schedule,
            headings=words("リリース|release"),
            avoid=words("手順|フロー|環境"),
            columns={
                "frequency": words("(?:リリース)?(?:頻度|周期|サイクル)|frequency|cadence"),
                "timing": words("(?:リリース|実施)?(?:タイミング|日時|日|曜日|時間帯|時期)|timing|when"),
            },
            needs=("frequency|timing",),
            record="frequency timing",
            record_only=True,
        ),
    ),
    entries=(
        EntryShape(
            ReleaseSchedule,
            _listed,
            headings=words("リリース|release"),
            key=words(
                "(?:定期|通常|緊急|メジャー|マイナー|パッチ|月次|週次|hotfix|major|minor|patch|regular|emergency).{0,8}(?:リリース|releases?)"
            ),
        ),
    ),
    steps=(
        StepsShape(
            RollbackProcedure,
            _rollback,
            headings=words("ロールバック|切り?戻し|roll ?back"),
            avoid=words(
                r"判断|基準|方針|条件|契機|トリガー|確認|検証|後の|訓練|演習|テスト|(?:した|できた|成功した|しない|できない)場合"
                r"|\b(?:triggers?|criteria|conditions|verif\w+|confirm\w+|post-?rollback|after|rehearsals?|drills?|tests?)\b|^(?:if|when|once)\b"
            ),
        ),
        StepsShape(
            DeployFlow,
            _flow,
            headings=words(
                "(?:デプロイ(?:メント)?|リリース)の?(?:フロー|手順|流れ|プロセス)"
                "|(?:deploy(?:ment)?|release) (?:flow|process|procedure|steps)"
            ),
        ),
    ),
)
