"""Changes that a program or a person records: a release by its pipeline, say. Pure.

What comes from a pipeline is untrusted: it is bounded, of one line, and leads nowhere but to http(s).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content
from toban.engine.orders import NotPossible
from toban.message import Message, plain
from toban.text import printable

RECORDED = "record-change"
KINDS = (
    ChangeKind.RELEASE,
    ChangeKind.ROLLBACK,
    ChangeKind.SCALING,
    ChangeKind.REMEDY,
    ChangeKind.PATCH,
    ChangeKind.OTHER,
)
"""What may be recorded from outside: Toban itself knows of the others."""
LONGEST_TEXT, LONGEST_NAME, LONGEST_URL, MOST_NAMES = 300, 200, 1000, 20
OLDEST, AHEAD = timedelta(days=30), timedelta(minutes=5)
"""How far back a change may be recorded, and by how much a pipeline's clock may be ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedChange:
    """A change that somebody wants to record."""

    kind: ChangeKind
    text: str
    """What changed: `shop 1.4.2`."""
    about: tuple[str, ...] = ()
    """What it is about; empty for the whole system."""
    version: str = ""
    url: str = ""
    """Where more is to be read: http(s) only."""
    at: datetime | None = None
    """When it was; None: now."""

    def content(self, now: datetime) -> Content:
        """Return what the evidence records of it at *now*, or raise `NotPossible`."""
        about = tuple(dict.fromkeys(each for name in self.about if (each := _line(name))))
        text, version, url = _line(self.text), _line(self.version), self.url.strip()
        at = self.at or now
        if self.kind not in KINDS:
            raise NotPossible(Message("changes.kind-not-recorded", kinds=KINDS))
        if not text:
            raise NotPossible(Message("changes.text-missing"), Message("changes.say-what-changed"))
        _bound(LONGEST_TEXT, text)
        _bound(LONGEST_URL, url)
        _bound(LONGEST_NAME, version, *about)
        if len(about) > MOST_NAMES:
            raise NotPossible(Message("changes.too-many-names", most=MOST_NAMES))
        if url and not is_link(url):
            raise NotPossible(Message("changes.not-a-link"), Message("changes.give-a-web-address"))
        if not now - OLDEST <= at <= now + AHEAD:
            raise NotPossible(Message("changes.time-out-of-range", days=OLDEST.days))
        return {
            "order": RECORDED,
            "kind": str(self.kind),
            "text": text,
            "version": version,
            "about": list(about),
            "url": url,
            "at": min(at, now).isoformat(),
        }


def is_link(url: str) -> bool:
    """Return whether *url* leads to a web page and nowhere else."""
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
    return is_web and url.isprintable() and not any(char.isspace() for char in url)


def _recorded(content: Content) -> ChangeFacts:
    url, version = str(content.get("url", "")), str(content.get("version", ""))
    text, kind, at = plain(str(content.get("text", ""))), content.get("kind"), content.get("at")
    return ChangeFacts(
        ChangeKind(kind) if kind in KINDS else ChangeKind.OTHER,
        Message("changes.text-and-version", text=text, version=version) if version else text,
        tuple(map(str, content.get("about") or ())),
        # Looked at again: a browser opens what stands in the state database.
        url=url if is_link(url) else "",
        at=datetime.fromisoformat(at) if at else None,
    )


def _line(text: str) -> str:
    """Return *text* as one line without characters that turn its direction or move a terminal's cursor."""
    return printable(" ".join(text.split()))


def _bound(longest: int, *written: str) -> None:
    if any(len(each) > longest for each in written):
        raise NotPossible(Message("changes.too-long", longest=longest))


ACTS: Mapping[str, ActReader] = {RECORDED: _recorded}
