"""Nothing is shown without a sign-in, nor to an account that has something to do first."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import is_valid_path, reverse
from django.utils.translation import gettext as _

from toban.engine.evidence import ledger
from toban.engine.people.access import hurdle_before, require_unchanged
from toban.engine.people.models import Operator
from toban.engine.people.passwords import rules_in_force
from toban.engine.people.rules import Hurdle
from toban.engine.state.reach import STATE
from toban.faces.web.away import away

# Calendar programs can't sign in: the feeds themselves ask for their secret, and so does the API, in which no
# session counts.
_FEEDS = ("/calendar.ics", "/duty.ics", "/tasks.ics")
# What the operator chose to publish; the page itself says whether there is one.
_PUBLIC = ("/status/", "/status/en/", "/status/status.json")
# The form for users' reports asks for a sign-in itself, unless `[incidents]` opens it to everybody.
_OPEN = ("/accounts/login/", "/accounts/logout/", "/accounts/2fa/authenticate/", "/i18n/", "/report/")
# What people do with their own account is recorded once it is done: it must not be refused after that.
_OWN = "/accounts/"
_ALWAYS = ("/accounts/logout/", "/accounts/reauthenticate/", "/accounts/2fa/reauthenticate/", "/i18n/")
_WAYS = {
    Hurdle.CHANGE_PASSWORD: ("account_change_password", ("/accounts/password/change/",)),
    Hurdle.RENEW_PASSWORD: ("account_change_password", ("/accounts/password/change/",)),
    Hurdle.ENROL_FACTOR: ("mfa_activate_totp", ("/accounts/2fa/",)),
}


class Gate:
    """Sends visitors to the sign-in, and operators to what they have to do first."""

    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the request through, or say where to go first; browsers and proxies keep no answer."""
        response = self._answer(request)
        if not response.has_header("Cache-Control"):
            response.headers["Cache-Control"] = "private, no-store"
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if STATE.is_lost and not request.path.startswith(settings.API_PATH):
            # At once: each request would otherwise wait for a connection, and hold a thread meanwhile.
            return away(request)
        # Before the user is looked up: such an answer is the same for everybody.
        if request.path in (*_FEEDS, *_PUBLIC) or request.path.startswith(settings.API_PATH):
            return self._get_response(request)
        user = request.user
        if not isinstance(user, Operator):
            return self._get_response(request) if request.path.startswith(_OPEN) else _stranger(request)
        if request.path.startswith(_OWN):
            return self._let_in(request, user)
        with ledger.checked(partial(require_unchanged, user)):
            return self._let_in(request, user)

    def _let_in(self, request: HttpRequest, user: Operator) -> HttpResponse:
        found = hurdle_before(user)
        if found is None:
            return self._get_response(request)
        name, allowed = _WAYS[found]
        if request.path.startswith((*_ALWAYS, *allowed)):
            return self._get_response(request)
        messages.info(request, _why(found))
        return _to(request, reverse(name))


def _stranger(request: HttpRequest) -> HttpResponse:
    # A program that sends where nothing is would follow the redirect and take the form for a success.
    if request.method not in ("GET", "HEAD") and not is_valid_path(request.path_info):
        return HttpResponse("There is no such page.\n", status=404, content_type="text/plain")
    return _to_sign_in(request)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    target = reverse("account_login")
    if request.path != "/":
        target = f"{target}?{urlencode({'next': request.get_full_path()})}"
    return _to(request, target)


def _to(request: HttpRequest, target: str) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        # A fragment can't show a sign-in form: the whole page must go there.
        return HttpResponse(status=401, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)


def _why(found: Hurdle) -> str:
    rules = rules_in_force()
    match found:
        case Hurdle.CHANGE_PASSWORD:
            return _("一度だけ使えるパスワードです。ご自分のパスワードに変更してください。")
        case Hurdle.RENEW_PASSWORD:
            return _("パスワードの期限が切れました（%(row)s）。新しいパスワードに変更してください。") % {
                "row": rules.password_citation
            }
        case Hurdle.ENROL_FACTOR:
            return _("文書が二段階認証を求めています（%(row)s）。認証アプリを登録してください。") % {
                "row": rules.factor_citation
            }
