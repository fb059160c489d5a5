"""Who and through what: 運用責任者、開発担当者 / Slack、メール / Slack#monitoring / [氏名]."""

from dataclasses import dataclass
from enum import StrEnum


class ChannelKind(StrEnum):
    """A way to reach people that documents name."""

    SLACK = "Slack"
    EMAIL = "メール"
    PHONE = "電話"
    SMS = "SMS"
    PAGERDUTY = "PagerDuty"
    OPSGENIE = "Opsgenie"
    TEAMS = "Teams"
    DISCORD = "Discord"
    LINE = "LINE"
    PUSH = "プッシュ通知"
    SNS = "SNS"
    WEBHOOK = "Webhook"
    TICKET = "チケット"
    STATUS_PAGE = "ステータスページ"
    SENTRY = "Sentry"


@dataclass(frozen=True, slots=True)
class ChannelRef:
    """A channel and, where the document names one, the address in it (`#monitoring`, `a@example.com`)."""

    kind: ChannelKind
    address: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """A role or person of the document by name (運用責任者); bindings say who holds it."""

    name: str


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A blank the author meant to fill in: [氏名], 【要確認】, XXX, TBD."""

    text: str


Recipient = Role | ChannelRef | Placeholder
