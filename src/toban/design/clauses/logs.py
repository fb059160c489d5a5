"""Chapter 3, ログ管理: kinds of log, format, levels."""

import json
import re
from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.section import normalise
from toban.design.shapes.sentence import several
from toban.design.shapes.shape import (
    Built,
    Cells,
    ChapterShapes,
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
from toban.design.values.duration import Retention, read_retention
from toban.design.values.remark import rest_of
from toban.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKind(Clause):
    """A kind of log, its destination and its retention."""

    chapter: ClassVar[Chapter] = Chapter.LOGS
    kind: ClassVar[str] = "log-kind"

    name: str
    content: str
    destination: str
    retention: Retention | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFormat(Clause):
    """An example log record."""

    chapter: ClassVar[Chapter] = Chapter.LOGS
    kind: ClassVar[str] = "log-format"

    language: str
    fields: tuple[str, ...]
    """Field names, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLevel(Clause):
    """A level and whether production writes it."""

    chapter: ClassVar[Chapter] = Chapter.LOGS
    kind: ClassVar[str] = "log-level"

    name: str
    purpose: str
    in_production: bool | None


_LEVEL = re.compile(
    r"trace|debug|info(?:rmation)?|notice|warn(?:ing)?|err(?:or)?|crit(?:ical)?|fatal|alert|emerg(?:ency)?"
)
_YES = re.compile(
    r"[○◯〇✓✔✅☑]|有効|出力(?:する|あり)|^(?:あり|有り?|する|yes|on|true|enabled?)\b|^(?:あり|有|する)"
)
_DEVELOPMENT_ONLY = words(
    r"(?:開発|検証|試験|テスト|ステージング|ローカル)(?:環境|時|中|機)?(?:での?|に)?(?:出力|有効|使用|利用)?(?:のみ|だけ|限定|に限)"
    r"|本番[^。、()]{0,12}(?:しない|せず|さない|なし|無効|不可|禁止|オフ|off)"
    r"|\b(?:development|dev|local|test(?:ing)?|staging|non-?production)(?: \w+)? only\b"
    r"|\bonly (?:in|for|during) (?:development|dev|local|test(?:ing)?|staging)\b"
    r"|\b(?:never|not|off|disabled|forbidden)(?: \w+)? (?:in|for|on) prod(?:uction)?\b"
)
"""Words in the purpose of a level by which production doesn't write it."""
_NO = re.compile(r"^[-—–―ー－]$|[×✕✖❌✗☓]|無効|出力しない|^(?:なし|無し?|しない|no|off|false|disabled?)")


_NO_LOG = re.compile(
    r"^(?!.*(?:ログ|\blogs?\b)).*(?:バックアップ|スナップショット|ダンプ|データ|\b(?:backups?|snapshots?|dumps?|data))$"
)
"""What is kept beside logs in one table (日次バックアップ, 顧客データ)."""


def _kind(cells: Cells) -> LogKind:
    name = cells.first("log", "name")
    if not name:
        raise NotUnderstood(Message("design.log-without-kind"))
    if _NO_LOG.search(normalise(name)):
        raise NotUnderstood(Message("design.not-a-log", words=name))
    return LogKind(
        **cells.stamp(LogKind, name),
        name=name,
        content=cells["content"],
        destination=cells["destination"],
        retention=cells.maybe("retention", read_retention, Message("design.expected-period")),
    )


def _kept(entry: PlacedEntry) -> LogKind:
    """Read an entry such as アプリケーションログ: 30日間."""
    retention = read_retention(entry.value)
    if retention is None:
        raise unreadable(entry.value, label=entry.key, expected=Message("design.expected-period"))
    entry.take(entry.value)
    return LogKind(
        **entry.stamp(LogKind, entry.key), name=entry.key, content="", destination="", retention=retention
    )


def _kept_each(entry: PlacedEntry) -> Built:
    """Read an entry such as ログ保存期間: アプリログ: 90日、監査ログ: 3年."""
    kinds = []
    for part in several(entry.value):
        name, _, kept = part.replace("：", ":").rpartition(":")
        retention = read_retention(kept.strip())
        if not name or retention is None:
            raise unreadable(part, label=entry.key, expected=Message("design.expected-log-with-period"))
        name = name.strip()
        stamp = entry.stamp(LogKind, name)
        kinds.append(LogKind(**stamp, name=name, content="", destination="", retention=retention))
    entry.take()
    return tuple(kinds)


def _level(cells: Cells) -> LogLevel:
    name = cells.name("level")
    if not _LEVEL.fullmatch(normalise(name)):
        raise NotUnderstood(Message("design.not-a-log-level", words=name))
    if len(set(cells.column("level"))) < len(cells.column("level")):
        raise NotUnderstood(Message("design.log-events-not-levels"))
    # A dash is an answer here: not written.
    written = cells.written("production")
    cells.take("production")
    return LogLevel(
        **cells.stamp(LogLevel, name),
        name=name,
        purpose=cells["purpose"],
        in_production=read_value(written, _flag, label=name, expected=Message("design.expected-yes-or-no"))
        if written
        else _in_production(cells["purpose"]),
    )


def _in_production(purpose: str) -> bool | None:
    return False if _DEVELOPMENT_ONLY.search(normalise(purpose)) else None


def _flag(text: str) -> bool | None:
    plain = normalise(text)
    if plain in {"x", "o"}:
        return plain == "o"
    said = {
        answer
        for pattern, answer in ((_NO, False), (_YES, True))
        if pattern.search(plain) and not rest_of(pattern.sub(" ", plain), ())
    }
    return said.pop() if len(said) == 1 else None


def _level_entry(entry: PlacedEntry) -> LogLevel:
    return LogLevel(
        **entry.stamp(LogLevel, entry.key),
        name=entry.key,
        purpose=entry.value,
        in_production=_in_production(entry.value),
    )


def _format(code: PlacedCode) -> LogFormat:
    """Return the field names of the sample; with several records, those of the first."""
    text = code.block.text.strip()
    try:
        record, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError) as flaw:
        raise NotUnderstood(Message("design.log-sample-not-json")) from flaw
    if not isinstance(record, dict) or not record:
        raise NotUnderstood(Message("design.log-sample-not-object"))
    return LogFormat(
        **code.place.stamp(LogFormat, code.place.section.heading),
        language=code.block.language or "json",
        fields=tuple(record),
    )


_LOG = words(r"ログ|\blogs?\b|\blogging\b|監査証跡")

SHAPES = ChapterShapes(
    tables=(
        TableShape(
            LogKind,
            _kind,
            headings=_LOG,
            avoid=words("ログレベル|ログパターン|変更ログ|changelog"),
            columns={
                "log": words(
                    "ログ(?:種別|種類|の種類|名称?|ファイル(?:名)?|区分|グループ名)?|log(?:type|kind|name|file|group(?:name)?)?s?"
                ),
                "name": words("種別|種類|名称|イベント|カテゴリ|データ種別|type|name|event"),
                "retention": words(
                    "(?:推奨)?(?:ログ)?(?:保持|保存|保管)(?:期間|日数)|(?:log)?retention(?:period)?|kept(?:for)?"
                ),
                "destination": words(
                    "(?:出力|保存|保管|格納|送信)(?:先|場所)|(?:ファイル|出力|ログ)?パス|ディレクトリ|ロググループ|location|destination|path|storage|storedin"
                ),
                "content": words(
                    "(?:記録|出力)?(?:内容|項目)|用途|説明|目的|概要|(?:ログ)?ソース|content|description|purpose|what|(?:log)?source"
                ),
                "note": words(
                    "(?:出力|ログ)?レベル|ローテーション(?:条件)?|アーカイブ期間|備考|形式|フォーマット|確認コマンド|format|rotation|level|notes?"
                ),
            },
            needs=("log|name", "retention|destination"),
            telling=("log retention",),
        ),
        TableShape(
            LogLevel,
            _level,
            headings=_LOG,
            columns={
                "level": words("(?:ログ)?レベル|(?:log)?level|severity"),
                "production": words("本番(?:環境)?(?:での)?(?:出力)?|production|prod"),
                "purpose": words(
                    "用途|内容|説明|意味|使用場面|目的|基準|定義|purpose|description|usage|meaning|use"
                ),
                "note": words(
                    "例|開発(?:環境)?(?:出力)?|ステージング(?:環境)?|備考|example|development|staging|notes?"
                ),
            },
            needs=("level", "purpose|production"),
            telling=("level production",),
        ),
    ),
    entries=(
        EntryShape(LogLevel, _level_entry, headings=words("ログレベル|log ?levels?"), key=_LEVEL),
        EntryShape(
            LogKind, _kept_each, headings=words("."), key=words("ログの?(?:保存|保持|保管)期間"), within=1
        ),
        EntryShape(
            LogKind,
            _kept,
            headings=words("保存|保持|保管|ログ管理|ログ保|^(?:各種)?ログ$|^logs?$|^logging$|retention"),
            key=words(".*(?:ログ|logs?|証跡)"),
        ),
    ),
    code=(
        CodeShape(
            LogFormat,
            _format,
            headings=words(
                "ログ(?:の|出力)?(?:フォーマット|形式|json)|構造化ログ|のjson形式|json形式"
                "|log format|structured log"
            ),
            avoid=words("クエリ|設定|検索|分析"),
            languages=frozenset({"", "json", "jsonl", "ndjson"}),
        ),
    ),
)
