"""Doubtful settings in chapter 3's tables of a valid `toban.toml`. Pure."""

from collections.abc import Iterator

from toban.chapters.logs.bindings import LOGS, SYSLOG
from toban.chapters.logs.pulling.source import LOG_SOURCES
from toban.design.clauses.logs import LogKind
from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.engine.bindings.doubts import unstored
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.near import nearest
from toban.engine.telemetry.logs.words import kind_of
from toban.message import Message


def doubts(design: Design, bindings: Bindings) -> Iterator[Finding]:
    """Name archives without a store, syslog without a sender or listener, and kinds of log without a row."""
    archive = LOGS.of(bindings).archive
    if archive is not None:
        yield from unstored(
            bindings,
            "logs",
            archive.store,
            Message("logs.archive-destination"),
            Message("logs.nothing-deleted-until-then"),
        )
    yield from _unheard(bindings)
    yield from _unkept(design, bindings)


def _unheard(bindings: Bindings) -> Iterator[Finding]:
    """Name senders of syslog without a listener, and a listener without senders."""
    speaking = [name for name, sender in bindings.senders.items() if sender.networks]
    if SYSLOG.of(bindings) is not None and not speaking:
        yield Finding(
            "BD009",
            FindingLevel.WARNING,
            Origin(bindings.file, bindings.lines["syslog", ""]),
            Message("logs.syslog-without-senders"),
            "[syslog]",
            Message("logs.write-sender-networks"),
        )
    for name in speaking if SYSLOG.of(bindings) is None else ():
        yield Finding(
            "BD009",
            FindingLevel.WARNING,
            Origin(bindings.file, bindings.lines["senders", name]),
            Message("logs.sender-without-syslog", sender=name),
            f"[senders.{name}]",
            Message("logs.write-syslog-listener"),
        )


def _unkept(design: Design, bindings: Bindings) -> Iterator[Finding]:
    """Name kinds of log without a row in the document: nothing says how long they are kept."""
    rows = {kind_of(row.name): row.name for row in design.of(LogKind)}
    named = [
        ("senders", name, word)
        for name, sender in bindings.senders.items()
        for word in (sender.log, *sender.kinds, *(file.log for file in sender.files))
    ]
    named += [
        ("log_sources", name, getattr(each.config, "log", ""))
        for name, each in LOG_SOURCES.of(bindings).items()
    ]
    logs = LOGS.of(bindings)
    archived = logs.archive.kinds if logs.archive is not None else ()
    named += [("logs", "", word) for word in (*archived, *(rule.log for rule in logs.kinds))]
    for table, name, word in named:
        if not word or not rows or kind_of(word) in rows:
            continue
        near = nearest(word, rows.values())
        yield Finding(
            "BD009",
            FindingLevel.WARNING,
            Origin(bindings.file, bindings.lines[table, name]),
            Message("logs.kind-without-row", kind=word, document=design.document),
            f'log = "{word}"',
            Message("bindings.did-you-mean", near=near)
            if near
            else Message("logs.kinds-of-document", kinds=list(rows.values())),
        )
