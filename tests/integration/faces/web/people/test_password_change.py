"""Guesses at the current password, where it is changed."""

import pytest
from django.test import Client
from pytest_django import Settings
from tests.integration.faces.web.conftest import PASSWORD, Operators

from toban.engine.people.models import Operator, OperatorRole

from .audit import CHANGE, audited

pytestmark = pytest.mark.django_db


def test_guesses_at_the_current_password_are_counted_where_it_is_changed(
    client: Client, operator: Operators, settings: Settings
) -> None:
    """By a stolen session, which could else try thousands, and prove with the right one to be its owner."""
    settings.ACCOUNT_RATE_LIMITS = {"change_password": None}
    client.force_login(operator("mira", OperatorRole.MANAGER))
    new = {"password1": f"{PASSWORD}-2", "password2": f"{PASSWORD}-2"}
    for guess in range(5):
        client.post(CHANGE, {"oldpassword": f"{PASSWORD}{guess}", **new})
    assert audited().count(("mira", "sign-in-refused")) == 5

    early = client.post(CHANGE, {"oldpassword": PASSWORD, **new})

    assert early.status_code == 200
    assert Operator.objects.get().check_password(PASSWORD)
    assert audited()[-1] == ("mira", "sign-in-locked-out")


@pytest.mark.parametrize("current", ["", "a wrong one"])
def test_a_new_password_confirms_no_guess_at_the_current_one(
    current: str, client: Client, operator: Operators
) -> None:
    client.force_login(operator("mira", OperatorRole.VIEWER))

    told = client.post(CHANGE, {"oldpassword": current, "password1": PASSWORD, "password2": PASSWORD})

    assert not told.context["form"].errors.get("password1")
    assert audited().count(("mira", "sign-in-refused")) == bool(current)
