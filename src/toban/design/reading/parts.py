"""Blocks that are only a part of a procedure: whoever runs one of them alone does half of it, or too much.

A procedure is read whole or not at all. It is whole if it is all that stands to be done below its heading,
and if that heading does not itself say that it is a step of something.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from toban.design.clauses.backup import BackupProcedure, RestoreProcedure
from toban.design.clauses.base import Clause
from toban.design.markdown import Block, CodeBlock, Heading, NumberedList, Paragraph
from toban.design.reading.outcome import RowFate, RowOutcome, unread
from toban.design.reading.registry import STEPS
from toban.design.section import heading_text, normalise
from toban.design.shapes.commands import (
    commands_of,
    is_backup,
    is_prose,
    is_restore,
    loads_a_dump,
    runs_a_restore,
)
from toban.design.shapes.shape import SHELLS, words
from toban.message import Message

_PROCEDURES: frozenset[type[Clause]] = frozenset(
    {BackupProcedure, RestoreProcedure, *(shape.kind for shape in STEPS)}
)
_STEP = words(
    r"^\W*(?:step|stage|phase|part|ステップ|手順|フェーズ)\s?[:#]?\s?"
    r"(?:\d+|[a-z]|[一二三四五六])(?![a-zぁ-ヿ一-鿿])"
)
"""Headings of a step of something: Step 6: Restore."""
_NUMBERS = words(r"^[\d.]+[)、]?\s+")
_NUMBERED = words(r"^\d+[.)]\s")
_OF_STEPS = words(r"手順|手続|procedures?\b|\bsteps?\b|\bprocess\b")
_SCRIPT = "#!"
_STEPS = "steps"


def parts_of_procedures(blocks: Sequence[Block]) -> frozenset[int]:
    """Return the lines of the blocks that are only a part of what their section has to do."""
    return frozenset(line for headings, section in _sections(blocks) for line in _parts(section, headings))


def whole(outcome: RowOutcome, parts: frozenset[int]) -> RowOutcome:
    """Return the outcome, with a question where a part of a procedure was read as the procedure."""
    grounds = outcome.grounds if outcome.fate is RowFate.READ else None
    if grounds is None or outcome.line not in parts or grounds.kind not in _PROCEDURES:
        return outcome
    return unread(outcome.line, outcome.text, Message("design.part-of-a-procedure"), grounds)


def _sections(blocks: Sequence[Block]) -> Iterator[tuple[tuple[Heading, ...], list[Block]]]:
    """Yield the headings above, outermost first, with the blocks directly below the last of them."""
    headings: tuple[Heading, ...] = ()
    section: list[Block] = []
    for block in blocks:
        if not isinstance(block, Heading):
            section.append(block)
            continue
        yield headings, section
        above = tuple(heading for heading in headings if heading.level < block.level)
        headings, section = (*above, block), []
    yield headings, section


def _parts(section: Sequence[Block], headings: Sequence[Heading]) -> Iterator[int]:
    done = [
        (before, block)
        for before, block in zip((None, *section), section, strict=False)
        if isinstance(block, CodeBlock | NumberedList)
    ]
    acts = [_act(block) for _, block in done]
    counts = Counter(acts)
    is_step = _is_step(headings)
    for (before, block), act in zip(done, acts, strict=True):
        # A script is run as one, whatever is said about it beside.
        if not act or (isinstance(block, CodeBlock) and block.text.lstrip().startswith(_SCRIPT)):
            continue
        is_one_of_several = counts[act] > 1 or (act != _STEPS and counts[_STEPS] > 0)
        if is_step or is_one_of_several or (len(done) > 1 and _is_captioned_as_step(before)):
            yield block.line


def _is_captioned_as_step(before: Block | None) -> bool:
    return isinstance(before, Paragraph) and _STEP.match(normalise(before.text)) is not None


def _act(block: CodeBlock | NumberedList) -> str:
    """Return to what end it is run; empty for none. Steps go with everything, commands with their like."""
    if isinstance(block, NumberedList):
        return _STEPS
    commands = commands_of(block.text, block.language) if block.language.lower() in SHELLS else ()
    if is_prose(commands):
        return ""
    if any(loads_a_dump(command) or runs_a_restore(command) for command in commands):
        return "restore"
    if any(map(is_backup, commands)):
        return "backup"
    return "restore" if any(map(is_restore, commands)) else ""


def _is_step(headings: Sequence[Heading]) -> bool:
    if not headings:
        return False
    own = normalise(headings[-1].text)
    # A title such as 運用手順 is above every chapter.
    is_below = len(headings) > 1 and headings[-2].level > 1
    above = normalise(heading_text(headings[-2].text)) if is_below else ""
    if _NUMBERED.match(own) and _OF_STEPS.search(above):
        return True
    return any(_STEP.match(_NUMBERS.sub("", normalise(heading.text))) for heading in headings)
