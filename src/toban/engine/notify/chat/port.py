"""What extensions let people order from a chat: acts, and buttons under notifications that order them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from toban.engine.editions.edition import Edition
from toban.engine.notify.delivery.notice import NoticeButton
from toban.engine.registry.ports import Port
from toban.message import NOTHING, Message

if TYPE_CHECKING:
    from toban.engine.people.models import Operator


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message of the chat that somebody orders something about."""

    text: str
    author: str
    """Who wrote it, as the chat names them."""
    at: datetime
    source: str
    """Its id: the same whenever it arrives."""
    thread: str
    """The receipt of the notification below which it stands, or its own id."""
    url: str = ""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a member of the chat asks for; the chat has vouched for who it is."""

    member: str
    """The member's id."""
    act: str
    words: str = ""
    message: ChatMessage | None = None


@dataclass(frozen=True, slots=True)
class ChatOrder:
    """What somebody orders; their account has been found, and may give orders."""

    by: "Operator"
    words: str
    """What they wrote behind the act, or the words of the button."""
    edition: Edition
    now: datetime
    message: ChatMessage | None = None
    """What they order it about, if they chose a message."""
    alerts: tuple[int, ...] = ()
    """The alerts of the notification in whose thread that message is."""


@dataclass(frozen=True, slots=True)
class ChatAct:
    """Something that can be ordered."""

    do: Callable[[ChatOrder], Message]
    """Does it and says so, or raises `NotPossible`. The same order a second time changes nothing."""
    usage: Message = NOTHING
    """How it is written, and what it does; nothing if it is only ordered by buttons."""


def _no_buttons(_announcement: int) -> Iterable[NoticeButton]:
    return ()


@dataclass(frozen=True, slots=True)
class ChatOffer:
    """What an extension offers."""

    acts: Mapping[str, ChatAct]
    """A word → the act; no two extensions use the same word."""
    buttons: Callable[[int], Iterable[NoticeButton]] = _no_buttons
    """Returns the buttons below the announcement with this number."""


CHAT: Port[ChatOffer] = Port("chat")
