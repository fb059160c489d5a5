"""Chapter 12, ドキュメント管理: documents and how they are kept current."""

import re
from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.section import normalise
from toban.design.shapes.sentence import refuse_description, schedule_within, several
from toban.design.shapes.shape import Cells, ChapterShapes, EntryShape, PlacedEntry, TableShape, words
from toban.design.values.schedule import Cadence, Schedule, read_schedule
from toban.message import Message

_DIAGRAM = r"構成|ネットワーク|アーキテクチャ|diagram|architecture|topology|network"
_CONTACTS = r"連絡|体制|当番|contact|on-?call|roster"
_ABOUT = (
    (_DIAGRAM, ("monitoring", "settings")),
    (r"障害|インシデント|復旧|復元|incident|outage|recovery|runbook", ("monitoring", "backup", "incident")),
    (_CONTACTS, ("duty", "objectives")),
    (r"リリース|デプロイ|release|deploy", ("release", "rollback")),
    (
        r"手順|運用|マニュアル|procedure|operation|manual|guide",
        ("logs", "backup", "release", "batch", "security", "routine"),
    ),
)
"""How a document is called, and what it is then taken to be about: chapters, and kinds of changes."""
_ANYTHING = ("document", "settings", "release")
_CHANGE = re.compile(r"変更|変え|改修|更新時|構成が変わ|\bchang")
_SAME_DAY = re.compile(r"その日のうち|当日中|当日のうち|同日中|同じ日|即日|\b(?:same|that) day\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedDocument(Clause):
    """A document, when it is updated and where it lives."""

    chapter: ClassVar[Chapter] = Chapter.DOCUMENTS
    kind: ClassVar[str] = "managed-document"

    name: str
    update: Schedule | None
    places: tuple[str, ...]

    @property
    def follows_changes(self) -> bool:
        """Whether it is updated when what it is about changes: 変更時."""
        return self.update is not None and self.update.cadence is Cadence.ON_EVENT

    @property
    def subjects(self) -> tuple[str, ...]:
        """What it is about, going by its name: the names of chapters, and of kinds of changes."""
        name = normalise(self.name)
        return next((about for pattern, about in _ABOUT if re.search(pattern, name)), _ANYTHING)

    @property
    def derived(self) -> str:
        """`diagram` or `contacts` if all that it says stands in the document and the bindings already."""
        name = normalise(self.name)
        # 障害時連絡体制 is about incidents too, and no list of contacts is more than that.
        named = {"contacts": _CONTACTS, "diagram": _DIAGRAM}
        return next((kind for kind, pattern in named.items() if re.search(pattern, name)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRule(Clause):
    """A rule for keeping documents current."""

    chapter: ClassVar[Chapter] = Chapter.DOCUMENTS
    kind: ClassVar[str] = "document-rule"

    content: str
    schedule: Schedule | None

    @property
    def follows_changes(self) -> bool:
        """Whether it orders that documents are updated when the system changes."""
        is_recurring = self.schedule is not None and self.schedule.cadence is not Cadence.ON_EVENT
        return not is_recurring and _CHANGE.search(normalise(self.content)) is not None

    @property
    def is_same_day(self) -> bool:
        """Whether they are updated on the day of the change."""
        return self.follows_changes and _SAME_DAY.search(normalise(self.content)) is not None


def _document(cells: Cells) -> ManagedDocument:
    name = cells.required("name")
    return ManagedDocument(
        **cells.stamp(ManagedDocument, name),
        name=name,
        update=cells.maybe("update", read_schedule, Message("design.expected-update-time")),
        places=several(cells["place"]),
    )


def _rule(entry: PlacedEntry) -> DocumentRule:
    refuse_description(entry.sentence)
    return DocumentRule(
        **entry.stamp(DocumentRule, entry.key or entry.sentence),
        content=entry.sentence,
        schedule=schedule_within(entry.sentence),
    )


SHAPES = ChapterShapes(
    tables=(
        TableShape(
            ManagedDocument,
            _document,
            headings=words("ドキュメント|文書|資料|手順書|document"),
            avoid=words("関連|参考|参照|related|reference"),
            columns={
                "name": words("(?:ドキュメント|文書|資料|手順書)(?:名|種別|種類)?|document(?:name|type)?"),
                "update": words(
                    "更新(?:頻度|時期|タイミング)|見直し(?:頻度|時期)?|updatefrequency|updated?|reviewcycle"
                ),
                "place": words("(?:管理|保管|保存)(?:場所|先)|格納先|場所|パス|location|path"),
                "content": words("内容|説明|概要|description|contents?"),
                "owner": words("管理者|担当(?:者|部署)?|owner"),
                "note": words("品質基準|形式|優先度|備考|format|priority|notes?"),
            },
            needs=("name", "update|place|content|owner"),
            inert=("content", "owner"),
            telling=("name update place",),
        ),
    ),
    entries=(
        EntryShape(
            DocumentRule,
            _rule,
            headings=words(
                "(?:ドキュメント|文書)の?(?:更新|見直し|レビュー|運用)|レビューサイクル"
                "|document (?:update|review|maintenance)"
            ),
            within=3,
        ),
    ),
)
