"""The extension point for channels: one small Protocol, one failure type, one line of registration."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from toban.design.values.people import ChannelKind
from toban.engine.bindings.section import Section
from toban.engine.bindings.values import Language
from toban.engine.notify.delivery.notice import ChangeNotice, Notice
from toban.engine.registry.kinds import KindPoint
from toban.message import Message


class Undelivered(Exception):
    """The channel did not accept the notification. The message never contains a secret.

    `retry` tells a temporary failure (timeout, 429, 5xx) from a permanent one (401, 404);
    `after` is the wait in seconds that the receiver asked for (Retry-After), if it did.
    """

    def __init__(self, message: Message | str, *, retry: bool, after: float | None = None) -> None:
        super().__init__(message)
        self.retry = retry
        self.after = after


class ChannelConfig(Section):
    """Settings of every channel."""

    harmless = frozenset({"language"})

    language: Language | None = None
    """The language of its notifications; None for the document's. At an address, its reader's goes first."""


class Channel(Protocol):
    """A channel, ready to use; retrying, recording and deduplicating belong to the pipeline."""

    def send(self, notice: Notice, addresses: tuple[str, ...]) -> str:
        """Deliver *notice* once and return the receiver's own reference, or raise `Undelivered`.

        *addresses* are the recipients as the channel names them. A shared channel gets the addresses of all
        recipients, to mention them; any other gets one, the address to deliver to. The reference (a message
        id, a `dedup_key`) goes into the receipt.
        """


@runtime_checkable
class TakesChanges(Protocol):
    """A channel to a program that is told what changed."""

    def send_change(self, change: ChangeNotice) -> str:
        """Deliver *change* once and return the receiver's own reference, or raise `Undelivered`."""


def _no_changes(_config: object) -> Collection[str]:
    return ()


def _unknown_place(_config: object) -> str:
    return ""


def _only_its_own(_word: str) -> Mapping[str, str]:
    return {}


def _no_doubts(_config: object) -> Iterable[Message]:
    return ()


@dataclass(frozen=True, slots=True)
class Transport:
    """A kind of channel as `toban.toml` names it; the registration in `wiring.py` gives it that name."""

    config: type[Section]
    reaches: str
    """The document's word for it: a notification goes this way if 通知方法 contains this word.

    A `ChannelKind`, or a word of its own if everybody is reached at one place.
    """
    build: Callable[[Any], Channel]
    """Makes a channel from a valid config; does not connect yet."""
    is_shared: bool = False
    """Everybody is reached at one place (a Slack channel), not each at an address (e-mail)."""
    word: Callable[[Any], str] | None = None
    """The document's word for a channel of this kind, if its config decides that; else `reaches`."""
    answering: Callable[[str], Mapping[str, str]] = _only_its_own
    """Returns the settings with which it answers to a word besides `reaches`; empty if it can't."""
    gathers: bool = True
    """Several alerts may be grouped in one message; False if each is sent on its own."""
    opens_incidents: bool = False
    """What comes in one message is one incident there, which is over when the last of its alerts is."""
    per_turn: int = 10
    """The maximum number of messages per second: Slack accepts about one for each of its channels."""
    posts_to: Callable[[Any], str] = _unknown_place
    """Returns the place it posts to, according to its config."""
    changes: Callable[[Any], Collection[str]] = _no_changes
    """Returns the kinds of changes that are posted to it, according to its config."""
    doubts: Callable[[Any], Iterable[Message]] = _no_doubts
    """Returns what would prevent notifications now, without sending one; takes seconds."""

    def __post_init__(self) -> None:
        if not self.is_shared and not isinstance(self.reaches, ChannelKind):
            raise TypeError(f"[people] holds no addresses for {self.reaches}")


CHANNEL_KINDS = KindPoint("channels", Transport, "TRANSPORT")
"""`kind = "…"` of `[channels.NAME]`.

If two match the same word of the document, `toban init` proposes the last.
"""


def settings_for(word: str, transports: Mapping[str, Transport]) -> Mapping[str, str]:
    """Return the settings of a channel that the document calls *word*; empty if no kind can serve it."""
    own = [name for name, each in transports.items() if each.word is None and each.reaches == word]
    if own:
        return {"kind": own[-1]}
    answers = ((name, each.answering(word)) for name, each in transports.items())
    return next(({"kind": name, **settings} for name, settings in answers if settings), {})
