"""A text file with one host per line: its address, its name for operators, and labels.

# 住所 名前 ラベル…
10.0.0.11:9100 web-1 zone=a
10.0.0.12:9100 web-2 zone=b
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from toban.chapters.monitoring.discoveries.reading import read
from toban.chapters.monitoring.discovery import DiscoveredHost, DiscoveryKind, Undiscovered, checked, host_of
from toban.engine.bindings.model import DiscoveryBinding
from toban.engine.bindings.section import beside_the_bindings
from toban.message import Message


class FileConfig(DiscoveryBinding):
    """`kind = "file"`: the file's path."""

    sample: ClassVar[Mapping[str, str]] = {"address": "192.0.2.1:9100", "host": "192.0.2.1"}

    path: Annotated[Path, AfterValidator(beside_the_bindings)]


class FileDiscovery:
    """One file, re-read on every poll."""

    def __init__(self, config: FileConfig) -> None:
        self._path = config.path

    @property
    def place(self) -> str:
        return f"file {self._path.name}"

    def look(self) -> Sequence[DiscoveredHost]:
        """Read the file; if one line can't be read, the whole file can't: half a list is worse than none."""
        return checked(list(_hosts(read(self._path))))


def _hosts(text: str) -> Iterator[DiscoveredHost]:
    for number, line in enumerate(text.splitlines(), 1):
        address, *rest = line.partition("#")[0].split() or [""]
        if not address:
            continue
        name = rest.pop(0) if rest and "=" not in rest[0] else address
        labels = dict(label.partition("=")[::2] for label in rest if "=" in label)
        if len(labels) < len(rest) or not all(key.isidentifier() for key in labels):
            raise Undiscovered(Message("monitoring.host-line-not-readable", line=number))
        yield DiscoveredHost(name, {**labels, "address": address, "host": host_of(address), "name": name})


KIND = DiscoveryKind(config=FileConfig, build=FileDiscovery)
