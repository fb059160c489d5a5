"""Sessions of signed-in people, each with an end that nothing moves.

Django's own lives on with every change of what it holds: whoever has stolen one could keep it for good.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, override

from django.conf import settings
from django.contrib.sessions.backends import db
from django.http import HttpRequest

from toban.engine.clock import system_clock

_SIGNED_IN_AT = "toban_signed_in_at"


class SessionStore(db.SessionStore):
    """A session in the state database."""

    @override
    def get_expiry_date(self, **more: Any) -> datetime:
        """Return when it ends: at the latest so long after the sign-in."""
        usual = super().get_expiry_date(**more)
        signed_in_at = self.get(_SIGNED_IN_AT)
        if signed_in_at is None:
            return usual
        longest = timedelta(seconds=settings.SESSION_COOKIE_AGE)
        return min(usual, datetime.fromtimestamp(signed_in_at, UTC) + longest)


def begin(request: HttpRequest, **_: object) -> None:
    """Note that somebody has signed in; listens to Django's signal."""
    request.session[_SIGNED_IN_AT] = system_clock().timestamp()
