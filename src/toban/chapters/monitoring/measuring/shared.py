"""Places that several targets are measured at: when one is down, nothing measured there has news. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from toban.chapters.monitoring.measuring.feeds import Feed

type Instance = tuple[str, str]
"""A target and the name of one of its sources."""


@dataclass(frozen=True, slots=True)
class SharedPlaces:
    """Which sources ask the very same place, configured alike."""

    groups: tuple[tuple[Instance, ...], ...] = ()
    """The sources of different targets that share a place."""

    def probes(self, rows: Mapping[str, str]) -> Mapping[Instance, str]:
        """Return, for what shares its place with another target's source, the alert that this is down.

        *rows* are the rows about whether a target is up: target → clause id.
        """
        return {
            each: f"{rows[target]}/{name}"
            for group in self.groups
            for each in group
            for target, name in group
            if target in rows and target != each[0]
        }


def shared_places(named: Iterable[tuple[Feed, str]]) -> SharedPlaces:
    """Return the places that several of the feeds ask, each given with the name of its source."""
    alike: dict[tuple[str, str], list[tuple[Any, Instance]]] = defaultdict(list)
    for feed, name in named:
        # A config need not be hashable: what looks alike is compared.
        alike[feed.bound.kind, repr(feed.bound.config)].append((feed.bound.config, (feed.target, name)))
    groups = (group for some in alike.values() for group in _equal(some))
    return SharedPlaces(tuple(group for group in groups if len({target for target, _ in group}) > 1))


def _equal(some: list[tuple[Any, Instance]]) -> Iterator[tuple[Instance, ...]]:
    while some:
        config = some[0][0]
        yield tuple(each for other, each in some if other == config)
        some = [pair for pair in some if pair[0] != config]
