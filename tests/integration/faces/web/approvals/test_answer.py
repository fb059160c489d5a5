"""The page on which a new version of the document is approved."""

from functools import partial
from pathlib import Path

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import DOCUMENT, PASSWORD, Fixed, Operators
from tests.registered import PARTS

from toban.design.reader import read_design
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.rules import ApprovalTerms, RequestState
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions import records
from toban.engine.editions.edition import ApprovalNeed, Edition, EditionRefusal
from toban.engine.editions.gate.approval import watch
from toban.engine.operation import rows_of
from toban.engine.people.models import Operator, OperatorRole
from toban.message import plain

PEOPLE = '[people."運用責任者"]\nname = "上原 奈美"\naccount = "nami"\n'


def edition(more: str = "") -> Edition:
    bindings = read_bindings(PEOPLE + more, Path("toban.toml"), PARTS.schema)
    return Edition(read_design(DOCUMENT, "運用設計書.md"), bindings, PARTS.kinds)


@pytest.fixture
def waiting(in_force: Fixed, operator: Operators) -> ApprovalRequest:
    operator("nami", OperatorRole.DEVELOPER)
    operator("suzuki", OperatorRole.DEVELOPER)
    in_force.edition, now = edition(), system_clock()
    need = ApprovalNeed(
        plain("others write it"), (plain('~ batches.B1.command: "a" → "b"'),), ApprovalTerms("運用責任者")
    )
    new = edition('[batches.B1]\ncommand = ["b"]\n')
    in_force.refusal = EditionRefusal("運用設計書.md", "contents", plain("waits"), new, need)
    rows = partial(rows_of, operations=PARTS.operations)
    records.record_refusal(in_force.edition, in_force.refusal, rows, now)
    watch(in_force.edition, now)
    return ApprovalRequest.objects.get()


def as_(name: str, *, proved: bool = False) -> Client:
    client = Client()
    client.force_login(Operator.objects.get(username=name))
    if proved:
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def test_the_first_page_names_the_waiting_version_and_leads_to_its_approval(waiting: ApprovalRequest) -> None:
    page = as_("nami").get("/")

    assert page.status_code == 200
    text = page.content.decode()
    assert "新しい版は承認を待っています" in text
    assert "確認を待っています" not in text
    banner = text[text.index('<div id="version">') :]
    assert "<pre>" not in banner[: banner.index("<details>")]
    assert f'href="/approvals/{waiting.pk}"' in text


def test_the_version_page_says_what_would_run_and_leads_to_the_answer(waiting: ApprovalRequest) -> None:
    page = as_("suzuki").get("/version").content.decode()

    assert "~ batches.B1.command: &quot;a&quot; → &quot;b&quot;" in page
    assert f'href="/approvals/{waiting.pk}"' in page
    assert "この版に切り替える" not in page


def test_a_confirmation_is_not_enough(waiting: ApprovalRequest) -> None:
    as_("suzuki").post("/version", {"version": "contents"})

    assert records.accepted(system_clock()) is None


def test_those_who_may_not_answer_see_who_may_and_no_form(waiting: ApprovalRequest) -> None:
    page = as_("suzuki").get(f"/approvals/{waiting.pk}").content.decode()

    assert "運用責任者" in page
    assert "<b>上原 奈美</b>" in page
    assert 'value="approve"' not in page


def test_the_answer_takes_a_fresh_proof_of_identity(waiting: ApprovalRequest) -> None:
    nami, address = as_("nami"), f"/approvals/{waiting.pk}"

    page = nami.get(address).content.decode()
    answered = nami.post(address, {"act": "approve", "shown": waiting.digest})

    assert "もう一度サインインして答える" in page
    assert 'value="approve"' not in page
    assert "reauthenticate" in answered["Location"]
    waiting.refresh_from_db()
    assert waiting.state == RequestState.OPEN


@pytest.mark.parametrize("act", ["", "maybe"])
def test_what_is_neither_an_approval_nor_a_refusal_answers_nothing(
    waiting: ApprovalRequest, act: str
) -> None:
    nami = as_("nami", proved=True)

    answered = nami.post(f"/approvals/{waiting.pk}", {"act": act, "shown": waiting.digest, "note": "why"})

    assert answered.status_code == 400
    waiting.refresh_from_db()
    assert waiting.state == RequestState.OPEN


@pytest.mark.parametrize(
    ("act", "state"), [("approve", RequestState.GRANTED), ("refuse", RequestState.REFUSED)]
)
def test_the_role_answers_what_was_shown(waiting: ApprovalRequest, act: str, state: RequestState) -> None:
    nami, address = as_("nami", proved=True), f"/approvals/{waiting.pk}"
    assert 'value="approve"' in nami.get(address).content.decode()

    other = nami.post(address, {"act": act, "shown": "older", "note": "why"})
    mine = nami.post(address, {"act": act, "shown": waiting.digest, "note": "why"})

    assert (other.status_code, mine.status_code) == (409, 302)
    waiting.refresh_from_db()
    assert waiting.state == state
    assert (records.accepted(system_clock()) is not None) is (state == RequestState.GRANTED)
    assert nami.get("/version").status_code == 200
    assert "運用設計書.md の新しい版を" in nami.get("/changes/").content.decode()
