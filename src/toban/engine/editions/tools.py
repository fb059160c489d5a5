"""The document's rows that name tools, compared with what is bound and heard from. Pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.design.clauses.monitoring import ToolChoice
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.message import NOTHING, Message, lines, sentences

_TOBAN = re.compile(r"toban|当番", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://\S+")
_NO_WORD = re.compile(r"[\W_]+")
_ALIASES = {"email": ("メール", "mail")}
"""Kind → what documents call it, if that is not its own name."""
_SHORTEST = 4
_NAMED = 5
"""The number of places whose trouble is said."""


@dataclass(frozen=True, slots=True)
class BoundTool:
    """One place in the bindings: a source, a channel."""

    kind: str
    place: str
    verdict: Verdict = Verdict.CONFORMING
    """Whether it is heard from."""
    trouble: Message = NOTHING
    """Why it is not."""


@dataclass(frozen=True, slots=True)
class ToolBindings:
    """What can be bound for a purpose, and what is."""

    kinds: Collection[str]
    bound: Sequence[BoundTool]
    file: str
    section: str
    """Where to bind: `[channels.NAME]`."""


def tool_status(row: ToolChoice, bindings: ToolBindings, now: datetime) -> StatusUpdate:
    """Return the status of a row: what is bound is of a kind that it names, and is heard from."""
    by_tool = {tool: named(tool, bindings.kinds) for tool in row.tools}
    kinds = {kind for found in by_tool.values() for kind in found}
    if not kinds:
        reason = Message("engine.tool-without-kind", tools=row.tools)
        return StatusUpdate(row.id, Verdict.DECLARED, NOTHING, reason, now)
    bound = [each for each in bindings.bound if each.kind in kinds]
    if not bound:
        return StatusUpdate(row.id, Verdict.UNBOUND, NOTHING, _not_bound(row, kinds, bindings), now)
    # A place without an occasion yet says nothing against one that works.
    used = [each for each in bound if each.verdict is not Verdict.NOT_DUE] or bound
    verdict = min((each.verdict for each in used), key=list(Verdict).index)
    there = {each.kind for each in bound}
    value = Message("engine.tools-bound", kinds=sorted(there), places=len(bound))
    missing = [tool for tool, found in by_tool.items() if not there & found]
    reason = lines(
        Message("engine.tools-heard") if verdict is Verdict.CONFORMING else NOTHING,
        *(each.trouble for each in [each for each in bound if each.trouble][:_NAMED]),
        Message("engine.tools-not-bound", tools=missing) if missing else NOTHING,
    )
    proof = {"kinds": sorted(there), "places": len(bound)}
    return StatusUpdate(row.id, verdict, value, reason, now, proof=proof)


def named(tool: str, kinds: Collection[str]) -> frozenset[str]:
    """Return those of *kinds* that a document means by *tool*; Toban itself may use any of them."""
    said = _ADDRESS.sub("", tool)
    is_ours = _TOBAN.search(said) is not None
    word = _NO_WORD.sub("", _TOBAN.sub("", said)).casefold()
    places = {kind: _place(kind, word) for kind in kinds}
    first = min((place for place in places.values() if place >= 0), default=None)
    if first is None:
        return frozenset(kinds) if is_ours else frozenset()
    # "CloudWatch Logs" is CloudWatch: what comes first is the tool, and the rest says which part of it.
    return frozenset(kind for kind, place in places.items() if place == first)


def _place(kind: str, word: str) -> int:
    """Return where *word* names *kind*; -1 if it does not."""
    own = _NO_WORD.sub("", kind)
    if len(word) >= _SHORTEST and own.startswith(word):
        return 0
    return max(word.find(each) for each in (own, *_ALIASES.get(kind, ())))


def _not_bound(row: ToolChoice, kinds: Collection[str], bindings: ToolBindings) -> Message:
    way_out = Message(
        "engine.bind-a-tool",
        tools=row.tools,
        file=bindings.file,
        section=bindings.section,
        kinds=[f'kind = "{kind}"' for kind in sorted(kinds)],
    )
    others = sorted({each.kind for each in bindings.bound})
    return sentences(way_out, Message("engine.other-kinds-bound", kinds=others) if others else NOTHING)
