"""allauth's forms in which people prove who they are: guesses are counted, each code is valid for one use."""

from collections.abc import Callable
from typing import Any, override

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.forms import ChangePasswordForm
from allauth.core import context
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.cache import cache

from toban.engine.clock import system_clock
from toban.engine.people import attempts
from toban.engine.people.models import Operator

# One period of 30 seconds, and the ones before and after it (MFA_TOTP_TOLERANCE). allauth itself remembers a
# used code for only one period, and the code of an enrolment not at all.
_SECONDS_OF_A_CODE = 90


def spend(user: AbstractBaseUser, code: str) -> str:
    """Return *code*, which is correct; raise `ValidationError` if *user* has used it before."""
    key = f"toban:code:{user.pk}:{normalize_user_code(code)}"
    if not cache.add(key, "used", timeout=_SECONDS_OF_A_CODE):
        raise get_adapter().validation_error("incorrect_code")
    return code


def counted(user: Operator, checked: Callable[[], str]) -> str:
    """Return the code that was *checked*; raise `ValidationError` if it comes too early after wrong ones."""
    attempt = attempts.at_factor(context.request, user, system_clock())
    if attempt is None:
        raise get_account_adapter().validation_error("too_many_login_attempts")
    code = checked()
    attempt.take_back()
    return code


class OneUseAuthenticateForm(AuthenticateForm):  # type: ignore[misc] # allauth has no types
    """The code at sign-in."""

    @override
    def clean_code(self) -> str:
        """Return the code, or refuse one that is wrong or was used."""
        return spend(self.user, counted(self.user, super().clean_code))


class OneUseReauthenticateForm(ReauthenticateForm):  # type: ignore[misc] # allauth has no types
    """The code before a sensitive action."""

    @override
    def clean_code(self) -> str:
        """Return the code, or refuse one that is wrong or was used."""
        return spend(self.user, counted(self.user, super().clean_code))


class OneUseActivateForm(ActivateTOTPForm):  # type: ignore[misc] # allauth has no types
    """The first code of a new factor."""

    @override
    def clean_code(self) -> str:
        """Return the code, or refuse one that is wrong or was used."""
        return spend(self.user, super().clean_code())


class CountedPasswordForm(ChangePasswordForm):  # type: ignore[misc] # allauth has no types
    """A new password, by whoever knows the current one."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        # The rules refuse the current password as a new one: before it is proved, that would confirm guesses.
        self.fields["password1"].user = None

    @override
    def clean_oldpassword(self) -> str:
        """Return the current password, which is counted as at the sign-in if it is wrong."""
        typed: str = self.cleaned_data["oldpassword"]
        if not get_account_adapter().reauthenticate(self.user, typed):
            raise get_account_adapter().validation_error("enter_current_password")
        self.fields["password1"].user = self.user
        return typed
