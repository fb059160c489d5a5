"""The pages of exceptions: asked for, approved, renewed and ended by people with browsers."""

from datetime import timedelta

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import CPU, DOCUMENT, Fixed, Operators, proved
from tests.integration.faces.web.ledger import put_in_force

from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.status import StatusUpdate, show
from toban.engine.evidence.verdict import Verdict
from toban.engine.exceptions.models import RowException
from toban.engine.exceptions.rules import ExceptionState
from toban.engine.people.models import Operator, OperatorRole
from toban.faces.document.address import evidence_address
from toban.message import plain

PEOPLE = """
[people."運用責任者"]
account = "nami"
[people."佐藤"]
account = "sato"
"""


@pytest.fixture(autouse=True)
def edition(in_force: Fixed, operator: Operators) -> Edition:
    for name, role in (("nami", "developer"), ("sato", "developer"), ("mira", "viewer")):
        operator(name, OperatorRole(role))
    return put_in_force(in_force, DOCUMENT, PEOPLE)


def as_(name: str, *, has_proved: bool = False) -> Client:
    client, person = Client(), Operator.objects.get(username=name)
    if has_proved:
        proved(client, person)
    else:
        client.force_login(person)
    return client


def until(days: int) -> str:
    return (system_clock() + timedelta(days=days)).isoformat()


def asked(**more: str) -> RowException:
    form = {"row": CPU, "reason": "交換待ち <b>", "until": until(30), **more}
    response = as_("sato").post("/exceptions/", form)
    assert response.status_code == 302, response.content.decode()
    return RowException.objects.order_by("-pk")[0]


def answered(found: RowException, act: str, name: str = "nami", **more: str) -> int:
    client = as_(name, has_proved=True)
    page = client.get(f"/exceptions/{found.pk}")
    form = {"act": act, "shown": page.context["digest_shown"], **more}
    return client.post(f"/exceptions/{found.pk}", form).status_code


def state(found: RowException) -> ExceptionState:
    found.refresh_from_db()
    return found.state(system_clock())


def deviates() -> None:
    now = system_clock()
    show([StatusUpdate(CPU, Verdict.DEVIATING, plain("92%"), plain("高い"), now)], now, "digest")


def test_an_exception_is_asked_for_and_approved_by_another_person() -> None:
    deviates()
    found = asked(subject="")
    page = as_("nami").get("/exceptions/").content.decode()
    assert "承認待ち" in page
    assert "交換待ち &lt;b&gt;" in page

    assert answered(found, "approve", reason="了解") == 302

    assert state(found) is ExceptionState.IN_FORCE
    document = as_("mira").get("/").content.decode()
    assert "<b>逸脱</b>" in document
    assert "例外: 交換待ち &lt;b&gt; (sato、" in document
    assert ClauseStatus.objects.get(clause_id=CPU).verdict == "deviating"


def test_nobody_approves_their_own_and_a_viewer_orders_nothing() -> None:
    found = asked()

    assert answered(found, "approve", "sato") == 409
    assert answered(found, "end", "mira") == 409
    assert as_("mira").post("/exceptions/", {"row": CPU, "reason": "x", "until": until(1)}).status_code == 409
    assert "例外を依頼" not in as_("mira").get("/exceptions/").content.decode()
    assert state(found) is ExceptionState.ASKED


def test_a_session_alone_approves_no_exception() -> None:
    found, client = asked(), as_("nami")
    page = client.get(f"/exceptions/{found.pk}")
    form = {"act": "approve", "shown": page.context["digest_shown"]}

    answer = client.post(f"/exceptions/{found.pk}", form)

    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert state(found) is ExceptionState.ASKED
    assert "もう一度サインインして答える" in page.content.decode()


def test_a_form_without_what_is_needed_is_shown_again_with_the_reason() -> None:
    response = as_("sato").post("/exceptions/", {"row": CPU, "reason": "長い", "until": until(400)})

    page = response.content.decode()
    assert response.status_code == 409
    assert "例外の期限は、最長" in page
    assert f'value="{CPU}"' in page
    assert not RowException.objects.exists()


def test_a_renewal_waits_for_approval_and_an_end_is_at_once() -> None:
    found = asked()
    answered(found, "approve")

    assert answered(found, "renew", "sato", reason="遅れ", until=until(60)) == 302
    renewal = RowException.objects.get(renews=found)
    assert (state(found), state(renewal)) == (ExceptionState.IN_FORCE, ExceptionState.ASKED)
    assert answered(found, "end", "sato") == 302
    assert state(found) is ExceptionState.ENDED


def test_the_list_says_what_ends_soon_and_what_is_over() -> None:
    soon = asked(subject="web-1", until=until(3))
    answered(soon, "approve")
    over = asked(subject="web-2")
    answered(over, "refuse", reason="直してください")

    page = as_("mira").get("/exceptions/").content.decode()

    assert page.index("まもなく終わるもの") < page.index("web-1") < page.index("終わった例外")
    assert page.index("終わった例外") < page.index("web-2")
    assert "却下: 直してください" in page


def test_evidence_of_a_row_leads_to_its_exceptions() -> None:
    found = asked()

    page = as_("mira").get(evidence_address(CPU)).content.decode()

    assert f'href="/exceptions/{found.pk}"' in page
    assert f"/exceptions/?row={CPU.replace('/', '%2F')[:10]}" in page


def test_an_unknown_exception_and_act_are_refused() -> None:
    found = asked()

    assert as_("mira").get("/exceptions/999").status_code == 404
    assert as_("sato").post(f"/exceptions/{found.pk}", {"act": "x"}).status_code == 400


def test_the_pages_are_in_english_too() -> None:
    found = asked()
    client = as_("nami")
    client.cookies["django_language"] = "en"

    page = client.get("/exceptions/").content.decode()
    one = client.get(f"/exceptions/{found.pk}").content.decode()

    assert "Nobody approves their own request." in page
    assert "The whole row" in one
