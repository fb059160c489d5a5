"""What file systems hold, and which of them are the same. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from toban.chapters.capacity.usage import UsageReading

_LINE = re.compile(
    r"(?P<device>\S.*?)\s+\d+\s+(?P<used>-?\d+)\s+(?P<available>-?\d+)\s+(?:\d+%|-)\s+(?P<mount>/.*)"
)
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Volume:
    """The file system that a path is on."""

    device: str
    """Its disk, or `SERVER:/EXPORT`; a word such as `tmpfs` if it has none."""
    mount: str
    used: int
    """Bytes."""
    available: int
    """Bytes that services may still write: less than what is free, where some is reserved for root."""

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for two paths on one file system."""
        if ":" in self.device or self.device.startswith("//"):
            # A server's folders look like file systems of their own, each with the size of the whole.
            server = self.device.removeprefix("//").partition("/")[0].partition(":")[0]
            return server, self.used, self.available
        return (self.device,) if "/" in self.device else (self.device, self.mount)


def read_df(text: str) -> list[Volume]:
    """Return the volumes in the output of `df -Pk`, in its order; lines in another form are left out."""
    matches = (_LINE.fullmatch(line.strip()) for line in text.splitlines())
    return [
        Volume(
            match["device"],
            match["mount"],
            int(match["used"]) * _BLOCK,
            max(int(match["available"]), 0) * _BLOCK,
        )
        for match in matches
        if match is not None
    ]


def reading_of(paths: Sequence[str], volumes: Sequence[Volume]) -> UsageReading:
    """Return how much the *volumes*, those of *paths*, hold together; each counts once."""
    distinct: dict[tuple[object, ...], tuple[str, Volume]] = {}
    for path, volume in zip(paths, volumes, strict=True):
        distinct.setdefault(volume.identity, (path, volume))
    counted = distinct.values()
    parts = {path: float(volume.used) for path, volume in counted}
    limit = sum(volume.used + volume.available for _, volume in counted)
    return UsageReading(sum(parts.values()), float(limit), parts if len(parts) > 1 else {})
