"""`toban logs --from-archive`: the same search, over logs that the store no longer holds."""

import os
from collections.abc import Sequence

from django.db import DatabaseError

from toban.chapters.logs.keeping.archive import ArchivedLogs
from toban.chapters.logs.keeping.places import store_of
from toban.engine.editions.edition import Edition
from toban.engine.registry.parts import Parts
from toban.engine.stores.store import STORE_KINDS, Store, StoreTrouble
from toban.engine.telemetry.logs.search import FoundRow, LogTerm, TimeSpan
from toban.engine.telemetry.parquet import UnreadableParquet
from toban.faces.cli.kept import edition_of, named_edition
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say
from toban.message import Message, message_of

_UNUSABLE = 2


def newest_archived(parts: Parts, terms: Sequence[LogTerm], span: TimeSpan, limit: int) -> list[FoundRow]:
    """Return the newest rows of the archive, the oldest first; if there is no archive, end with status 2."""
    store = _store(parts)
    try:
        archived = ArchivedLogs(store)
        manifests = archived.manifests(terms, span)
        if not manifests:
            refuse(
                Message(
                    "logs.nothing-archived", store=store.name, first=span.start.date(), last=span.end.date()
                ),
                Message("logs.search-without-archive"),
            )
            raise SystemExit(_UNUSABLE)
        size = sum(part.size for each in manifests for part in each.parts)
        days = Message("logs.days", count=len(manifests))
        say(Message("logs.searching-archive", store=store.name, days=days, count=size), err=True)
        return archived.newest(manifests, terms, span, limit=limit)[::-1]
    except (StoreTrouble, UnreadableParquet, OSError) as trouble:
        refuse(
            Message("logs.archive-unreadable", trouble=message_of(trouble)),
            Message("logs.check-archive-store"),
        )
        raise SystemExit(_UNUSABLE) from trouble
    finally:
        store.close()


def _edition(parts: Parts) -> Edition:
    """Return the edition in force; the archive can be read even if the state database is lost."""
    try:
        return edition_of(parts)
    except DatabaseError:
        if "TOBAN_DESIGN" in os.environ:
            return named_edition(parts)
        with usable_state():
            raise


def _store(parts: Parts) -> Store:
    bindings = _edition(parts).bindings
    store = store_of(bindings, parts.kinds.of(STORE_KINDS))
    if store is None:
        refuse(
            Message("logs.no-archive-bound", file=bindings.file),
            Message("logs.write-archive-store"),
        )
        raise SystemExit(_UNUSABLE)
    return store
