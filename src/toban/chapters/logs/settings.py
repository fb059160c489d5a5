"""How long the places of logs keep their lines, beside what the rows say. See `COMPARED_SETTINGS`."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

from toban.chapters.logs.pulling.source import (
    LOG_SOURCE_KINDS,
    LOG_SOURCES,
    KeepsLines,
    LogSourceKind,
    Unfetchable,
)
from toban.design.clauses.logs import LogKind
from toban.design.stated.values import LOG_RETENTION
from toban.engine.drift.setting import ComparedSetting, SettingUnknown
from toban.engine.editions.edition import Edition
from toban.engine.telemetry.logs.words import kind_of
from toban.message import Message, message_of


def settings(edition: Edition) -> Iterator[ComparedSetting]:
    """Yield the retention of every bound place whose lines are of one of the document's kinds of log."""
    kinds = edition.kinds.of(LOG_SOURCE_KINDS)
    rows = {kind_of(row.name): row for row in edition.design.of(LogKind)}
    for bound in LOG_SOURCES.of(edition.bindings).values():
        kind, config = kinds[bound.kind], bound.config
        row = rows.get(kind_of(config.log)) if config.log else None
        if row is not None and kind.keeping is not None:
            look = partial(_retention, kind, config)
            yield ComparedSetting(row=row, value=LOG_RETENTION, place=kind.keeping(config), look=look)


def _retention(kind: LogSourceKind, config: Any) -> str:
    with closing(kind.build(config)) as source:
        if not isinstance(source, KeepsLines):
            raise SettingUnknown(Message("logs.keeps-unknown"))
        try:
            return str(source.retention())
        except Unfetchable as unknown:
            raise SettingUnknown(message_of(unknown)) from unknown
