"""Who may use the API: tokens that are wrong, over, revoked, of another scope or of a lost role."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from tests.integration.faces.api.conftest import EVERYTHING, Program, Programs

from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.first import renewed_password
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.tokens import once, service
from toban.engine.tokens.models import ApiToken
from toban.engine.tokens.rules import Pace, WantedToken
from toban.faces.api import access
from toban.faces.api.access import RequestCounter

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def status_of(program: Program) -> int:
    return program.client.get("/rest/v1/alerts", headers=program.headers).status_code


def test_a_token_is_kept_as_a_digest_only(program: Programs) -> None:
    made = program()

    assert re.fullmatch(r"toban_[\w-]{43}", made.token)
    assert made.token not in str(list(ApiToken.objects.values()))
    assert made.token not in str(list(LedgerEntry.objects.values()))


def test_its_last_use_is_noted(program: Programs) -> None:
    made = program()
    assert ApiToken.objects.get().used_at is None

    assert status_of(made) == 200

    used = ApiToken.objects.get().used_at
    assert used is not None
    assert abs(system_clock() - used) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer toban_",
        "Basic YTpi",
        "Bearer toban_" + "x" * 43,
        "Bearer toban_\xe9",
        "x" * 4000,
    ],
)
def test_without_a_right_token_nothing_is_answered(header: str) -> None:
    answer = Client().get("/rest/v1/alerts", headers={"Authorization": header} if header else {})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="toban"')
    assert answer.json()["type"] == "urn:toban:problem:unauthorized"


def test_a_token_ends_at_its_end(program: Programs) -> None:
    made = program()
    ends_at = ApiToken.objects.get().ends_at

    assert service.holder_of(made.token, ends_at - SECOND) is not None
    assert service.holder_of(made.token, ends_at) is None


def test_a_revoked_token_gives_no_access(program: Programs) -> None:
    made = program()
    service.revoke(ApiToken.objects.get().pk, by="nami")

    assert status_of(made) == 401


def test_a_locked_account_has_no_access_and_its_tokens_end_for_good(program: Programs) -> None:
    made = program()
    Operator.objects.update(is_active=False, lockouts=1)
    assert status_of(made) == 401

    Operator.objects.update(is_active=True)

    assert status_of(made) == 401


def test_a_new_one_time_password_ends_the_tokens_for_good(program: Programs) -> None:
    made = program()
    renewed_password("nami", system_clock())
    Operator.objects.update(must_change_password=False)
    Authenticator.objects.create(user=Operator.objects.get(), type=Authenticator.Type.TOTP, data={})

    assert status_of(made) == 401


def test_an_account_with_something_to_do_first_has_no_access(program: Programs) -> None:
    made = program()
    Operator.objects.update(must_change_password=True)

    assert status_of(made) == 401
    assert "パスワードは一度きりのもので" in made.get("/status", 401)["detail"]


def test_a_removed_account_has_no_access(program: Programs) -> None:
    made = program()
    Operator.objects.all().delete()

    assert status_of(made) == 401


def test_a_token_reads_only_what_its_scopes_name(program: Programs) -> None:
    made = program(OperatorRole.MANAGER, "read:alerts")

    answer = made.client.get("/rest/v1/runs", headers=made.headers)

    assert answer.status_code == 403
    assert answer.json()["detail"] == "read:runs が必要です"
    assert 'error="insufficient_scope", scope="read:runs"' in answer.headers["WWW-Authenticate"]


def test_a_token_that_reads_gives_no_orders(program: Programs) -> None:
    made = program()

    for path in ("/alerts/1/acknowledge", "/silences", "/maintenance", "/runs", "/works/skip"):
        assert made.post(path, status=403)["type"] == "urn:toban:problem:scope-missing"


def test_an_account_that_became_a_viewer_gives_no_orders(program: Programs) -> None:
    made = program(OperatorRole.DEVELOPER, *EVERYTHING)
    Operator.objects.update(operator_role=OperatorRole.VIEWER)

    assert made.post("/alerts/1/acknowledge", status=403)["type"] == "urn:toban:problem:role-missing"
    assert status_of(made) == 200


@pytest.mark.parametrize("lost", ["role", "manager", "account", "token"])
def test_access_lost_after_the_request_was_let_in_stops_the_order(lost: str, program: Programs) -> None:
    program(OperatorRole.MANAGER if lost == "manager" else OperatorRole.DEVELOPER, *EVERYTHING)
    token = ApiToken.objects.select_related("operator").get()
    match lost:
        case "role":
            Operator.objects.update(operator_role=OperatorRole.VIEWER)
        case "manager":
            Operator.objects.update(operator_role=OperatorRole.DEVELOPER)
        case "account":
            Operator.objects.update(is_active=False)
        case _:
            ApiToken.objects.all().delete()
    done: dict[str, str] = {}
    request = once.KeyedRequest(token, "k", "POST", "/", b"")

    with pytest.raises(once.AccessLost):
        once.carried_out(request, lambda: {"done": done.setdefault("it", "is")}, system_clock())

    assert done == {}


def test_many_wrong_tokens_from_an_address_are_slowed_and_recorded_once(program: Programs) -> None:
    made, stranger = program(), Client()
    wrong = {"Authorization": "Bearer toban_guess"}

    answers = [stranger.get("/rest/v1/alerts", headers=wrong) for _ in range(30)]

    assert {each.status_code for each in answers[:20]} == {401}
    assert {each.status_code for each in answers[20:]} == {429}
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert LedgerEntry.objects.filter(content__event="token-locked-out").count() == 1
    # Strangers behind the same address do not keep the holder of a right one out.
    assert status_of(made) == 200


def test_a_token_sends_only_so_many_requests_a_minute(
    program: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_counter", RequestCounter(Pace(3)))
    made = program()

    assert [status_of(made) for _ in range(5)] == [200, 200, 200, 429, 429]


def test_requests_become_free_again_with_time() -> None:
    clock = [1000.0]
    counter = RequestCounter(Pace(60), lambda: clock[0])

    assert [counter.wait(1) for _ in range(60)] == [0.0] * 60
    assert counter.wait(1) == pytest.approx(1.0)
    assert counter.wait(2) == 0.0
    clock[0] += 1
    assert counter.wait(1) == 0.0
    assert counter.wait(1) > 0


def test_a_name_stands_for_one_token_of_an_account(program: Programs) -> None:
    program()
    wanted = WantedToken("ci", ["read:runs"], system_clock() + timedelta(days=1))

    with pytest.raises(NotPossible) as refused:
        service.make(Operator.objects.get(), wanted, EVERYTHING, by="nami", now=system_clock())

    assert refused.value.said.code == "tokens.name-is-taken"
    assert ApiToken.objects.count() == 1
