"""Doubtful settings in the tables of patches of a valid `toban.toml`. Pure."""

from collections.abc import Iterator

from toban.chapters.patching.bindings import hosts_twice
from toban.chapters.patching.manager import PATCHING
from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.toml import key
from toban.message import Message


def doubts(_design: Design, bindings: Bindings) -> Iterator[Finding]:
    """Name the hosts that stand in several groups: nothing is patched while one does."""
    configs = {name: each.config for name, each in PATCHING.of(bindings).items()}
    for host, names in hosts_twice(configs).items():
        yield Finding(
            "BD011",
            FindingLevel.WARNING,
            Origin(bindings.file, bindings.lines["patching", names[-1]]),
            Message("patching.host-in-groups", host=host, groups=names),
            f"[patching.{key(names[-1])}]",
            Message("patching.name-it-once"),
        )
