"""The page of approvals: what waits, delegations, and the review of what went ahead without."""

from datetime import timedelta

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import Fixed, Operators, proved
from tests.integration.faces.web.ledger import MONTHLY, awaiting, planned, put_in_force

from toban.engine.approvals.answers import Giver, break_glass
from toban.engine.approvals.models import ApprovalRequest, BreakGlass, Delegation
from toban.engine.clock import system_clock
from toban.engine.editions import present
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs.models import Run

PEOPLE = """
[people."運用責任者"]
account = "nami"
[people."鈴木"]
name = "鈴木 花"
account = "suzuki"
[people."連絡のみ"]
"""
ACCOUNTS = {
    "nami": OperatorRole.DEVELOPER,
    "suzuki": OperatorRole.DEVELOPER,
    "mira": OperatorRole.VIEWER,
    "boss": OperatorRole.MANAGER,
}


@pytest.fixture(autouse=True)
def waiting(in_force: Fixed, operator: Operators) -> Run:
    put_in_force(in_force, bindings=PEOPLE)
    for name, role in (
        ("nami", "developer"),
        ("suzuki", "developer"),
        ("mira", "viewer"),
        ("boss", "manager"),
    ):
        operator(name, OperatorRole(role))
    planned(MONTHLY)
    return awaiting()


def as_(name: str, *, has_proved: bool = False) -> Client:
    client, person = Client(), Operator.objects.get(username=name)
    if has_proved:
        proved(client, person)
    else:
        client.force_login(person)
    return client


def test_the_page_says_what_waits_who_may_answer_and_what_the_reader_may(waiting: Run) -> None:
    request = ApprovalRequest.objects.get()

    mine, others = (as_(name).get("/approvals/").content.decode() for name in ("nami", "suzuki"))

    assert f'href="/approvals/{request.pk}">B003 実行 {waiting.pk} の手順「送付」</a>' in mine
    assert "あなたが承認できます" in mine
    assert "あなたが承認できます" not in others


def test_the_address_in_notifications_leads_to_where_it_is_answered(waiting: Run) -> None:
    request = ApprovalRequest.objects.get()

    assert as_("nami").get(f"/approvals/{request.pk}").headers["Location"] == f"/runs/{waiting.pk}"
    assert as_("nami").get("/approvals/999").status_code == 404
    assert Client().get(f"/approvals/{request.pk}").headers["Location"].startswith("/accounts/login/")


def test_only_people_with_accounts_are_offered_and_only_holders_are_asked_to_delegate() -> None:
    holder, other = (as_(name).get("/approvals/").content.decode() for name in ("nami", "suzuki"))

    assert '<option value="鈴木">鈴木 花</option>' in holder
    assert "連絡のみ" not in holder
    assert "承認を委任する" not in other


def test_a_holder_delegates_and_the_delegate_approves() -> None:
    until = (system_clock() + timedelta(hours=2)).isoformat()
    form = {"act": "delegate", "role": "運用責任者", "person": "鈴木", "until": until, "reason": "会議"}

    refused = as_("suzuki", has_proved=True).post("/approvals/", form)
    made = as_("nami", has_proved=True).post("/approvals/", form)

    assert (refused.status_code, made.status_code) == (409, 302)
    assert "委任できません" in refused.content.decode()
    page = as_("suzuki").get("/approvals/").content.decode()
    assert "運用責任者 → <b>鈴木</b>" in page
    assert "あなたが承認できます" in page

    number = Delegation.objects.get().pk
    assert as_("mira").post("/approvals/", {"act": "end", "number": number}).status_code == 409
    assert as_("nami").post("/approvals/", {"act": "end", "number": number}).status_code == 302
    assert "あなたが承認できます" not in as_("suzuki").get("/approvals/").content.decode()


def test_a_session_alone_reviews_nothing() -> None:
    request, edition = ApprovalRequest.objects.get(), present.edition()
    assert edition is not None
    by = Giver(Operator.objects.get(username="suzuki"), has_proved=True)
    break_glass(request.pk, "停止中", shown=request.digest, by=by, edition=edition, now=system_clock())
    form = {"act": "review", "number": BreakGlass.objects.get().pk, "words": "妥当"}

    answer = as_("boss").post("/approvals/", form)

    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert BreakGlass.objects.get().reviewed_at is None


def test_a_session_alone_delegates_nothing() -> None:
    until = (system_clock() + timedelta(hours=2)).isoformat()
    form = {"act": "delegate", "role": "運用責任者", "person": "鈴木", "until": until, "reason": "会議"}

    answer = as_("nami").post("/approvals/", form)

    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not Delegation.objects.exists()


def test_another_person_reviews_what_went_ahead_without_approval() -> None:
    request, edition = ApprovalRequest.objects.get(), present.edition()
    assert edition is not None
    by = Giver(Operator.objects.get(username="suzuki"), has_proved=True)
    break_glass(request.pk, "停止中", shown=request.digest, by=by, edition=edition, now=system_clock())
    form = {"act": "review", "number": BreakGlass.objects.get().pk, "words": "妥当"}

    own_page = as_("suzuki").get("/approvals/").content.decode()
    own, viewer = (as_(name, has_proved=True).post("/approvals/", form) for name in ("suzuki", "mira"))
    done = as_("boss", has_proved=True).post("/approvals/", form)

    assert "自分が承認なしで進めたこと" in own_page
    assert (own.status_code, viewer.status_code, done.status_code) == (409, 409, 302)
    assert BreakGlass.objects.get().reviewed_by == "boss"
    assert "停止中" not in as_("boss").get("/approvals/").content.decode()


@pytest.mark.parametrize("form", [{}, {"act": "nonsense"}])
def test_an_unknown_act_is_refused(form: dict[str, str]) -> None:
    assert as_("boss").post("/approvals/", form).status_code == 400


@pytest.mark.parametrize("number", ["", "x", "9" * 30, "-1"])
def test_a_wrong_number_is_refused_in_words(number: str) -> None:
    answer = as_("boss").post("/approvals/", {"act": "end", "number": number})

    assert answer.status_code == 409


def test_cross_site_answers_are_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(Operator.objects.get(username="nami"))

    assert client.post("/approvals/", {"act": "end", "number": "1"}).status_code == 403
