"""Sessions of signed-in people, each with an end that nothing moves.

Django's own lives on with every change of what it holds: whoever has stolen one could keep it for good.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, override

from django.conf import settings
from django.contrib.sessions.backends import db
from django.http import HttpRequest

from toban.engine.clock import system_clock
from toban.engine.people.access import signing_in_until, who_set_password
from toban.engine.people.models import Operator

_SIGNED_IN_AT = "toban_signed_in_at"
_ENDS_BY = "toban_ends_by"
"""Set while whoever gave the account its password may sign in with it: they stay no longer than that."""


class SessionStore(db.SessionStore):
    """A session in the state database."""

    @override
    def get_expiry_date(self, **more: Any) -> datetime:
        """Return when it ends: at the latest so long after the sign-in."""
        usual = super().get_expiry_date(**more)
        signed_in_at, ends_by = self.get(_SIGNED_IN_AT), self.get(_ENDS_BY)
        ends = [usual]
        if signed_in_at is not None:
            longest = timedelta(seconds=settings.SESSION_COOKIE_AGE)
            ends.append(datetime.fromtimestamp(signed_in_at, UTC) + longest)
        if ends_by is not None:
            ends.append(datetime.fromtimestamp(ends_by, UTC))
        return min(ends)


def begin(request: HttpRequest, user: Operator, **_: object) -> None:
    """Note that somebody has signed in; listens to Django's signal."""
    now, until = system_clock(), signing_in_until(user)
    request.session[_SIGNED_IN_AT] = now.timestamp()
    if until is not None and now < until and who_set_password(user, now):
        request.session[_ENDS_BY] = until.timestamp()
