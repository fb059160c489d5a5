"""What people order in Slack, as Slack posts it, and the answer that only they see. Pure.

Buttons and message shortcuts come as JSON within a form
(https://docs.slack.dev/reference/interaction-payloads), slash commands as a plain form
(https://docs.slack.dev/interactivity/implementing-slash-commands).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from toban.engine.notify.channels.slack.payload import escape
from toban.engine.notify.channels.slack_app.payload import ACT, TAKE
from toban.engine.notify.chat.port import ChatMessage, ChatRequest

_NUMBER = re.compile(r"[0-9]{1,18}")
"""Digits that fit into the databases' integers."""
_MEMBER = re.compile(r"[UW][A-Z0-9]{2,30}")
_PLACE = re.compile(r"[A-Z0-9]{2,30}")
_STAMP = re.compile(r"[0-9]{10}\.[0-9]{6}")
"""The id of a message within its channel: when it was posted."""
_DOMAIN = re.compile(r"[a-z0-9-]{1,100}")
_PATH = r"/[A-Za-z0-9/_.-]{1,500}"
_SLACKS = re.compile(rf"https://hooks\.slack(-gov)?\.com{_PATH}")
_MOST_FIELDS = 50
_LONGEST_REPLY = 3_000


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The button below an alert was pressed."""

    announcement: int
    by: str


@dataclass(frozen=True, slots=True)
class SlackOrder:
    """Something was ordered by a button, a message shortcut or a command."""

    asked: ChatRequest
    answer_to: str
    """Where an answer may be posted."""


def interaction(body: bytes) -> Acknowledged | SlackOrder | None:
    """Return what a button or a shortcut orders; None for any other."""
    try:
        payload = orjson.loads(_form(body)["payload"])
        user = payload["user"]
        if payload.get("type") == "message_action":
            act, words, message = str(payload["callback_id"]), "", _message(payload)
        else:
            pressed = payload["actions"][0]
            act, words, message = str(pressed["action_id"]), str(pressed["value"]), None
        if act == TAKE and message is None and _NUMBER.fullmatch(words):
            return Acknowledged(int(words), f"slack:{user.get('username') or user['id']}")
        if not act.startswith(ACT):
            return None
        asked = ChatRequest(_member(user["id"]), act.removeprefix(ACT), words, message)
        return SlackOrder(asked, str(payload.get("response_url", "")))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def command(body: bytes) -> SlackOrder | None:
    """Return what a slash command orders: its first word is the act; None if it is no command."""
    try:
        form = _form(body)
        act, _, words = _plain(form.get("text", "")).strip().partition(" ")
        asked = ChatRequest(_member(form["user_id"]), act, words)
        return SlackOrder(asked, form.get("response_url", ""))
    except (KeyError, ValueError):
        return None


def is_of_team(body: bytes, team: str) -> bool:
    """Return whether the request was made in the workspace *team*, by one of its own members.

    In a channel that several companies share, members of the others see the same buttons.
    """
    try:
        form = _form(body)
        if "payload" not in form:
            return form.get("team_id") == team
        payload = orjson.loads(form["payload"])
        # Not every shortcut says whose member it is; only those of the app's own workspace have any.
        return bool(payload["team"]["id"] == team == payload["user"].get("team_id", team))
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def may_answer(url: str, api: str) -> bool:
    """Return whether *url* is Slack's, or that of the relay that the operator has named as *api*."""
    parts = urlsplit(api)
    relay = re.escape(f"{parts.scheme}://{parts.netloc}")
    return bool(_SLACKS.fullmatch(url) or re.fullmatch(f"{relay}{_PATH}", url))


def answer(said: str) -> Mapping[str, object]:
    """Return the answer that only the member sees who has ordered it."""
    text = said if len(said) <= _LONGEST_REPLY else said[: _LONGEST_REPLY - 1] + "…"
    return {"response_type": "ephemeral", "replace_original": False, "text": escape(text)}


def _form(body: bytes) -> Mapping[str, str]:
    found = parse_qs(body.decode(), max_num_fields=_MOST_FIELDS)
    return {name: values[0] for name, values in found.items()}


def _member(written: object) -> str:
    if not isinstance(written, str) or not _MEMBER.fullmatch(written):
        raise ValueError("no member's id")
    return written


def _message(payload: Mapping[str, Any]) -> ChatMessage:
    message, place, stamp = payload["message"], payload["channel"]["id"], payload["message"]["ts"]
    if not _STAMP.fullmatch(stamp) or not _PLACE.fullmatch(place):
        raise ValueError("no message")
    thread = message.get("thread_ts") or stamp
    return ChatMessage(
        text=_plain(str(message.get("text") or "")),
        author=str(message.get("user") or message.get("username") or message.get("bot_id") or ""),
        at=datetime.fromtimestamp(float(stamp), UTC),
        source=f"slack/{place}/{stamp}",
        thread=thread if _STAMP.fullmatch(thread) else "",
        url=_link((payload.get("team") or {}).get("domain"), place, stamp),
    )


def _link(domain: object, place: str, stamp: str) -> str:
    if not isinstance(domain, str) or not _DOMAIN.fullmatch(domain):
        return ""
    return f"https://{domain}.slack.com/archives/{place}/p{stamp.replace('.', '')}"


def _plain(text: str) -> str:
    """Return *text* as it was written: Slack escapes three characters."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
