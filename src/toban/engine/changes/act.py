"""How an entry of the evidence is read as a change. Pure.

Every act of people, and every edition, is an entry of the evidence already. An extension brings a reader
for each of its acts, by the name under which the entry records it. What is recorded under a name that nobody
reads is a change all the same: better one too many than one that nobody sees.
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from toban.message import NOTHING, Message


class ChangeKind(StrEnum):
    """What kind of thing changed."""

    DOCUMENT = "document"
    """An edition of the document came into force."""
    SETTINGS = "settings"
    """Only the bindings changed."""
    RELEASE = "release"
    ROLLBACK = "rollback"
    SCALING = "scaling"
    REMEDY = "remedy"
    PATCH = "patch"
    RUN = "run"
    """A batch was ordered, cancelled, skipped or repeated by hand."""
    APPROVAL = "approval"
    DUTY = "duty"
    SILENCE = "silence"
    MAINTENANCE = "maintenance"
    DATA = "data"
    """Data were restored, deleted, or are kept for another time."""
    ACCOUNT = "account"
    """Accounts and their access; shown to managers only."""
    OTHER = "other"

    @property
    def word(self) -> Message:
        """Its name."""
        return Message(f"changes.kind-{self}")


WHOLE = ""
"""The subject of a change that is about the whole system."""
EDITION = "edition"
"""The act of an entry about the document, whatever it says."""

type Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """A change as its entry tells it."""

    kind: ChangeKind
    said: Message
    about: tuple[str, ...] = ()
    """Rows, hosts, services, batches, people. The entry's own row counts, too; with neither it is `WHOLE`."""
    details: tuple[Message, ...] = ()
    note: Message = NOTHING
    """The reason that was given."""
    url: str = ""
    at: datetime | None = None
    """When it was, if it was recorded later."""
    is_sensitive: bool = False
    """Whether whoever reviews the audit log must say something about it: who may do what has changed."""


type ActReader = Callable[[Content], ChangeFacts | None]
"""Reads the content of an entry; None if it records no change."""


def unchanged(_content: Content) -> None:
    """Read the entry of an act that changes nothing: a sign-in, a download."""


def facts_of(readers: Mapping[str, ActReader], act: str, content: Content) -> ChangeFacts | None:
    """Return the change that the entry of *act* records; None if it records none."""
    if not act:
        return None
    if act not in readers:
        return ChangeFacts(ChangeKind.OTHER, Message("changes.act", act=act))
    return readers[act](content)


def act_of(content: Content) -> str:
    """Return the act that an entry of the audit log records."""
    return str(content.get("order") or content.get("event") or "")


def key_of(name: str) -> str:
    """Return the form in which a subject is stored and searched: widths and cases are the same."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def texts(content: Content, *names: str) -> tuple[str, ...]:
    """Return those of the values called *names* that are there, as text."""
    return tuple(str(content[name]) for name in names if content.get(name))
