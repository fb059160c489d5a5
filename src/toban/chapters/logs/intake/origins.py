"""How to read what a sender sends: from its table in the bindings, and the file the lines are from. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from toban.chapters.logs.formats.journald import JOURNAL
from toban.chapters.logs.intake.lines import BatchOrigin
from toban.chapters.logs.intake.pins import SenderPins
from toban.engine.bindings.senders import FileBinding, LogEncoding, LogFormat, SenderBinding
from toban.engine.telemetry.logs.words import kind_of


@dataclass(frozen=True, slots=True)
class ClaimedOrigin:
    """Where a batch comes from, according to its sender."""

    file: str = ""
    """The file that its lines are from; empty if they are not from a file."""
    host: str = ""
    at: float = 0.0
    """When they were read, in seconds since 1970; 0 if unknown."""

    @property
    def known(self) -> Mapping[str, str]:
        """What each of its lines keeps."""
        said = {"file": self.file, "host": self.host}
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True, slots=True)
class LineFormat:
    """How to read the lines."""

    format: LogFormat
    origin: BatchOrigin
    encoding: LogEncoding | None = None


_NO_FILE = FileBinding(path="*")
_NOTHING = ClaimedOrigin()


def written(
    sender: str, binding: SenderBinding, sent: ClaimedOrigin = _NOTHING, *, usual: LogFormat = "json"
) -> LineFormat:
    """Return how to read what *sender* sent; *usual* is the format unless something names another."""
    file = next((each for each in binding.files if _fits(sent.file, each)), _NO_FILE)
    log = file.log or binding.log
    kind = kind_of(log) if log else ""
    service = file.service or binding.service
    pins = SenderPins(frozenset(map(kind_of, binding.kinds)), binding.services, kind, service)
    zone = file.zone or binding.zone
    origin = BatchOrigin(
        sender, kind, service, sent.at, sent.known, zone=ZoneInfo(zone) if zone else None, pins=pins
    )
    # Whatever else the sender writes, these lines are from journalctl.
    known = "journald" if sent.file == JOURNAL else binding.format
    format_ = file.format or known or ("text" if sent.file else usual)
    return LineFormat(format_, origin, file.encoding or binding.encoding)


def _fits(path: str, file: FileBinding) -> bool:
    return path != "" and fnmatchcase(path, file.path)
