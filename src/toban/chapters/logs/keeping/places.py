"""Where the bindings say to archive logs and ship evidence."""

from collections.abc import Mapping

from toban.chapters.logs.audit.shipping import Destination
from toban.chapters.logs.bindings import LOGS
from toban.chapters.logs.keeping.archive import Archivist, LogArchive, NoArchive
from toban.engine.bindings.model import Bindings
from toban.engine.stores.store import Store, StoreKind
from toban.engine.telemetry.logs.words import kind_of
from toban.engine.telemetry.store import Telemetry
from toban.message import Message


def archive_of(bindings: Bindings, kinds: Mapping[str, StoreKind], telemetry: Telemetry) -> Archivist | None:
    """Return the archive that *bindings* ask for; None if they ask for none."""
    asked = LOGS.of(bindings).archive
    if asked is None:
        return None
    store = store_of(bindings, kinds)
    if store is None:
        return NoArchive(Message("logs.archive-store-not-bound", file=bindings.file, store=asked.store))
    return LogArchive(store, telemetry, frozenset(map(kind_of, asked.kinds)) or None)


def store_of(bindings: Bindings, kinds: Mapping[str, StoreKind]) -> Store | None:
    """Return the store of the archive, or None if no store of that name is bound. Makes no connection."""
    asked = LOGS.of(bindings).archive
    bound = bindings.stores.get(asked.store) if asked is not None else None
    return kinds[bound.kind].build(bound.config) if bound is not None else None


def destination_of(bindings: Bindings, kinds: Mapping[str, StoreKind]) -> Destination | None:
    """Return where evidence is shipped to; None if *bindings* ask for nothing."""
    asked = bindings.evidence
    if asked is None or not asked.store:
        return None
    bound = bindings.stores.get(asked.store)
    store = kinds[bound.kind].build(bound.config) if bound is not None else None
    return Destination(store, asked.store, asked.lock.upper())
