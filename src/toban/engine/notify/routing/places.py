"""Which of the document's targets an alert from outside is about, by what its sender calls it. Pure.

Then maintenance, silences, and what is known of causes apply to it, too.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import BaseModel

from toban.design.clauses.monitoring import Monitor
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.notify.routing.contacts import folded

_NAMING = ("target", "service", "app", "job")
"""The labels whose values may be the document's word for a target; the first that is one counts."""


@dataclass(frozen=True, slots=True)
class Place:
    """A target and, if known, one of its instances."""

    target: str = ""
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """What the document and the bindings call places, and where these are reached."""

    targets: Mapping[str, str] = field(default_factory=dict)
    """Folded → as the document writes it."""
    instances: Mapping[str, frozenset[Place]] = field(default_factory=dict)
    """Folded name or address → the places that have it."""

    def of(self, labels: Mapping[str, str]) -> Place:
        """Return the place that *labels* name; with no target if they name none, or could mean several."""
        written = labels.get("instance", "")
        named = (self.targets.get(folded(labels.get(each, ""))) for each in _NAMING)
        target = next((each for each in named if each is not None), "")
        found = [each for each in self._at(written) if not target or each.target == target]
        if len(found) == 1:
            return found[0]
        known = {each.target for each in found}
        return Place(known.pop() if len(known) == 1 else target, written)

    def _at(self, written: str) -> frozenset[Place]:
        """Return the places at `db-1`, `db-1:9100` or an address that the bindings measure."""
        host, _, port = written.rpartition(":")
        exact = self.instances.get(folded(written), frozenset())
        return exact or (self.instances.get(folded(host), frozenset()) if port.isdigit() else exact)


NOWHERE = Places()


def places_of(design: Design, bindings: Bindings) -> Places:
    """Return the places that *design* names and *bindings* measure."""
    targets = dict.fromkeys((*(row.target for row in design.of(Monitor) if row.target), *bindings.targets))
    instances: dict[str, set[Place]] = defaultdict(set)
    for target, sources in bindings.targets.items():
        for bound in sources:
            instance, *addresses = _names(bound.config)
            for name in (instance, *addresses):
                instances[folded(name)].add(Place(target, instance))
    instances.pop("", None)
    return Places(
        {folded(target): target for target in targets},
        {name: frozenset(places) for name, places in instances.items()},
    )


def _names(config: BaseModel) -> Iterator[str]:
    """Yield the instance's name, empty if the config has none, and the addresses at which it is measured."""
    yield str(getattr(config, "place", "") or getattr(config, "instance", ""))
    url = getattr(config, "url", "")
    # One by reference is a secret.
    if isinstance(url, str):
        parts = urlsplit(url)
        yield parts.netloc.rpartition("@")[2]
        yield parts.hostname or ""
