"""The operation of stores: each store is tested by `toban check --live`."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

from toban.engine.bindings.model import KindBinding
from toban.engine.editions.edition import Edition
from toban.engine.operation import Operation, Rows
from toban.engine.stores.store import STORE_KINDS, StoreKind, StoreTrouble
from toban.engine.trial import Trial, TrialCode, place_of, quote_of
from toban.message import Message, message_of


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _trials(edition: Edition, _now: datetime) -> Iterator[Trial]:
    bindings = edition.bindings
    for name, bound in bindings.stores.items():
        yield Trial(
            TrialCode.STORE,
            Message("stores.store", name=name),
            place_of(bindings, "stores", name),
            quote_of("stores", name, bound),
            partial(_doubts, edition.kinds.of(STORE_KINDS)[bound.kind], bound),
            Message("stores.check-place-and-rights"),
        )


def _doubts(kind: StoreKind, bound: KindBinding[Any]) -> Iterator[Message]:
    """Write, read and remove a small object."""
    store = kind.build(bound.config)
    key, content = f"toban-check/{uuid4().hex}", secrets.token_bytes(64)
    try:
        stored = store.put(key, content)
        try:
            # A sealed object can only be opened with its key, which need not be on this machine.
            if not stored.sealed and store.read(key) != content:
                yield Message("stores.read-something-else", place=store.name)
        finally:
            store.delete([key])
    except StoreTrouble as error:
        yield message_of(error)
    finally:
        store.close()


OPERATION = Operation(plan=_plan, trials=_trials)
