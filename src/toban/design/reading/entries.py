"""List entries, rows of key-value tables and numbered steps as clauses."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from toban.design.clauses.base import Clause
from toban.design.clauses.labels import KINDS
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.design.markdown import BulletList, NumberedList, Paragraph
from toban.design.origin import Origin
from toban.design.reading.grounds import Grounds
from toban.design.reading.leftover import left_of_entry, left_over, without_left_over
from toban.design.reading.outcome import RowFate, RowOutcome, aside, read, unread
from toban.design.reading.registry import ENTRIES, STEPS, TABLES
from toban.design.reading.weight import weighed
from toban.design.section import DocumentSection, normalise
from toban.design.shapes.objective_name import objective_named
from toban.design.shapes.shape import (
    CLOSE,
    Ambiguous,
    Built,
    Cells,
    ClausePlace,
    EntryShape,
    NotUnderstood,
    PlacedEntry,
    PlacedSteps,
    StepsShape,
    TableShape,
    is_blank,
    roles_of,
    words,
)
from toban.message import NOTHING, Message, message_of
from toban.text import columns_of

_KEYED = re.compile(
    r"(?P<key>[^:：\n。]{1,60}?)\s*(?:(?<!/)[:：](?!//)(?<!\d[:：](?=\d))(?<![a-z]:(?=[a-z]))|：)\s*(?P<value>.*)",
    re.DOTALL,
)
_DASHED = re.compile(r"(?P<key>[^—\n。:：]{1,60}?)\s+—\s+(?P<value>[^—]*)", re.DOTALL)
_FULL_STOP = re.compile(r"。$|(?<=[\d%)])\.$|(?<=[A-Za-z]{2})\.$")
"""The end of a sentence: left in place, it would be part of the unit (< 300ms.)."""
_STATES_A_RULE = re.compile(
    r"\d\s*(?:%|ms\b|秒|分|時間|日|週|[かヶケ]月|年|世代|回|件|[千万]?円|台|文字|gb\b|mb\b|tb\b|seconds?|minutes?|hours?|days?|weeks?|months?|years?)"
    r"|半[年期日]|[¥$]\d|\d{2,4}-\d{2,4}-\d{3,4}|毎[日週月朝晩時分年]|[日週月年]次|四半期|随時|即[時日座]|\w@\w|(?:^|\s)#[a-z]|必須|禁止|連続|以内|以上|以下|未満|\d:\d\d|24/7"
    r"|\b(?:daily|weekly|monthly|quarterly|must|within|at least|every|required)\b"
)
_STEP_LINE = re.compile(r"\s*(?:\d+[.)、]|step\s*\d+[:.]?|[①-⑳])\s*(.+)", re.IGNORECASE)
_ABOUT_THE_DOCUMENT = words(
    "(?:文書|ドキュメント|プロジェクト|システム)名|(?:作成|更新|最終更新|発行|改訂|承認|変更)(?:日|日時|者)|版数?|バージョン|ステータス|対象読者|作成"
    "|author|version|(?:last )?updated|date|status|document (?:name|status)|next review|次回レビュー"
)
_APPROVED = words("リリース|デプロイ|変更管理|release|deploy|change management")
# ア 日報の確認: numbered by hand, below a bullet.
_MARK = re.compile(r"^(?:[ア-ン][.．、)）\s]|[(（](?:\d{1,2}|[ア-ン])[)）]|[①-⑳])\s*(?=\S)")
_DRAWN = re.compile(r"[─-╿▼▲►◄◀▶]|\+-{3,}|^\s*\|\s*$|^\s*[|│]\s.*\s[|│]\s*$", re.MULTILINE)
"""Boxes and their lines: only the drawing says what follows what."""
_ARROW = re.compile(r"\s*(?:→|⇒|->|=>|↓)\s*")


@dataclass(frozen=True, slots=True)
class EntryLine:
    """A list entry, or a row of a key-value table, before it is understood."""

    line: int
    text: str
    key: str
    value: str
    section: DocumentSection
    checked: bool | None = None
    is_step: bool = False
    is_row: bool = False
    """Whether it is in a table: then it counts as a row whatever it says."""
    depth: int = 0
    is_caption: bool = False
    """Whether it names the entries nested in it, and states nothing itself: 定期作業 over three tasks."""
    left: Message = NOTHING
    """What stands beside it, in a column that nothing reads."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """An entry tried as one kind: its clauses, or why it has none."""

    shape: EntryShape
    score: float
    built: Built | None = None
    reason: Message = NOTHING
    left: Message = NOTHING
    is_ambiguous: bool = False
    """Whether it is of this kind although one of its values has two meanings."""
    is_formed: bool = False


_KEYS = 2
"""What the key of a kind weighs, and the keys of a row in several entries."""
# Nobody writes a longer text to be read as a value.
LONGEST = 2000


def split_key(text: str) -> tuple[str, str]:
    """Split `稼働時間: 24時間365日` into key and value; a sentence has an empty key and is its own value."""
    keyed = _KEYED.fullmatch(text) or _DASHED.fullmatch(text)
    if keyed is None or is_blank(keyed["value"]) or _is_open(keyed["key"]):
        return "", text
    return keyed["key"].strip(), _FULL_STOP.sub("", keyed["value"].strip())


def caption_of(paragraph: Paragraph) -> str:
    """Return a short line above a table or list, which serves as its heading; empty for running text."""
    text = paragraph.text.strip()
    is_short = (
        len(text) <= 60 and columns_of(text) <= 60 and "\n" not in text and not text.endswith(("。", "."))
    )
    if text.startswith(("|", "<")):
        return ""
    # Error rate: 5xx answers, without those … introduces a list as its key does.
    key = split_key(text)[0]
    is_keyed = bool(key) and "\n" not in text and text[len(key) :].lstrip().startswith((":", "："))
    return text.rstrip(":：") if is_short else key if is_keyed else ""


def _is_open(key: str) -> bool:
    """Say whether the colon is inside a bracket: 稼働確認 (緑: 正常)."""
    return sum(map(key.count, "(（[「")) > sum(map(key.count, ")）]」"))


def lines_of(block: BulletList | NumberedList, section: DocumentSection) -> list[EntryLine]:
    """Return the entries of a list; a nested entry has its parent as its caption."""
    lines: list[EntryLine] = []
    above: list[str] = []
    for item, after in zip_longest(block.items, block.items[1:]):
        del above[item.depth :]
        text = _MARK.sub("", item.text)
        key, value = split_key(text)
        place = section.captioned(above[-1]) if above else section
        lines.append(
            EntryLine(
                item.line,
                text,
                key,
                value,
                place,
                checked=item.checked,
                is_step=item.ordered,
                depth=item.depth,
                is_caption=not key and after is not None and after.depth > item.depth,
            )
        )
        above.append(text)
    return lines


def fact_lines(texts: Sequence[str], start: int, section: DocumentSection) -> list[EntryLine]:
    """Return the facts of a paragraph if all its lines are `key: value`, otherwise none."""
    lines = []
    for offset, text in enumerate(texts):
        key, value = split_key(text)
        if not key:
            return []
        lines.append(EntryLine(start + offset, text, key, value, section))
    return lines


def read_facts(lines: Sequence[EntryLine], document: str) -> Iterator[RowOutcome]:
    """Yield the row that facts in running text form together, if any; alone only an RPO or RTO is one."""
    record = _read_record(tuple(lines), document)
    used = {line.line for line in record[1]} if record is not None else set()
    if record is not None:
        yield from weighed([record[0]])
    for line in lines:
        if line.line not in used and objective_named(line.key)[0]:
            outcome = _read_line(line, document)
            if outcome.fate is RowFate.READ:
                yield from map(without_left_over, weighed([outcome]))


def read_steps(
    block: NumberedList | BulletList, section: DocumentSection, document: str
) -> RowOutcome | None:
    """Read a numbered list that as a whole is a procedure of a known kind; otherwise return None."""
    steps = tuple(item.text for item in block.items if item.depth == 0)
    shapes = steps_shapes(section)
    if not shapes or not isinstance(block, NumberedList):
        return None
    if len(steps) < 2:
        return unread(block.line, "\n".join(steps), Message("design.not-numbered-steps"))
    return _as_steps(shapes, block.line, steps, section, document)


def read_step_text(text: str, line: int, section: DocumentSection, document: str) -> RowOutcome | None:
    """Read a code block that holds such a procedure: numbered lines, or steps joined by arrows."""
    shapes = steps_shapes(section)
    if not shapes:
        return None
    if is_drawn(text):
        return unread(line, text, Message("design.steps-as-diagram"))
    steps = steps_in(text)
    if len(steps) < 2:
        return unread(line, text, Message("design.not-numbered-steps"))
    return _as_steps(shapes, line, steps, section, document)


def is_drawn(text: str) -> bool:
    return _DRAWN.search(text) is not None


def steps_in(text: str) -> tuple[str, ...]:
    numbered = tuple(found.group(1).strip() for found in map(_STEP_LINE.fullmatch, text.split("\n")) if found)
    if len(numbered) > 1:
        return numbered
    return tuple(part.strip() for part in _ARROW.split(text.replace("\n", " ")) if part.strip())


def steps_shapes(section: DocumentSection) -> tuple[StepsShape, ...]:
    """Return the kinds of procedure that the nearest heading announces."""
    return tuple(
        shape
        for shape in STEPS
        if section.nearness(shape.headings) == 3 and not (shape.avoid and section.nearness(shape.avoid) > 1)
    )


def _as_steps(
    shapes: Sequence[StepsShape], line: int, steps: tuple[str, ...], section: DocumentSection, document: str
) -> RowOutcome:
    text = "\n".join(steps)
    kinds = dict.fromkeys(shape.kind for shape in shapes)
    if len(kinds) > 1:
        return unread(line, text, _two_kinds(kinds))
    place = ClausePlace(Origin(document, line), text, section)
    try:
        built = shapes[0].build(PlacedSteps(place, steps))
        return read(line, text, built, Grounds(shapes[0].kind, shapes[0].headings, section))
    except NotUnderstood as reason:
        return unread(line, text, message_of(reason))


def _two_kinds(kinds: Iterable[type[Clause]]) -> Message:
    return Message("design.two-kinds-of-entry", kinds=tuple(KINDS[kind.kind] for kind in kinds))


def read_lines(lines: Sequence[EntryLine], document: str) -> Iterator[RowOutcome]:
    """Yield what became of each entry; entries that form one row together come out as one."""
    taken: set[int] = set()
    for group in _groups(lines):
        record = _read_record(group, document)
        # Lines that are rules by themselves only looked like the columns of one row.
        is_record = record is not None and (
            record[0].fate is RowFate.READ or not any(_is_read(line, document) for line in record[1])
        )
        if record is not None and is_record:
            outcome, used = record
            yield from weighed([outcome])
            yield from (
                aside(line.line, line.text, Message("design.one-rule-with-line", line=used[0].line))
                for line in used[1:]
            )
            taken.update(line.line for line in used)
    left = [line for line in lines if line.line not in taken]
    outcomes = {line.line: _read_line(line, document) for line in left}
    for group in _groups(left):
        settled = map(without_left_over, weighed([outcomes[line.line] for line in group]))
        outcomes |= {outcome.line: outcome for outcome in settled}
    yield from outcomes.values()


def _groups(lines: Sequence[EntryLine]) -> Iterator[tuple[EntryLine, ...]]:
    """Group the entries that are siblings; nested ones form their own groups."""
    by_section: dict[DocumentSection, list[EntryLine]] = {}
    for line in lines:
        by_section.setdefault(line.section, []).append(line)
    return (tuple(group) for group in by_section.values())


def _read_record(group: tuple[EntryLine, ...], document: str) -> tuple[RowOutcome, list[EntryLine]] | None:
    """Read entries that are the columns of one row (頻度: …, 保持期間: …), and say which ones were used."""
    keyed = [line for line in group if line.key and len(line.text) <= LONGEST]
    if len(keyed) < 2:
        return None
    records = sorted(_records(keyed, document), key=lambda record: -record.score)
    if not records:
        return None
    # A kind whose values can't be read has only seemed to fit.
    read_ones = [record for record in records if record.outcome.fate is RowFate.READ]
    best = (read_ones or records)[0]
    kinds = dict.fromkeys(record.kind for record in read_ones if record.score >= best.score - CLOSE)
    if len(kinds) > 1:
        return unread(best.outcome.line, best.outcome.text, _two_kinds(kinds)), best.used
    return best.outcome, best.used


@dataclass(frozen=True, slots=True)
class _Record:
    """Entries tried as one row of a kind, with those that were used."""

    kind: type[Clause]
    score: float
    outcome: RowOutcome
    used: list[EntryLine]


def _records(keyed: Sequence[EntryLine], document: str) -> Iterator[_Record]:
    section = keyed[0].section
    for shape in TABLES:
        if not shape.record or not section.nearness(shape.headings):
            continue
        if shape.avoid is not None and section.nearness(shape.avoid) > 1:
            continue
        roles = roles_of(tuple(line.key for line in keyed), shape.columns)
        if len(set(shape.record.split()) & set(roles)) < 2:
            continue
        score = (
            2 * section.nearness(shape.headings) + len(roles) + (3 if shape.tells(frozenset(roles)) else 0)
        )
        yield _Record(shape.kind, score, *_as_record(shape, roles, keyed, document))


def _as_record(
    shape: TableShape, roles: Mapping[str, int], keyed: Sequence[EntryLine], document: str
) -> tuple[RowOutcome, list[EntryLine]]:
    used = [keyed[index] for role, index in sorted(roles.items(), key=lambda pair: pair[1]) if role != "note"]
    values = {role: keyed[index].value for role, index in roles.items()}
    labels = {role: keyed[index].key for role, index in roles.items()}
    text = "\n".join(line.text for line in used)
    place = ClausePlace(Origin(document, used[0].line), text, used[0].section)
    grounds = Grounds(shape.kind, shape.headings, used[0].section, tuple(labels.items()), telling=_KEYS)
    try:
        cells = Cells(place, values, labels)
        built = shape.build(cells)
        # What has no role is an entry by itself, and is listed as one.
        left = left_over(cells, shape, {}, built) or next((line.left for line in used if line.left), NOTHING)
        return without_left_over(read(used[0].line, text, built, grounds, left)), used
    except NotUnderstood as reason:
        return unread(used[0].line, text, message_of(reason)), used


def _is_about_the_document(line: EntryLine) -> bool:
    """Say whether it is about the document itself; below リリース the approver is that of a release."""
    return (
        _ABOUT_THE_DOCUMENT.fullmatch(normalise(line.key)) is not None
        and line.section.nearness(_APPROVED) < 2
    )


def _is_read(line: EntryLine, document: str) -> bool:
    return _read_line(line, document).fate is RowFate.READ


def _read_line(line: EntryLine, document: str) -> RowOutcome:
    if len(line.text) > LONGEST:
        return aside(line.line, line.text, Message("design.prose"))
    if _is_about_the_document(line):
        return aside(line.line, line.text, Message("design.about-the-document"))
    place = ClausePlace(Origin(document, line.line), line.text, line.section)
    entry = PlacedEntry(place, line.key, line.value, line.checked)
    for shapes in ENTRIES:
        trials = [_tried(shape, entry, line.section) for shape in shapes if _fits(shape, line)]
        trials.sort(key=lambda trial: -trial.score)
        outcome = _decided(trials, line)
        if outcome is not None:
            return outcome
    if line.is_step:
        return aside(line.line, line.text, Message("design.a-step"))
    if line.is_row or _STATES_A_RULE.search(normalise(line.text)):
        return unread(line.line, line.text, Message("design.unknown-rule", heading=line.section.title))
    return aside(line.line, line.text, Message("design.no-rule"))


def _tried(shape: EntryShape, entry: PlacedEntry, section: DocumentSection) -> _Trial:
    # The columns that tell a table's kind weigh as much as a key: see `reading.tables`.
    score = 2 * section.nearness(shape.headings) + (3 if shape.key else 0)
    entry = replace(entry, pieces=[])
    try:
        is_formed = shape.is_formed is not None and shape.is_formed(entry)
        built = shape.build(entry)
        left = left_of_entry(entry, has_key=shape.key is not None, built=built)
        return _Trial(shape, score, built=built, left=left, is_formed=is_formed)
    except NotUnderstood as flaw:
        return _Trial(shape, score, reason=message_of(flaw), is_ambiguous=isinstance(flaw, Ambiguous))


def _decided(trials: list[_Trial], line: EntryLine) -> RowOutcome | None:
    """Return the entry as the kind that fits best, or ask the author if another fits as well.

    Trials come best first. The key of a kind says more than a heading, even if its value is unclear.
    """
    found = [trial for trial in trials if trial.built is not None or trial.is_ambiguous]
    surest = next((trial for trial in trials if trial.shape.key is not None), None)
    if surest is not None and (not found or surest.score > found[0].score + CLOSE):
        return unread(line.line, line.text, surest.reason)
    if not found:
        return None
    best = found[0]
    kinds = dict.fromkeys(trial.shape.kind for trial in found if trial.score >= best.score - CLOSE)
    if len(kinds) > 1:
        return unread(line.line, line.text, _two_kinds(kinds))
    grounds = Grounds(
        best.shape.kind,
        best.shape.headings,
        line.section,
        key=line.key if best.shape.key else "",
        telling=_KEYS if best.shape.key is not None or _is_ticked(line, best.shape) else best.shape.telling,
        is_sentence=not line.key,
        is_formed=best.is_formed,
    )
    if best.built is None:
        return unread(line.line, line.text, best.reason, grounds)
    return read(line.line, line.text, best.built, grounds, best.left or line.left)


def _is_ticked(line: EntryLine, shape: EntryShape) -> bool:
    """Say whether it is a task with a box to tick, which nobody draws beside anything else that is timed."""
    return line.checked is not None and issubclass(shape.kind, (Routine, SecurityRoutine))


def _fits(shape: EntryShape, line: EntryLine) -> bool:
    # Nested entries are remarks or steps; a check box is a task wherever it is.
    if shape.key is None and line.checked is None and (line.is_step or line.depth > 0 or line.is_caption):
        return False
    if shape.key is not None and not shape.key.fullmatch(normalise(line.key)):
        return False
    if line.section.nearness(shape.headings) < shape.within:
        return False
    return shape.avoid is None or line.section.nearness(shape.avoid) < 2
