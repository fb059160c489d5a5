"""Proof of identity just before what can't be undone: the password or the second factor, once more."""

from urllib.parse import urlencode

from allauth.account.decorators import reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from toban.engine.people.models import Operator
from toban.faces.web.parts import is_fragment


def has_proved(request: HttpRequest) -> bool:
    """Return whether the request's user has signed in again within the last minutes.

    allauth lets pass those who have neither password nor second factor: they have nothing to prove it with.
    """
    user = request.user
    if not isinstance(user, Operator) or not (user.has_usable_password() or is_mfa_enabled(user)):
        return False
    try:
        _require(request)
    except ReauthenticationRequired:
        return False
    return True


@reauthentication_required  # type: ignore[untyped-decorator] # allauth has no types
def _require(_request: HttpRequest) -> None:
    """Pass only for somebody who has just signed in again."""


def ask_proof(request: HttpRequest, back_to: str) -> HttpResponse:
    """Lead to the page that asks for the proof, and from there to *back_to*."""
    address = address_of_proof(back_to)
    return HttpResponseClientRedirect(address) if is_fragment(request) else redirect(address)


def address_of_proof(back_to: str) -> str:
    """Return the address of the page that asks for the proof and leads to *back_to*."""
    return f"{reverse('account_reauthenticate')}?{urlencode({'next': back_to})}"
