"""The accounts page: a manager adds operators, sets roles, locks accounts out and gives new passwords."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from toban.engine.clock import system_clock
from toban.engine.people.access import require_role, setting_password
from toban.engine.people.attempts import lift, slowed
from toban.engine.people.audit import record
from toban.engine.people.first import GIVEN, end_access, give_password
from toban.engine.people.models import Operator, OperatorRole
from toban.faces.web.proof import address_of_proof, ask_proof, has_proved

ROLES = (
    (OperatorRole.MANAGER, gettext_lazy("運用責任者")),
    (OperatorRole.DEVELOPER, gettext_lazy("開発担当者")),
    (OperatorRole.VIEWER, gettext_lazy("閲覧者")),
)

_OUTLIVING = ("role", "unlock", "password")
"""What lets people in, also after the session that gave it has ended. To lock somebody out needs no proof."""


class NewOperator(forms.ModelForm[Operator]):
    """What a new account needs."""

    operator_role = forms.ChoiceField(label=gettext_lazy("役割"), choices=ROLES, initial=OperatorRole.VIEWER)

    class Meta:
        model = Operator
        fields = ("username", "email", "operator_role")
        labels = {"username": gettext_lazy("ユーザー名"), "email": gettext_lazy("メールアドレス")}  # noqa: RUF012
        help_texts = {"username": ""}  # noqa: RUF012

    def clean_email(self) -> str:
        """Refuse an address that another account signs in with."""
        email: str = self.cleaned_data["email"]
        if email and Operator.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(_("このメールアドレスはほかのアカウントが使っています"))
        return email


@never_cache
@require_http_methods(["GET", "POST"])
@require_role(OperatorRole.MANAGER)
def operators(request: HttpRequest) -> HttpResponse:
    """List the accounts, and add one; its one-time password is shown once.

    An account outlives the session, as a token does: to make one takes a fresh sign-in.
    """
    if request.method == "POST" and not has_proved(request):
        return ask_proof(request, reverse("people"))
    form = NewOperator(request.POST or None)
    given = None
    if request.method == "POST" and form.is_valid():
        given = (form.cleaned_data["username"], _add(request, form))
        form = NewOperator()
    return _page(request, form, given)


@never_cache
@require_POST
@require_role(OperatorRole.MANAGER)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one account's role, whether it may sign in, or its password, by the form's `act`.

    A new password is shown in the answer itself: a message would carry it through a cookie.
    """
    acts = {"role": _set_role, "lock": _set_active, "unlock": _set_active, "lift": _lift, "password": _renew}
    act = request.POST.get("act", "")
    if act not in acts:
        return HttpResponse(status=400)
    if act in _OUTLIVING and not has_proved(request):
        return ask_proof(request, reverse("people"))
    if pk == request.user.pk:
        messages.error(
            request, _("自分自身の役割とアカウントは変更できません。ほかの責任者に依頼してください。")
        )
        return redirect("people")
    with transaction.atomic():
        # Held: of two managers at once, neither undoes by what they read before what the other has done.
        operator = get_object_or_404(Operator.objects.select_for_update(), pk=pk)
        password = acts[act](request, operator, act)
    if password is None:
        return redirect("people")
    return _page(request, NewOperator(), (operator.username, password))


def _page(request: HttpRequest, form: NewOperator, given: tuple[str, str] | None) -> HttpResponse:
    operators = Operator.objects.order_by("username")
    context = {
        "operators": operators,
        "slowed": slowed(operators, system_clock()),
        "form": form,
        "given": given,
        "roles": ROLES,
        "proof": "" if has_proved(request) else address_of_proof(reverse("people")),
    }
    return render(request, "people/people.html", context)


def _add(request: HttpRequest, form: NewOperator) -> str:
    with transaction.atomic():
        operator = form.save(commit=False)
        password = _given(request, operator)
        operator.save()
        record(
            "operator-added",
            _actor(request),
            request,
            operator=operator.username,
            role=operator.operator_role,
        )
    return password


def _set_role(request: HttpRequest, operator: Operator, act: str) -> None:
    del act
    wanted = request.POST.get("role", "")
    if wanted not in OperatorRole:
        return
    now = system_clock()
    before, operator.operator_role = operator.operator_role, wanted
    operator.role_set_at, operator.role_setters = now, list(setting_password(_giver(request), now))
    operator.save(update_fields=["operator_role", "role_set_at", "role_setters"])
    record("role-changed", _actor(request), request, operator=operator.username, before=before, after=wanted)


def _set_active(request: HttpRequest, operator: Operator, act: str) -> None:
    operator.is_active = act == "unlock"
    if act == "lock":
        end_access(operator)
    operator.save(update_fields=["is_active", "lockouts"])
    record(f"operator-{act}ed", _actor(request), request, operator=operator.username)


def _lift(request: HttpRequest, operator: Operator, act: str) -> None:
    del act
    lift(operator)
    record("sign-in-lock-out-lifted", _actor(request), request, operator=operator.username)


def _renew(request: HttpRequest, operator: Operator, act: str) -> str:
    del act
    password = _given(request, operator)
    # Nothing else: another manager may have locked the account since it was read.
    operator.save(update_fields=GIVEN)
    record("password-reset", _actor(request), request, operator=operator.username)
    return password


def _given(request: HttpRequest, operator: Operator) -> str:
    now = system_clock()
    return give_password(operator, now, setting_password(_giver(request), now))


def _giver(request: HttpRequest) -> Operator:
    return Operator.objects.get(username=_actor(request))


def _actor(request: HttpRequest) -> str:
    return request.user.get_username()
