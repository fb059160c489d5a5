"""A token of the API as values and as a line: on the terminal and on the page."""

from datetime import datetime

from toban.engine.tokens.models import ApiToken
from toban.engine.tokens.service import is_usable
from toban.message import Message


def token_values(token: ApiToken, now: datetime) -> dict[str, object]:
    """Return the token as JSON values, with times in UTC; nothing of them opens anything."""
    return {
        "token": token.pk,
        "name": token.name,
        "account": token.operator.username,
        "scopes": token.scopes,
        "made_at": token.made_at.isoformat(),
        "ends_at": token.ends_at.isoformat(),
        "used_at": token.used_at.isoformat() if token.used_at else None,
        "is_usable": is_usable(token, now),
    }


def token_line(token: ApiToken, now: datetime) -> str:
    """Return the token in one line, with times in this machine's zone."""
    used = (
        Message("tokens.used-at", at=f"{token.used_at.astimezone():%Y-%m-%d %H:%M}")
        if token.used_at
        else None
    )
    return "  ".join(
        (
            f"{token.pk:>6}",
            token.name,
            token.operator.username,
            " ".join(token.scopes),
            str(Message("tokens.until", at=f"{token.ends_at.astimezone():%Y-%m-%d %H:%M}")),
            str(used or Message("tokens.never-used")),
            *(() if is_usable(token, now) else (str(Message("tokens.gives-no-access")),)),
        )
    )
