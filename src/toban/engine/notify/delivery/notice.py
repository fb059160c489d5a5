"""A notification about an alert, in the language of who gets it, with the clause that requires it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from toban.catalogue import DOCUMENTS_LANGUAGE
from toban.design.values.severity import AlertLevel
from toban.message import NOTHING, Message


class NoticeKind(StrEnum):
    """Why the notification is sent."""

    FIRING = "firing"
    RECOVERED = "recovered"
    NO_DATA = "no-data"
    ACKNOWLEDGED = "acknowledged"
    """Somebody has acknowledged the alert."""
    DIGEST = "digest"
    """Everything since the last digest: what is ongoing and what is over."""


@dataclass(frozen=True, slots=True)
class ChangeNotice:
    """A change for a program, in the language of its channel."""

    key: str
    """Idempotency key: the same for every attempt."""
    entry: int
    """The number of its entry in the evidence: later changes have greater ones."""
    kind: str
    at: datetime
    recorded_at: datetime
    by: str
    what: Message
    details: tuple[Message, ...]
    note: Message
    clause_id: str
    about: tuple[str, ...]
    url: str
    """Where more is to be read, if whoever recorded it said so."""
    page: str
    """Its place in the list of changes, if the server knows its public address."""
    language: str


@dataclass(frozen=True, slots=True)
class NoticeMessages:
    """What a notification says, as codes and values: for receivers that are programs."""

    title: Message = NOTHING
    subject: Message = NOTHING
    facts: tuple[tuple[Message, Message], ...] = ()

    def facts_in(self, language: str) -> tuple[tuple[str, str], ...]:
        """Return the facts as text in *language*."""
        return tuple(
            (label.in_language(language), value.in_language(language)) for label, value in self.facts
        )


@dataclass(frozen=True, slots=True)
class NoticeAbout:
    """What an alert is about, for receivers that are programs; of a group, its first alert."""

    clause_id: str
    target: str = ""
    """The document's word for it; empty if the alert is about no target."""
    metric: str = ""
    instance: str = ""
    value: Message = NOTHING
    """The measured value as the notification says it; nothing in a group."""
    threshold: Message = NOTHING
    row_url: str = ""
    """The page of the row, if the server knows its public address."""

    @property
    def source(self) -> str:
        """The host, or else what is known of the place."""
        return self.instance or self.target

    @property
    def names(self) -> dict[str, str]:
        """What it is called: the same from the alert's start to its end; what is not known is left out."""
        found = {"target": self.target, "instance": self.instance, "metric": self.metric}
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class NoticeButton:
    """An order about what a notification says, for channels that can show buttons."""

    act: str
    """What is ordered; see `notify.chat.port`."""
    words: str
    label: Message


@dataclass(frozen=True, slots=True)
class Notice:
    """One announcement to one recipient through one channel."""

    key: str
    """Idempotency key: the same for every attempt, so that a receiver can drop a duplicate."""
    alert_key: str
    """The same for an alert's firing and recovery (PagerDuty's `dedup_key`)."""
    kind: NoticeKind
    level: AlertLevel
    title: str
    """One line: what happened to which row (`■ 異常: APIサーバー CPU使用率 92%`)."""
    facts: tuple[tuple[str, str], ...]
    """Label and value pairs: measured value, threshold, since when, what to do next."""
    citation: str
    """The clause that requires the notification: `運用設計書.md:34`."""
    clause_text: str
    subject: str
    """What it is about, in the document's words: `APIサーバー CPU使用率`."""
    began_at: datetime
    """When the problem began: the same in every notification of an alert."""
    at: datetime
    url: str = ""
    """The clause's or alert's page, if the server knows its public address."""
    announcement: int = 0
    """Its number: a receiver's button refers by it to the alerts that somebody acknowledges. 0: to none."""
    buttons: tuple[NoticeButton, ...] = ()
    """What else can be ordered about it."""
    reply_to: str = ""
    """The receiver's reference to the first notification of the same alert, where a thread begins."""
    ended_at: datetime | None = None
    """When the problem was over. Only for recoveries."""
    language: str = DOCUMENTS_LANGUAGE
    """The language of its texts; `say` gives what a channel adds in it, too."""
    messages: NoticeMessages = NoticeMessages()
    about: NoticeAbout | None = None
    """None for what Toban says besides alerts."""
    is_drill: bool = False
    """Whether it is about what a game day has broken on purpose."""

    def say(self, message: Message) -> str:
        """Return *message* in the notification's language."""
        return message.in_language(self.language)
