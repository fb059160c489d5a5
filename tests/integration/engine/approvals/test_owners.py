"""The owner of an account is told that a password which somebody gave it was used: from then on it counts."""

from datetime import datetime
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.integration.engine.approvals.conftest import HOUR, MONDAY, account, edition_of
from tests.integration.engine.approvals.test_given_passwords import given
from tests.integration.engine.approvals.test_telling import told

from toban.engine.approvals.owners import tell_owners
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.notify.models import Alert, Delivery
from toban.engine.notify.orders import silence
from toban.engine.people.access import who_set_password
from toban.engine.people.models import Operator
from toban.engine.people.rules import BEHIND_FOR

pytestmark = pytest.mark.django_db


@pytest.fixture
def quiet(edition: Edition) -> Edition:
    """Nothing is news yet."""
    told(edition, MONDAY)
    return edition


def chosen(name: str) -> None:
    """Have somebody choose a new password with the one that boss gave."""
    given(name, "boss", is_told=False)
    Operator.objects.filter(username=name).update(must_change_password=False, password_changed_at=MONDAY)


def looked(edition: Edition, now: datetime = MONDAY) -> set[str]:
    """Return who is sent something by a look at *now*."""
    tell_owners(edition, now)
    return told(edition, now)


def test_the_owner_alone_is_told_once_by_whom_the_password_was(quiet: Edition) -> None:
    chosen("sato")

    assert looked(quiet) == {"sato"}
    assert looked(quiet, MONDAY + HOUR) == set()
    said = Alert.objects.get(key__startswith="approvals/password/")
    assert "boss が発行した" in str(said.value)
    assert "2026-04-06 12:00" in str(said.value)


def test_the_week_begins_when_it_was_delivered(quiet: Edition) -> None:
    chosen("sato")
    looked(quiet)
    assert account("sato").password_told_at is None

    at = system_clock()
    Delivery.objects.update(state=Delivery.State.DELIVERED, settled_at=at)
    tell_owners(quiet, MONDAY + HOUR)

    assert account("sato").password_told_at == at
    assert who_set_password(account("sato"), at + BEHIND_FOR - HOUR) == (account("boss").pk,)
    assert who_set_password(account("sato"), at + BEHIND_FOR) == ()


def test_what_was_delivered_to_others_tells_the_owner_nothing(quiet: Edition) -> None:
    chosen("sato")
    looked(quiet)
    Delivery.objects.update(
        state=Delivery.State.DELIVERED,
        settled_at=system_clock(),
        recipients=["運用責任者"],
        addresses=["boss@example.com"],
    )

    tell_owners(quiet, MONDAY + HOUR)

    assert account("sato").password_told_at is None


def test_who_could_not_be_reached_is_told_again_the_next_day(quiet: Edition) -> None:
    chosen("sato")
    assert looked(quiet) == {"sato"}
    Delivery.objects.update(state=Delivery.State.FAILED, settled_at=system_clock())

    assert looked(quiet, MONDAY + 8 * HOUR) == set()
    assert looked(quiet, MONDAY + 24 * HOUR) == {"sato"}


def test_who_is_told_by_an_address_that_they_got_later_was_told_then(quiet: Edition) -> None:
    unreachable = edition_of(bindings='[people."部長"]\naccount = "boss"\n')
    given("boss", "sato", is_told=False)
    Operator.objects.filter(username="boss").update(must_change_password=False)
    assert looked(unreachable) == set()

    joined = edition_of(bindings='[people."部長"]\naccount = "boss"\nemail = "buchou@example.com"\n')

    assert looked(joined, MONDAY + 24 * HOUR) == {"buchou"}


def test_what_was_delivered_late_is_not_sent_again(quiet: Edition) -> None:
    chosen("sato")
    looked(quiet)
    at = system_clock()
    Delivery.objects.update(state=Delivery.State.DELIVERED, settled_at=at)

    assert looked(quiet, MONDAY + 24 * HOUR) == set()
    assert account("sato").password_told_at == at


def test_a_look_that_finds_nothing_new_writes_and_locks_nothing(quiet: Edition) -> None:
    chosen("sato")
    looked(quiet)

    with CaptureQueriesContext(connection) as asked:
        tell_owners(quiet, MONDAY)

    assert not [each for each in asked if not each["sql"].startswith("SELECT")]


def test_nobody_is_told_before_a_password_is_chosen(quiet: Edition) -> None:
    given("sato", "boss", is_told=False)

    assert looked(quiet) == set()


def test_another_password_is_told_of_again(quiet: Edition) -> None:
    chosen("sato")
    looked(quiet)
    chosen("sato")

    assert looked(quiet, MONDAY + HOUR) == {"sato"}


def test_an_account_of_nobody_is_never_told(quiet: Edition) -> None:
    assert "boss" not in {each.account for each in quiet.bindings.people.values()}
    given("boss", "sato", is_told=False)
    Operator.objects.filter(username="boss").update(must_change_password=False)

    assert looked(quiet) == set()
    assert who_set_password(account("boss"), system_clock() + 50 * BEHIND_FOR) == (account("sato").pk,)


def test_whoever_joins_the_account_later_is_told_then(quiet: Edition) -> None:
    given("boss", "sato", is_told=False)
    Operator.objects.filter(username="boss").update(must_change_password=False)
    joined = edition_of(bindings='[people."部長"]\naccount = "boss"\nemail = "buchou@example.com"\n')

    assert looked(joined) == {"buchou"}


def test_nobody_silences_it(quiet: Edition) -> None:
    silence({"item": "approval"}, "静かに", ends_at=MONDAY + HOUR, by="boss", now=MONDAY)
    chosen("sato")

    assert looked(quiet) == {"sato"}


@pytest.mark.usefixtures("edition")
def test_passwords_that_were_chosen_before_count_from_when_they_were_given() -> None:
    for name in ("sato", "suzuki"):
        given(name, "boss", is_told=False)
    Operator.objects.filter(username="sato").update(must_change_password=False)

    import_module("toban.engine.people.migrations.0007_password_told_at")._as_before(apps, None)

    assert account("sato").password_told_at == account("sato").password_set_at
    assert account("suzuki").password_told_at is None
