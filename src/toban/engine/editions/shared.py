"""The version in force belongs to the state database: nodes with other files run it all the same."""

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from toban.engine.editions import records
from toban.engine.editions.edition import Edition, Sources
from toban.engine.editions.models import SharedEdition

_SALT = "toban.engine.editions.shared"

type Digests = tuple[str, str]


class StateDatabase:
    """See `Shared`. A version signed with another key than this node's counts as none."""

    def digests(self) -> Digests | None:
        """Return the digests of the version in force; None if no node has put one there."""
        found = SharedEdition.objects.values_list("document_digest", "bindings_digest", "signature").first()
        if found is None or not settings.HAS_SECRET_KEY:
            return None
        document, bindings, signature = found
        is_ours = constant_time_compare(signature, _signature((document, bindings)))
        return (document, bindings) if is_ours else None

    def sources(self) -> Sources | None:
        """Return the contents of the version in force; whoever reads them compares their digests."""
        found = SharedEdition.objects.first()
        return (bytes(found.document), bytes(found.bindings)) if found is not None else None

    def was_in_force(self, digests: Digests) -> bool:
        """Return whether the evidence says that the version with *digests* once was in force."""
        return records.was_in_force(digests)


def share(edition: Edition, sources: Sources) -> None:
    """Make *edition*, read from *sources*, the version in force for every node.

    The caller records it in the same transaction. Without a key of its own, a node shares nothing.
    """
    if not settings.HAS_SECRET_KEY:
        return
    document, bindings = edition.digests
    SharedEdition.objects.update_or_create(
        pk=SharedEdition.ONLY,
        defaults={
            "document_digest": document,
            "bindings_digest": bindings,
            "document": sources[0],
            "bindings": sources[1],
            "signature": _signature(edition.digests),
        },
    )


def _signature(digests: Digests) -> str:
    return salted_hmac(_SALT, "/".join(digests), algorithm="sha256").hexdigest()
