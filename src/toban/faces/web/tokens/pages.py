"""The tokens of the reader's own account: made and shown once, and revoked."""

from datetime import date, datetime, time, timedelta

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator
from toban.engine.tokens import service
from toban.engine.tokens.models import LONGEST_NAME, ApiToken
from toban.engine.tokens.rules import ACT, WantedToken
from toban.faces.web.frame import in_force
from toban.faces.web.proof import address_of_proof, ask_proof, has_proved

_LONGEST_NUMBER = 18


class NewToken(forms.Form):
    """What a new token needs."""

    name = forms.CharField(label=gettext_lazy("名前（使うプログラム）"), max_length=LONGEST_NAME)
    until = forms.DateField(
        label=gettext_lazy("最後の日（1年以内）"), widget=forms.DateInput(attrs={"type": "date"})
    )
    scopes = forms.MultipleChoiceField(label=gettext_lazy("許すこと"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, operator: Operator, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["scopes"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - says to the type checker what it is
        field.choices = [
            (scope.name, f"{scope.purpose} ({scope.name})")
            for scope in settings.PARTS.scopes.values()
            if may_order(operator) or not scope.name.startswith(ACT)
        ]


@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """List the reader's tokens; a POST makes one, shown in this answer only, or revokes one, by `act`.

    A token outlives the session: a stolen session must not make one, so that takes a fresh sign-in.
    """
    if not isinstance(request.user, Operator):
        raise PermissionDenied
    if request.POST.get("act") == "revoke":
        return _revoked(request, request.user)
    proved = has_proved(request)
    if request.method == "POST" and not proved:
        return ask_proof(request, request.path)
    form = NewToken(request.user, request.POST or None)
    given = _made(request, request.user, form) if request.method == "POST" and form.is_valid() else ""
    if given:
        form = NewToken(request.user)
    now = system_clock()
    own = ApiToken.objects.filter(operator=request.user).select_related("operator").order_by("pk")
    context = {
        "tokens": [(each, service.is_usable(each, now)) for each in own],
        "form": form,
        "given": given,
        "proof": "" if proved else address_of_proof(request.path),
    }
    return render(request, "tokens/tokens.html", context)


def _made(request: HttpRequest, operator: Operator, form: NewToken) -> str:
    wanted = WantedToken(
        form.cleaned_data["name"], form.cleaned_data["scopes"], _end(form.cleaned_data["until"])
    )
    known, by = tuple(settings.PARTS.scopes), operator.get_username()
    try:
        return service.make(operator, wanted, known, by=by, now=system_clock(), request=request)
    except NotPossible as wrong:
        form.add_error(None, f"{wrong.said} {wrong.hint}".strip())
        return ""


def _revoked(request: HttpRequest, operator: Operator) -> HttpResponse:
    number = request.POST.get("token", "")
    if not number.isdecimal() or len(number) > _LONGEST_NUMBER:
        return HttpResponse(status=400)
    try:
        found = service.revoke(int(number), by=operator.get_username(), request=request, of=operator)
    except NotPossible as wrong:
        messages.error(request, str(wrong.said))
    else:
        messages.success(request, _("トークン「%(name)s」を無効にしました。") % {"name": found.name})
    return redirect("tokens")


def _end(day: date) -> datetime:
    """Return the end of *day* in the document's zone."""
    return datetime.combine(day + timedelta(days=1), time(0), in_force().bindings.system.zone)
