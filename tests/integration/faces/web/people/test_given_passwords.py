"""What whoever gave a password may have made by it ends: with the owner's next password, or with the week."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.test import Client
from tests.integration.faces.web.conftest import PASSWORD, Operators

from toban.engine.clock import system_clock
from toban.engine.people.adapter import ClosedAccountAdapter
from toban.engine.people.first import give_password
from toban.engine.people.models import FeedToken, Operator, OperatorRole
from toban.engine.people.rules import BEHIND_FOR
from toban.engine.tokens.models import ApiToken

pytestmark = pytest.mark.django_db
CHANGE = "/accounts/password/change/"
DAY = timedelta(days=1)


@pytest.fixture
def mira(operator: Operators) -> Operator:
    """Return an account whose password boss gave two days ago; its factor is newer."""
    boss, made = operator("boss", OperatorRole.MANAGER), operator("mira", OperatorRole.DEVELOPER)
    made.password_set_at = made.password_told_at = system_clock() - 2 * DAY
    made.password_setters = [boss.pk]
    made.save()
    return made


def token(of: Operator, name: str, ago: timedelta) -> ApiToken:
    now = system_clock()
    return ApiToken.objects.create(
        operator=of,
        name=name,
        digest=name,
        scopes=["act:runs"],
        made_at=now - ago,
        ends_at=now + 300 * DAY,
        lockouts=of.lockouts,
    )


def change_password(of: Operator) -> Client:
    client, new = Client(), f"{PASSWORD}-2"
    client.force_login(of)
    client.post(CHANGE, {"oldpassword": PASSWORD, "password1": new, "password2": new})
    of.refresh_from_db()
    assert of.check_password(new)
    return client


def test_tokens_and_the_calendars_address_end_with_the_owners_next_password(mira: Operator) -> None:
    token(mira, "before", 3 * DAY)
    token(mira, "since", DAY)
    FeedToken.objects.create(operator=mira, digest="d", made_at=system_clock() - DAY)

    change_password(mira)

    assert [each.name for each in ApiToken.objects.all()] == ["before"]
    assert not FeedToken.objects.exists()


def test_they_end_with_it_also_after_the_week(mira: Operator) -> None:
    since = system_clock() - BEHIND_FOR - 2 * DAY
    Operator.objects.filter(pk=mira.pk).update(password_set_at=since, password_told_at=since)
    token(mira, "since", BEHIND_FOR)
    token(mira, "after the week", DAY)

    change_password(Operator.objects.get(pk=mira.pk))

    assert [each.name for each in ApiToken.objects.all()] == ["after the week"]


def test_they_end_with_it_however_late_if_the_owner_was_never_told(mira: Operator) -> None:
    since = system_clock() - 30 * DAY
    Operator.objects.filter(pk=mira.pk).update(password_set_at=since, password_told_at=None)
    token(mira, "since", DAY)

    change_password(Operator.objects.get(pk=mira.pk))

    assert not ApiToken.objects.exists()


def test_what_an_owner_made_whom_a_factor_has_guarded_stays(mira: Operator) -> None:
    Authenticator.objects.update(created_at=system_clock() - 3 * DAY)
    token(mira, "since", DAY)
    FeedToken.objects.create(operator=mira, digest="d", made_at=system_clock() - DAY)

    change_password(mira)

    assert ApiToken.objects.exists()
    assert FeedToken.objects.exists()


def test_other_sessions_end_with_the_owners_next_password_and_their_own_goes_on(mira: Operator) -> None:
    theirs = Client()
    theirs.force_login(mira)

    own = change_password(mira)

    assert theirs.get("/").status_code == 302
    assert own.get("/").status_code == 200


@pytest.mark.parametrize(("left", "ends_with_week"), [(timedelta(hours=1), True), (2 * DAY, False)])
def test_no_session_outlives_the_week(mira: Operator, left: timedelta, *, ends_with_week: bool) -> None:
    until = system_clock() + left
    since = until - BEHIND_FOR
    Operator.objects.filter(pk=mira.pk).update(password_set_at=since, password_told_at=since)

    Client().force_login(Operator.objects.get(pk=mira.pk))

    ends = Session.objects.get().expire_date
    assert (abs(ends - until) < timedelta(seconds=5)) is ends_with_week
    assert ends <= until + timedelta(seconds=1)


def test_a_session_after_the_week_is_as_long_as_any(mira: Operator) -> None:
    since = system_clock() - BEHIND_FOR
    Operator.objects.filter(pk=mira.pk).update(password_set_at=since, password_told_at=since)

    Client().force_login(Operator.objects.get(pk=mira.pk))

    assert Session.objects.get().expire_date > system_clock() + timedelta(hours=11)


@pytest.mark.parametrize("moment", ["before it is stored", "after it is stored"])
def test_a_password_that_is_given_while_the_old_one_is_changed_stands(
    mira: Operator, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    client, issued, stored = Client(), [], ClosedAccountAdapter.set_password
    client.force_login(mira)

    def issue() -> None:
        found = Operator.objects.get(pk=mira.pk)
        issued.append(give_password(found, system_clock(), found.password_setters))
        found.save()

    def meanwhile(self: ClosedAccountAdapter, user: Operator, password: str) -> None:
        if moment == "before it is stored":
            issue()
        stored(self, user, password)
        if moment == "after it is stored":
            issue()

    monkeypatch.setattr(ClosedAccountAdapter, "set_password", meanwhile)
    client.post(CHANGE, {"oldpassword": PASSWORD, "password1": f"{PASSWORD}-2", "password2": f"{PASSWORD}-2"})

    mira.refresh_from_db()
    assert mira.check_password(issued[0])
    assert (mira.must_change_password, mira.lockouts) == (True, 1)
    assert client.get("/").status_code == 302


def test_a_new_password_of_the_owner_stands_against_one_that_was_under_way(
    mira: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, stored = Client(), ClosedAccountAdapter.set_password
    client.force_login(mira)

    def meanwhile(self: ClosedAccountAdapter, user: Operator, password: str) -> None:
        found = Operator.objects.get(pk=mira.pk)
        found.set_password("the owner's own, of today")
        found.save(update_fields=["password"])
        stored(self, user, password)

    monkeypatch.setattr(ClosedAccountAdapter, "set_password", meanwhile)
    answer = client.post(
        CHANGE, {"oldpassword": PASSWORD, "password1": f"{PASSWORD}-2", "password2": f"{PASSWORD}-2"}
    )

    mira.refresh_from_db()
    assert answer.status_code == 403
    assert mira.check_password("the owner's own, of today")
