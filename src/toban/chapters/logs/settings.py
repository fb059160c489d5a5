"""How long the places of logs keep their lines, beside what the rows say. See `COMPARED_SETTINGS`."""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
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
from toban.design.values.duration import Duration, TimeUnit
from toban.engine.drift.setting import ComparedSetting, SettingUnknown
from toban.engine.editions.edition import Edition
from toban.engine.stores.store import STORE_KINDS, ExpiresObjects, StoreKind, StoreTrouble
from toban.engine.telemetry.logs.words import AUDIT, kind_of
from toban.message import Message, message_of


def settings(edition: Edition) -> Iterator[ComparedSetting]:
    """Yield by what the bound places of the document's kinds of log delete them."""
    yield from _fetched(edition)
    yield from _shipped(edition)


def _fetched(edition: Edition) -> Iterator[ComparedSetting]:
    kinds = edition.kinds.of(LOG_SOURCE_KINDS)
    rows = {kind_of(row.name): row for row in edition.design.of(LogKind)}
    for bound in LOG_SOURCES.of(edition.bindings).values():
        kind, config = kinds[bound.kind], bound.config
        row = rows.get(kind_of(config.log)) if config.log else None
        if row is not None and kind.keeping is not None:
            look = partial(_retention, kind, config)
            yield ComparedSetting(row=row, value=LOG_RETENTION, place=kind.keeping(config), look=look)


def _shipped(edition: Edition) -> Iterator[ComparedSetting]:
    """Yield the life cycle of the place that the audit log is shipped to."""
    asked = edition.bindings.evidence
    bound = edition.bindings.stores.get(asked.store) if asked is not None and asked.store else None
    row = next((each for each in edition.design.of(LogKind) if kind_of(each.name) == AUDIT), None)
    if asked is not None and bound is not None and row is not None:
        kind = edition.kinds.of(STORE_KINDS)[bound.kind]
        place = Message("logs.life-cycle-of", store=asked.store)
        look = partial(_expiry, kind, bound.config)
        yield ComparedSetting(row=row, value=LOG_RETENTION, place=place, look=look)


def _expiry(kind: StoreKind, config: Any) -> str | None:
    with closing(kind.build(config)) as store:
        if not isinstance(store, ExpiresObjects):
            return None
        try:
            days = store.expiry()
        except StoreTrouble as unknown:
            raise SettingUnknown(message_of(unknown)) from unknown
    # Without a life cycle Toban alone deletes there, by the row.
    return None if days is None else str(Duration(Decimal(days), TimeUnit.DAY))


def _retention(kind: LogSourceKind, config: Any) -> str:
    with closing(kind.build(config)) as source:
        if not isinstance(source, KeepsLines):
            raise SettingUnknown(Message("logs.keeps-unknown"))
        try:
            return str(source.retention())
        except Unfetchable as unknown:
            raise SettingUnknown(message_of(unknown)) from unknown
