"""Where an account has signed in before: devices by a signed cookie, addresses as the server sees them."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from toban.engine.people.audit import address_of
from toban.engine.people.backoff import SignInSource, network_of
from toban.engine.people.models import KnownSource, Operator

COOKIE = "toban_device"
_KNOWN_FOR = timedelta(days=90)


def source_of(request: HttpRequest, account: Operator | None, now: datetime) -> SignInSource:
    """Return where *request* comes from, and whether *account* knows it."""
    address, device = _address(request), _device(_token(request))
    # Asked even if there is no such account: the time must not tell.
    known = set(
        KnownSource.objects.filter(
            operator_id=account.pk if account else 0,
            source__in=[address, device],
            seen_at__gt=now - _KNOWN_FOR,
        ).values_list("source", flat=True)
    )
    return SignInSource(address, device if device in known else "", is_known_address=address in known)


def remember(operator: Operator, request: HttpRequest, response: HttpResponse, now: datetime) -> None:
    """Note that *operator* has signed in from where *request* comes from."""
    token = _token(request) or secrets.token_urlsafe(32)
    response.set_signed_cookie(
        COOKIE,
        token,
        salt=COOKIE,
        max_age=_KNOWN_FOR,
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )
    for source in (_address(request), _device(token)):
        KnownSource.objects.update_or_create(operator=operator, source=source, defaults={"seen_at": now})
    KnownSource.objects.filter(operator=operator, seen_at__lte=now - _KNOWN_FOR).delete()


def visitor_of(request: HttpRequest) -> str:
    """Return whose requests are limited together: a browser that has signed in here before, or an address."""
    return _device(_token(request)).replace(" ", "-") or network_of(address_of(request))


def _token(request: HttpRequest) -> str:
    return request.get_signed_cookie(COOKIE, default="", salt=COOKIE, max_age=_KNOWN_FOR) or ""


def _device(token: str) -> str:
    # A leaked database does not give anybody a known device.
    return f"device {hashlib.sha256(token.encode()).hexdigest()}" if token else ""


def _address(request: HttpRequest) -> str:
    return f"address {network_of(address_of(request))}"
