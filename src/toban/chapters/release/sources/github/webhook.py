"""GitHub's webhooks: who sent one, and whether it says that something is new. Pure.

A webhook is never the truth: it only has the API asked again. So it may come twice, late, or out of order,
and what a fork does says nothing. https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs

import orjson

from toban.chapters.release.sources.github.config import OWN_STATUS

_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")
_NEWS = frozenset(
    {
        "push",
        "create",
        "delete",
        "pull_request",
        "pull_request_review",
        "check_run",
        "check_suite",
        "status",
        "workflow_run",
    }
)
"""Events after which a branch, a review or a check may be another."""


class WebhookNews(StrEnum):
    """What a delivery means."""

    LOOK = "look"
    """Something may be new."""
    IGNORED = "ignored"
    PING = "ping"
    """It was just set up."""


class UnreadableDelivery(ValueError):
    """The body is not what GitHub sends."""


def looks_signed(signature: str) -> bool:
    """Return whether *signature* could be one."""
    return _SIGNATURE.fullmatch(signature) is not None


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Return whether the holder of *secret* has sent *body*, byte for byte."""
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return looks_signed(signature) and hmac.compare_digest(expected, signature)


def payload_of(body: bytes, media_type: str) -> Mapping[str, Any]:
    """Return what *body* says: JSON, or a form with JSON in it."""
    try:
        is_form = media_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
        text = parse_qs(body.decode(), max_num_fields=10)["payload"][0] if is_form else body
        found = orjson.loads(text)
    except (ValueError, KeyError, IndexError):
        raise UnreadableDelivery from None
    if not isinstance(found, dict):
        raise UnreadableDelivery
    return found


def news(event: str, payload: Mapping[str, Any], repository: str) -> WebhookNews:
    """Return what the *event* means for *repository*; unknown events mean nothing."""
    if event == "ping":
        return WebhookNews.PING
    ours = _full_name(payload.get("repository")) == repository.lower()
    if event not in _NEWS or not ours or _is_from_fork(payload, repository) or _is_own(payload):
        return WebhookNews.IGNORED
    return WebhookNews.LOOK


def _is_from_fork(payload: Mapping[str, Any], repository: str) -> bool:
    """Return whether it is about a pull request of another repository: what is merged is pushed, too."""
    pull = payload.get("pull_request")
    if pull is None:
        return False
    head = pull.get("head") if isinstance(pull, dict) else None
    return _full_name(head.get("repo") if isinstance(head, dict) else None) != repository.lower()


def _is_own(payload: Mapping[str, Any]) -> bool:
    """Return whether it is about a status that Toban itself has set."""
    context = payload.get("context")
    return isinstance(context, str) and context.split("/")[0] == OWN_STATUS


def _full_name(repository: object) -> str:
    found = repository.get("full_name") if isinstance(repository, dict) else None
    return found.lower() if isinstance(found, str) else ""
