"""The first administrator, and password resets."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError

from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.first import added_account, first_administrator, renewed_password
from toban.engine.people.models import Operator, OperatorRole

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_the_first_administrator_must_change_the_password_shown_once() -> None:
    password = first_administrator(NOON)

    admin = Operator.objects.get()
    assert password is not None
    assert admin.check_password(password)
    assert admin.must_change_password
    assert admin.operator_role == OperatorRole.MANAGER


def test_there_is_no_second_first_administrator() -> None:
    first_administrator(NOON)

    assert first_administrator(NOON) is None
    assert Operator.objects.count() == 1


def test_one_time_passwords_satisfy_a_rule_of_letters_digits_symbols_and_twelve_characters() -> None:
    password = first_administrator(NOON) or ""

    assert len(password) >= 12
    assert all(re.search(kind, password) for kind in ("[a-zA-Z]", "[0-9]", "-"))


def test_a_reset_password_unlocks_the_account_and_requires_a_new_second_factor() -> None:
    old = first_administrator(NOON)
    admin = Operator.objects.get()
    Authenticator.objects.create(user=admin, type=Authenticator.Type.TOTP, data={})
    Operator.objects.update(is_active=False, must_change_password=False)

    new = renewed_password("admin", NOON + timedelta(days=1))

    admin.refresh_from_db()
    assert new != old
    assert admin.check_password(new)
    assert admin.is_active
    assert admin.must_change_password
    assert not Authenticator.objects.exists()


def test_new_accounts_and_password_resets_become_evidence_without_the_password() -> None:
    passwords = [first_administrator(NOON) or "", renewed_password("admin", NOON)]

    audit = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT).order_by("sequence")
    assert [entry.content["event"] for entry in audit] == ["operator-added", "password-reset"]
    assert not any(password in str(entry.content) for entry in audit for password in passwords)


def test_resetting_the_password_of_an_unknown_account_is_refused() -> None:
    with pytest.raises(Operator.DoesNotExist):
        renewed_password("nobody", NOON)


def test_a_further_account_has_a_password_that_works_once() -> None:
    password = added_account("kai", OperatorRole.DEVELOPER, NOON)

    kai = Operator.objects.get(username="kai")
    assert (kai.operator_role, kai.must_change_password) == (OperatorRole.DEVELOPER, True)
    assert kai.check_password(password)


@pytest.mark.parametrize("name", ["", "kai", "k a i", "x" * 151])
def test_a_name_that_no_further_account_may_have_is_refused(name: str) -> None:
    added_account("kai", OperatorRole.VIEWER, NOON)
    with pytest.raises(ValidationError):
        added_account(name, OperatorRole.MANAGER, NOON)
    assert Operator.objects.count() == 1


@pytest.mark.parametrize("name", ["toban", "Schedule", "trigger", "watch", "bindings", "Report"])
def test_no_account_is_called_like_what_orders_by_itself(name: str) -> None:
    with pytest.raises(ValidationError, match="Toban 自身"):
        added_account(name, OperatorRole.DEVELOPER, NOON)
    assert not Operator.objects.exists()
