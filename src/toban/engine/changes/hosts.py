"""The names by which changes know the hosts and services of a target."""

import re
from collections.abc import Callable, Iterator, Mapping

from pydantic import BaseModel

from toban.engine.bindings.model import Bindings, KindBinding
from toban.engine.editions.edition import Edition
from toban.engine.registry.ports import Port

type FindSeenHosts = Callable[[Edition], Mapping[str, frozenset[str]]]

SEEN_HOSTS: Port[FindSeenHosts] = Port("seen-hosts")
"""Returns the names of the hosts that are measured now, by the target that looks them up by discovery."""

_NAMES = ("instance", "place", "service")
"""The settings of sources that name what they measure."""
_PORT = re.compile(r":\d+$")


def hosts_of(bindings: Bindings) -> dict[str, set[str]]:
    """Return the names of each target's hosts and services, as far as *bindings* name them."""
    return {
        target: {name for each in sources for name in _names(each)}
        for target, sources in bindings.targets.items()
    }


def _names(source: KindBinding[BaseModel]) -> Iterator[str]:
    """Yield what the machine or service of *source* is called: `web-1:9100`, `web-1`."""
    for attribute in _NAMES:
        name = getattr(source.config, attribute, "")
        if isinstance(name, str) and name:
            yield name
            yield _PORT.sub("", name)
