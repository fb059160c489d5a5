"""Who asks, by address or session cookie: the bare application next to Django has none of its middleware."""

from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.db import Error, close_old_connections
from django.http import HttpRequest
from starlette.requests import Request

from toban.engine.people.access import hurdle_before
from toban.engine.people.backoff import network_of
from toban.engine.people.models import Operator
from toban.engine.state.reach import STATE


def may_read(session_key: str | None) -> bool:
    """Say whether the session is of a signed-in, active operator with nothing to do first.

    Blocks on the database: call it in a thread.
    """
    if not session_key:
        return False
    try:
        request = HttpRequest()
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
        user = get_user(request)
        return isinstance(user, Operator) and user.is_active and hurdle_before(user) is None
    finally:
        close_old_connections()


def may_still_read(session_key: str | None) -> bool:
    """Say the same about a stream that has begun; without the state it ends, and the browser asks again."""
    try:
        return may_read(session_key)
    except Error as error:
        if not STATE.explains(error):
            raise
        return False


def address_of(request: Request) -> str:
    """Return by what strangers are told apart: an IPv4 address, or an IPv6 network of 64 bits."""
    return network_of(request.client.host) if request.client is not None else ""
