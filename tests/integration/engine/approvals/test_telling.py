"""Who is told of a request for approval, and when: through the real pipeline, to mail addresses."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.integration.engine.approvals.conftest import (
    HOUR,
    MONDAY,
    PAIR,
    account,
    asked,
    edition_of,
    giver,
    subject,
)

from toban.design.values.people import ChannelKind
from toban.engine.approvals.answers import Giver, break_glass, grant
from toban.engine.approvals.delegations import delegate
from toban.engine.approvals.holders import holders_of
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.approvals.requests import request_for
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.approvals.telling import candidates, tell_all
from toban.engine.editions.edition import Edition
from toban.engine.notify.deciding import pipeline
from toban.engine.notify.models import Alert, Announcement, Delivery
from toban.engine.notify.routing.contacts import BoundChannel, Contacts

pytestmark = pytest.mark.django_db

WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)


def told(edition: Edition, now: datetime) -> set[str]:
    """Look for news at *now* and send them; return the addresses."""
    tell_all(edition, now)
    before = set(Delivery.objects.values_list("pk", flat=True))
    contacts = Contacts(
        people={
            name: {ChannelKind.EMAIL: person.email}
            for name, person in edition.bindings.people.items()
            if person.email
        },
        ways=(BoundChannel("mail", ChannelKind.EMAIL, is_shared=False),),
        zone=ZoneInfo("Asia/Tokyo"),
        duty=edition.bindings.duty,
        public_url="https://toban.example.com",
    )
    pipeline.announce(edition.design, contacts, now)
    new = Delivery.objects.exclude(pk__in=before)
    return {each.destination.removeprefix("mail:").removesuffix("@example.com") for each in new}


def on_duty(edition: Edition, at: datetime = MONDAY) -> str:
    (found,) = holders_of(edition, "運用責任者", at)
    assert found.account is not None
    return found.account.username


@pytest.fixture
def quiet(edition: Edition) -> Edition:
    """Nothing is news yet: neither the last hand-over nor anything else."""
    told(edition, MONDAY)
    return edition


def test_the_person_who_may_approve_is_told_once_with_what_leads_to_the_page(quiet: Edition) -> None:
    request = asked(quiet)

    assert told(quiet, MONDAY) == {on_duty(quiet)}
    assert told(quiet, MONDAY + HOUR / 2) == set()
    facts = [str(value) for _label, value in Announcement.objects.latest("pk").told]
    assert any(f"/approvals/{request.pk}" in fact for fact in facts)


def test_the_next_person_is_told_when_the_role_passes_on(quiet: Edition) -> None:
    asked(quiet, terms=ApprovalTerms("運用責任者", within=2 * WEEK))
    told(quiet, MONDAY)

    other = on_duty(quiet, MONDAY + WEEK)

    assert other != on_duty(quiet)
    assert other in told(quiet, MONDAY + WEEK)


def test_a_deputy_and_a_delegate_are_told_of_what_waits_already(quiet: Edition) -> None:
    asked(quiet)
    told(quiet, MONDAY)
    holder = account(on_duty(quiet))
    delegate(
        "運用責任者", "佐藤", "会議", ends_at=MONDAY + HOUR, by=holder, edition=quiet, now=MONDAY
    )  # fmt: skip

    assert "sato" in told(quiet, MONDAY)


@pytest.mark.usefixtures("edition")
def test_what_waits_is_read_once_for_all_who_may_answer() -> None:
    pair = edition_of(bindings=PAIR)
    request = asked(pair, "boss")

    with CaptureQueriesContext(connection) as looked:
        found = candidates(request, pair, MONDAY)

    assert found.able == ("田中", "鈴木")
    assert sum(f'FROM "{ApprovalAnswer._meta.db_table}"' in each["sql"] for each in looked) == 1


def test_whoever_ordered_is_not_asked_and_it_is_said_that_nobody_can_answer(quiet: Edition) -> None:
    request = asked(quiet, on_duty(quiet))

    tell_all(quiet, MONDAY)

    request.refresh_from_db()
    assert request.told == [""]
    told(quiet, MONDAY)
    titles = [str(each.title) for each in Announcement.objects.all()]
    assert any("いま承認できる人がいません: 自分が依頼したこと" in title for title in titles)


def test_a_person_is_told_again_when_the_role_comes_back(quiet: Edition) -> None:
    asked(quiet, terms=ApprovalTerms("運用責任者", within=timedelta(days=30)))
    first = on_duty(quiet)
    told(quiet, MONDAY)
    told(quiet, MONDAY + WEEK)

    assert first in told(quiet, MONDAY + 2 * WEEK)


def test_everybody_concerned_is_told_at_once_when_the_glass_is_broken(quiet: Edition) -> None:
    request = asked(quiet, "sato")
    holder = account(on_duty(quiet))
    delegate(
        "運用責任者", "山田", "会議", ends_at=MONDAY + HOUR, by=holder, edition=quiet, now=MONDAY
    )  # fmt: skip
    told(quiet, MONDAY)
    boss = Giver(account("boss"), has_proved=True)

    break_glass(request.pk, "停止中", shown=request.digest, by=boss, edition=quiet, now=MONDAY + MINUTE)

    assert told(quiet, MONDAY + MINUTE) == {on_duty(quiet), "sato"}
    assert "山田" in Alert.objects.get(condition="critical").people


@pytest.mark.parametrize(
    ("via", "user", "words"),
    [
        (ApprovalAnswer.Via.SHELL, "root", "サーバーのコマンドから"),
        (ApprovalAnswer.Via.API, "", "の API トークンから回答がありました"),
    ],
)
def test_an_answer_given_without_signing_in_is_told_to_the_person_in_whose_name_it_was(
    quiet: Edition, via: ApprovalAnswer.Via, user: str, words: str
) -> None:
    request, name = asked(quiet), on_duty(quiet)
    told(quiet, MONDAY)

    by = giver(name, via=via, shell_user=user)
    grant(request.pk, "", shown=request.digest, by=by, edition=quiet, now=MONDAY)

    assert told(quiet, MONDAY) == {name}
    assert words in str(Announcement.objects.latest("pk").title)


def test_requests_of_an_edition_that_is_over_are_asked_again_and_told_again(quiet: Edition) -> None:
    asked(quiet)
    told(quiet, MONDAY)
    edited = edition_of(bindings='[system]\nname = "本番"\n' + PEOPLE)

    request_for(subject(edited), MONDAY)

    assert told(edited, MONDAY) == {on_duty(edited)}


PEOPLE = """
[people."田中"]
account = "tanaka"
email = "tanaka@example.com"
[people."鈴木"]
account = "suzuki"
email = "suzuki@example.com"
"""
