"""Warnings about a valid `toban.toml`: above all names that no row uses, which are usually typos."""

from collections.abc import Callable, Collection, Iterable, Iterator

from toban.design.assumption import Meaning
from toban.design.clauses.duty import DutyRole
from toban.design.clauses.monitoring import Monitor
from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.engine.bindings.load import secret_findings
from toban.engine.bindings.model import WHOLE_SYSTEM, Bindings
from toban.engine.bindings.near import nearest
from toban.engine.bindings.table import Schema
from toban.message import Message

type Doubts = Callable[[Design, Bindings], Iterable[Finding]]
"""Returns an extension's warnings about its own tables."""


def binding_findings(
    design: Design, bindings: Bindings, schema: Schema, doubts: Iterable[Doubts] = ()
) -> tuple[Finding, ...]:
    """Return all warnings about valid bindings; none of them stops Toban."""
    return (
        *secret_findings(bindings),
        *_named_in_vain(design, bindings, schema),
        *_meant_in_vain(design, bindings),
        *_evidence_unstored(bindings),
        *(finding for doubt in doubts for finding in doubt(design, bindings)),
    )


def _named_in_vain(design: Design, bindings: Bindings, schema: Schema) -> Iterator[Finding]:
    """Yield a finding for each entry of *bindings* that the document never mentions."""
    for table in schema.tables:
        if table.names is not None:
            names = table.names(design)
            yield from _unknown(design, bindings, table.name, table.of(bindings).keys() - names, names)
    targets = {monitor.target or WHOLE_SYSTEM for monitor in design.of(Monitor)}
    roles = {duty.role for duty in design.of(DutyRole)}
    called = {role for step in bindings.notices.escalation for role in step.to}
    known = roles | called | _taking_turns(design, bindings)
    # A role may be named in any row: 担当者, 承認, 通知先.
    mentioned = {name for name in bindings.people if any(name in clause.text for clause in design.clauses)}
    yield from _unknown(design, bindings, "targets", bindings.targets.keys() - targets, targets)
    yield from _unknown(design, bindings, "people", bindings.people.keys() - mentioned - known, roles)
    yield from _unknown(design, bindings, "duty", bindings.duty.keys() - roles - called, roles)


_MEANINGS = {
    Meaning.CLOCK: Message("bindings.a-clock-time"),
    Meaning.DAYS: Message("bindings.days"),
    Meaning.LEVEL: Message("bindings.a-level"),
}


def _meant_in_vain(design: Design, bindings: Bindings) -> Iterator[Finding]:
    """Yield a finding for each word of `[assumptions]` that is in no row, or can't mean what is written."""
    asked = {each.word: each.meaning for clause in design.clauses for each in clause.assumptions}
    words = {word for word in asked if word}
    yield from _unknown(design, bindings, "assumptions", bindings.meanings.keys() - words, words)
    for word, meaning in bindings.meanings.items():
        kind = asked.get(word)
        if kind is not None and not meaning.says(kind):
            yield Finding(
                "BD010",
                FindingLevel.WARNING,
                Origin(bindings.file, bindings.lines["assumptions", word]),
                Message("bindings.meaning-does-not-fit", word=word, meaning=meaning.text),
                f'"{word}" = "{meaning.text}"',
                Message("bindings.write-that-fits", kind=_MEANINGS[kind]),
            )


def _evidence_unstored(bindings: Bindings) -> Iterator[Finding]:
    asked = bindings.evidence
    if asked is None:
        return
    if asked.store:
        yield from unstored(
            bindings,
            "evidence",
            asked.store,
            Message("bindings.destination-of-evidence"),
            Message("bindings.no-evidence-shipped"),
        )
    if asked.channel and asked.channel not in bindings.channels:
        near = nearest(asked.channel, bindings.channels)
        yield Finding(
            "BD009",
            FindingLevel.WARNING,
            Origin(bindings.file, bindings.lines["evidence", ""]),
            Message("bindings.no-channel-for-heads", channel=asked.channel),
            f'channel = "{asked.channel}"',
            Message("bindings.did-you-mean", near=near)
            if near
            else Message("bindings.write-channel", channel=asked.channel),
        )


def unstored(
    bindings: Bindings, table: str, store: str, what: Message, meanwhile: Message
) -> Iterator[Finding]:
    """Yield a finding if *store*, the destination of *what*, is not bound; *meanwhile* names the effect."""
    if store in bindings.stores:
        return
    near = nearest(store, bindings.stores)
    yield Finding(
        "BD009",
        FindingLevel.WARNING,
        Origin(bindings.file, bindings.lines[table, ""]),
        Message("bindings.no-such-store", what=what, store=store, meanwhile=meanwhile),
        f'store = "{store}"',
        Message("bindings.did-you-mean", near=near) if near else Message("bindings.write-store", store=store),
    )


def _taking_turns(design: Design, bindings: Bindings) -> set[str]:
    by_document = {name for duty in design.of(DutyRole) if duty.rotation for name in duty.rotation.people}
    layers = (layer for duty in bindings.duty.values() for layer in duty.layers)
    return by_document | {name for layer in layers for name in layer.people}


def _unknown(
    design: Design, bindings: Bindings, table: str, names: Collection[str], known: Collection[str]
) -> Iterator[Finding]:
    bound = {entry for of, entry in bindings.lines if of == table}
    for name in sorted(names, key=lambda each: bindings.lines[table, each]):
        near = nearest(name, known, taken=bound)
        choices = tuple(Message("bindings.quoted", name=each) for each in sorted(known))
        yield Finding(
            "BD009",
            FindingLevel.WARNING,
            Origin(bindings.file, bindings.lines[table, name]),
            Message("bindings.in-no-row", name=name, document=design.document),
            f'[{table}."{name}"]',
            Message("bindings.did-you-mean", near=near)
            if near
            else Message("bindings.write-the-documents-word", choices=choices or Message("bindings.none")),
        )
