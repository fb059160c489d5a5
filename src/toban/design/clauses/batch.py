"""Chapter 6, バッチ処理: batches and how they run."""

import re
from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.section import normalise
from toban.design.shapes.sentence import several
from toban.design.shapes.shape import (
    Cells,
    ChapterShapes,
    EntryShape,
    NotUnderstood,
    PlacedEntry,
    TableShape,
    words,
)
from toban.design.shapes.timing import is_attribute, is_clock, read_times, row_schedules
from toban.design.values.normal import plain
from toban.design.values.retry import FailureAction, RetryRule, read_failure_actions, read_retry
from toban.design.values.schedule import Schedule, together
from toban.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Clause):
    """A job, when it runs and what happens when it fails."""

    chapter: ClassVar[Chapter] = Chapter.BATCH
    kind: ClassVar[str] = "batch"

    batch_id: str
    name: str
    schedule: Schedule
    work: str
    on_failure: tuple[FailureAction, ...]
    on_failure_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduler(Clause):
    """What starts the batches."""

    chapter: ClassVar[Chapter] = Chapter.BATCH
    kind: ClassVar[str] = "scheduler"

    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRetry(Clause):
    """The retry rule for all batches."""

    chapter: ClassVar[Chapter] = Chapter.BATCH
    kind: ClassVar[str] = "batch-retry"

    rule: RetryRule


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchWatch(Clause):
    """What is watched about batches."""

    chapter: ClassVar[Chapter] = Chapter.BATCH
    kind: ClassVar[str] = "batch-watch"

    aspects: tuple[str, ...]


def _batch(cells: Cells) -> Batch:
    batch_id, name = cells["batch_id"], cells["name"]
    if not (batch_id or name) and cells.has("name"):
        raise NotUnderstood(Message("design.batch-without-id-and-name"))
    name = name or ("" if cells.has("name") or batch_id else cells.headed(cells.section.title))
    # A clock needs a frequency next to it, except in a column that says when the batch starts (毎日 2:00).
    schedules = row_schedules(cells, clock="start" if cells.has("start") else "clock")
    if not cells["frequency"] and any(map(is_clock, schedules)):
        raise NotUnderstood(Message("design.batch-without-frequency"))
    written = plain(cells["frequency"] or cells["start"] or cells["clock"])
    schedule = together(schedules, written)
    if schedule is None:
        raise NotUnderstood(Message("design.batch-with-several-schedules"))
    failure = cells["failure"]
    return Batch(
        **cells.stamp(Batch, batch_id or name),
        batch_id=batch_id,
        name=name or batch_id,
        schedule=schedule,
        work=cells["work"],
        on_failure=read_failure_actions(failure) or (),
        on_failure_text=failure,
    )


def _listed(entry: PlacedEntry) -> Batch:
    """Read an entry such as 在庫照合: 毎日 5:00."""
    schedules = read_times(_RUNS.sub("", entry.value)) if entry.key and not is_attribute(entry) else ()
    schedule = together(schedules, plain(entry.value))
    if schedule is None or not (schedule.is_timed or schedule.every) or _NO_JOB.search(normalise(entry.key)):
        raise NotUnderstood(Message("design.not-a-batch-with-time"))
    return Batch(
        **entry.stamp(Batch, entry.key),
        batch_id="",
        name=entry.key,
        schedule=schedule,
        work="",
        on_failure=(),
        on_failure_text="",
    )


def _scheduler(entry: PlacedEntry) -> Scheduler:
    return Scheduler(**entry.stamp(Scheduler, entry.key), tools=several(entry.value))


def _retry(entry: PlacedEntry) -> BatchRetry:
    return BatchRetry(
        **entry.stamp(BatchRetry, entry.key),
        rule=entry.read(read_retry, Message("design.expected-retry-rule")),
    )


def _watch(entry: PlacedEntry) -> BatchWatch:
    return BatchWatch(**entry.stamp(BatchWatch, entry.key), aspects=several(entry.value))


_RUNS = re.compile(r"^(?:runs?|cron:?)\s+", re.IGNORECASE)
_NO_JOB = words(
    "監視|確認|チェック|点検|レビュー|開始|終了|起動|実行|頻度|周期|スケジュール|時間|時刻|失敗|リトライ"
    "|monitor|check|review|frequency|schedule|retry|timeout"
)
_BATCH = words("バッチ|ジョブ|batch|\\bjobs?\\b|\\bcron\\b")

SHAPES = ChapterShapes(
    tables=(
        TableShape(
            Batch,
            _batch,
            headings=_BATCH,
            columns={
                "batch_id": words("(?:バッチ|ジョブ)(?:id|番号)|(?:batch|job) ?id"),
                "name": words("(?:バッチ|ジョブ|処理)名|(?:batch|job) ?name"),
                "frequency": words(
                    "(?:実行|起動)?(?:頻度|周期|タイミング|スケジュール|間隔|契機)|frequency|schedule|cron"
                ),
                "clock": words("(?:実行|起動|開始)(?:時間|時刻)|時刻|time"),
                "work": words("処理(?:内容|概要)?|内容|概要|work|description"),
                "failure": words("(?:失敗|異常|エラー|障害)時の?(?:対応|処理|動作)?|リカバリ|on ?failure"),
                "length": words("(?:所要|処理|想定処理)時間|duration"),
            },
            needs=("frequency|clock",),
            record="batch_id name frequency clock work failure length",
            record_only=True,
        ),
        TableShape(
            Batch,
            _batch,
            headings=_BATCH,
            avoid=words("採番|依存|監視|ログ"),
            columns={
                "batch_id": words(
                    "(?:バッチ|ジョブ|処理|タスク)?(?:id|番号)|(?:バッチ|ジョブ)no\\.?|(?:batch|job|task)(?:id|no\\.?)"
                ),
                "name": words(
                    "(?:バッチ|ジョブ(?:ネット)?)(?:名|処理名|処理)?|(?:処理|タスク|プログラム)名?|名称|name|(?:batch|job|task)(?:name|job)?"
                ),
                "frequency": words(
                    "(?:実行|起動|処理)?(?:頻度|条件|周期|サイクル|タイミング|スケジュール|間隔|契機)|(?:run)?(?:frequency|schedule|timing|interval)|cron"
                ),
                "start": words("(?:実行|起動|開始|処理開始)(?:時間|時刻|日時)|(?:start|run)time"),
                "clock": words("時刻|時間|time"),
                "work": words("処理(?:内容|概要)?|(?:説明|内容|概要|目的)|description|work|purpose|what"),
                "failure": words(
                    "(?:失敗|異常(?:終了)?|エラー|障害)時の?(?:対応|処理|動作|アクション)?|リカバリ(?:方法)?|on(?:failure|error)|failure(?:action|handling)?"
                ),
                "note": words(
                    "no\\.?|#|項番|依存関係|リトライ回数|定義書|備考|優先度|(?:所要|最大実行|想定実行)時間|担当|前提|後続|sla|predecessor.*|successor.*|domain|jcl(?:name)?|(?:cobol)?programs?|duration|notes?"
                ),
            },
            needs=("name|batch_id", "frequency|start"),
            telling=("batch_id name frequency",),
        ),
    ),
    entries=(
        EntryShape(
            Scheduler,
            _scheduler,
            headings=_BATCH,
            key=words("スケジューラー?|実行基盤|ジョブ管理(?:ツール)?|scheduler"),
        ),
        EntryShape(
            BatchRetry,
            _retry,
            headings=_BATCH,
            key=words("リトライ(?:方針|ポリシー)?|再試行|再実行|retry|retries"),
        ),
        EntryShape(BatchWatch, _watch, headings=_BATCH, key=words("監視(?:項目|内容)?|実行監視|monitoring")),
        EntryShape(Batch, _listed, headings=_BATCH, avoid=words("監視|手順|障害|メンテナンス"), within=3),
    ),
)
