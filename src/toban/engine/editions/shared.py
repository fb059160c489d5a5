"""The version in force belongs to the state database: nodes with other files run it all the same."""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import structlog
from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from toban.engine.editions import records
from toban.engine.editions.change import RowsOf
from toban.engine.editions.edition import Edition, Sources
from toban.engine.editions.models import SharedEdition
from toban.engine.state.question import Question

_SALT = "toban.engine.editions.shared"
_NUMBER = "number"
"""The file that keeps the highest number that a node has seen; in the evidence, that of a version."""
_SIGNED = "signature"

log = structlog.get_logger(__name__)

type Digests = tuple[str, str]


class StateDatabase:
    """See `Shared`. A version signed with another key than this node's counts as none.

    So does one with a lower number than was seen before, in *folder* or in the evidence: whoever can write to
    the database could otherwise put back any version that was ever signed, with whatever an approval has
    ended since. A new node has seen none, and goes by the evidence.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = folder / _NUMBER if folder is not None else None
        self._seen = 0
        self._compared = ""
        """The signature of what was compared with the evidence last."""
        self.number = 0
        """That of what is in the database."""
        self.is_put_back = False

    def digests(self) -> Digests | None:
        """Return the digests of the version in force; None if no node has put one there."""
        found = _signed()
        if found is None:
            return None
        if found.signature != self._compared:
            # Not noted in the file: what is restored with its evidence counts after the next start.
            self._seen = max(self._seen, _recorded())
            self._compared = found.signature
        seen, number = self.seen(), found.number
        self.number = number
        was_put_back, self.is_put_back = self.is_put_back, number < seen
        if self.is_put_back:
            if not was_put_back:
                log.error("edition_is_older_than_seen", number=number, seen=seen)
            return None
        self.note(number)
        return _digests_of(found)

    def seen(self) -> int:
        """Return the highest number that this node has seen; another process of it may have seen more."""
        try:
            kept = int(self._file.read_text(encoding="ascii")) if self._file is not None else 0
        except (OSError, ValueError):
            kept = 0
        return max(self._seen, kept)

    def note(self, number: int) -> None:
        """Take no lower number than *number* any more."""
        if number <= self.seen():
            return
        self._seen = number
        if self._file is None:
            return
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = self._file.with_name(f"{_NUMBER}.{os.getpid()}")
            new.write_text(str(number), encoding="ascii")
            new.replace(self._file)
        except OSError as error:
            # This process knows it anyway.
            log.warning("edition_number_not_kept", file=str(self._file), reason=str(error))

    def sources(self) -> Sources | None:
        """Return the contents of the version in force; whoever reads them compares their digests."""
        found = SharedEdition.objects.first()
        return (bytes(found.document), bytes(found.bindings)) if found is not None else None

    def was_in_force(self, digests: Digests) -> bool:
        """Return whether the evidence says that the version with *digests* was in force, and no longer is."""
        newest = records.in_force()
        is_newest = newest is not None and records.names(newest) == digests
        return not is_newest and records.was_in_force(digests)


def put_in_force(
    former: Edition | None,
    edition: Edition,
    sources: Sources | None,
    rows_of: RowsOf,
    now: datetime,
    *,
    gate: Mapping[str, object],
    seen: int,
) -> int:
    """Share *edition* with all nodes and record it, in the caller's transaction; see `share`."""
    number = share(edition, sources, seen) if sources is not None else 0
    signed = {_NUMBER: number, _SIGNED: _signature(edition.digests, number)} if number else {}
    records.record_in_force(former, edition, rows_of, now, gate=gate, shared=signed)
    return number


def share(edition: Edition, sources: Sources, seen: int = 0) -> int:
    """Make *edition*, read from *sources*, the version in force for every node, with a number above *seen*.

    The caller notes the number that is returned once that is committed. Without a key of its own, a node
    shares nothing, and 0 is returned.
    """
    if not settings.HAS_SECRET_KEY:
        return 0
    document, bindings = edition.digests
    former = _signed()
    last = former.number if former is not None else 0
    if former is not None and last >= max(seen, 1) and _digests_of(former) == edition.digests:
        return last
    number = max(last, seen) + 1
    SharedEdition.objects.update_or_create(
        pk=SharedEdition.ONLY,
        defaults={
            "document_digest": document,
            "bindings_digest": bindings,
            "document": sources[0],
            "bindings": sources[1],
            "number": number,
            "signature": _signature(edition.digests, number),
        },
    )
    return number


_NAMES = ("id", "document_digest", "bindings_digest", "number", "signature")
_NAMED = Question(lambda: SharedEdition.objects.values_list(*_NAMES).order_by("pk")[:1])


def _signed() -> SharedEdition | None:
    """Return what is in force, without its contents, if a node with the same key has signed it."""
    said = _NAMED.first()
    if said is None or not settings.HAS_SECRET_KEY:
        return None
    found = SharedEdition(**dict(zip(_NAMES, said, strict=True)))
    wanted = _signature(_digests_of(found), found.number)
    return found if constant_time_compare(found.signature, wanted) else None


def _recorded() -> int:
    """Return the number of the newest version in the evidence, if a node with the same key has signed it."""
    newest = records.in_force()
    shared = records.shared_in(newest) if newest is not None else {}
    number, signature = shared.get(_NUMBER), shared.get(_SIGNED)
    if newest is None or not isinstance(number, int) or not isinstance(signature, str):
        return 0
    wanted = _signature(records.names(newest), number)
    return number if constant_time_compare(signature, wanted) else 0


def _digests_of(found: SharedEdition) -> Digests:
    return found.document_digest, found.bindings_digest


def _signature(digests: Digests, number: int) -> str:
    # The number 0 is that of versions from before there were numbers.
    signed = "/".join((*digests, str(number)) if number else digests)
    return salted_hmac(_SALT, signed, algorithm="sha256").hexdigest()
