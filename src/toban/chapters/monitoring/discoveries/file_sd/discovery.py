"""Prometheus' file_sd, in JSON: groups of targets with labels.

Format: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, TypedDict

from pydantic import AfterValidator, TypeAdapter, ValidationError

from toban.chapters.monitoring.discoveries.reading import read
from toban.chapters.monitoring.discovery import DiscoveredHost, DiscoveryKind, Undiscovered, checked, host_of
from toban.engine.bindings.model import DiscoveryBinding
from toban.engine.bindings.section import beside_the_bindings
from toban.message import Message


class _Group(TypedDict, total=False):
    targets: list[str]
    labels: dict[str, str]


_GROUPS = TypeAdapter(list[_Group])


class FileSdConfig(DiscoveryBinding):
    """`kind = "file_sd"`: the path; its last part may be a pattern, such as `web-*.json`."""

    sample: ClassVar[Mapping[str, str]] = {
        "address": "192.0.2.1:9100",
        "host": "192.0.2.1",
        "name": "192.0.2.1:9100",
        "__scheme__": "http",
        "__metrics_path__": "/metrics",
    }

    path: Annotated[Path, AfterValidator(beside_the_bindings)]


class FileSdDiscovery:
    """The files of one path, re-read on every poll. A target is named by its label `instance`, if any."""

    def __init__(self, config: FileSdConfig) -> None:
        self._path = config.path

    @property
    def place(self) -> str:
        return f"file_sd {self._path.name}"

    def look(self) -> Sequence[DiscoveredHost]:
        """Read the files; if one can't be read, none can: half a list is worse than none."""
        try:
            files = sorted(self._path.parent.glob(self._path.name))
        except (OSError, ValueError) as error:
            raise Undiscovered(Message("monitoring.path-not-searchable", path=self._path)) from error
        if not files:
            raise Undiscovered(Message("monitoring.file-missing", path=self._path))
        # A target in several groups is scraped by Prometheus once per set of labels; here it is one host.
        found = {host.name: host for file in files for host in _hosts(file)}
        return checked(list(found.values()))


def _hosts(file: Path) -> Iterator[DiscoveredHost]:
    try:
        groups = _GROUPS.validate_python(json.loads(read(file)))
    except (ValueError, RecursionError, ValidationError) as error:
        raise Undiscovered(Message("monitoring.file-not-file-sd", path=file)) from error
    for group in groups:
        labels = group.get("labels", {})
        for address in group.get("targets", []):
            name = labels.get("instance") if len(group["targets"]) == 1 else None
            values = {**labels, "address": address, "host": host_of(address)}
            yield DiscoveredHost(name or address, {**values, "name": name or address})


KIND = DiscoveryKind(config=FileSdConfig, build=FileSdDiscovery)
