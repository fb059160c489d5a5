"""What a sender may write: lines that claim another kind or service are kept as its own. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from toban.chapters.logs.intake.columns import Leftovers
from toban.engine.telemetry.logs.words import APPLICATION, AUDIT


@dataclass(frozen=True, slots=True)
class SenderPins:
    """The kinds and services that a sender may write."""

    kinds: frozenset[str] = frozenset()
    """By Toban's own names; empty: all, but an audit log only as the bindings say."""
    services: tuple[str, ...] = ()
    """`*` matches anything; empty: all."""
    kind: str = ""
    """The kind of its lines that name none; it may always write that."""
    service: str = ""
    """The service of its lines that name none; it may always write that."""

    def own_kinds(self, inferred: Sequence[str]) -> Sequence[str]:
        """Return the kinds of lines that name none, by what the bindings say of fields and content."""
        if not self.kinds or self.kinds.issuperset(inferred):
            return inferred
        usual = self.kind or (APPLICATION if APPLICATION in self.kinds else min(self.kinds))
        return [each if each == self.kind or each in self.kinds else usual for each in inferred]

    def claimed_kinds(self, claims: Sequence[str], own: Sequence[str], leftovers: Leftovers) -> Sequence[str]:
        """Return *claims* as far as allowed, and else *own*; what was claimed stays as `claimedKind`."""
        return _kept(self._may_be, claims, own, leftovers, "claimedKind")

    def claimed_services(self, claims: Sequence[str], leftovers: Leftovers) -> Sequence[str]:
        """Return *claims* as far as allowed; what else was claimed stays as `claimedService`."""
        if not self.services:
            return claims
        return _kept(self._may_be_of, claims, [self.service] * len(claims), leftovers, "claimedService")

    def _may_be(self, kind: str) -> bool:
        return kind == self.kind or (kind in self.kinds if self.kinds else kind != AUDIT)

    def _may_be_of(self, service: str) -> bool:
        return service in ("", self.service) or any(fnmatchcase(service, each) for each in self.services)


def _kept(
    is_allowed: Callable[[str], bool],
    claims: Sequence[str],
    own: Sequence[str],
    leftovers: Leftovers,
    name: str,
) -> Sequence[str]:
    refused = {claim for claim in set(claims) if not is_allowed(claim)}
    if not refused:
        return claims
    for place, (claim, otherwise) in enumerate(zip(claims, own, strict=True)):
        if claim in refused and claim != otherwise:
            leftovers[place][name] = claim
    return [otherwise if claim in refused else claim for claim, otherwise in zip(claims, own, strict=True)]
