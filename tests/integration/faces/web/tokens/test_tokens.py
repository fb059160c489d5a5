"""The page of the reader's own tokens."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import PASSWORD, Operators, SignIn

from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.tokens import service
from toban.engine.tokens.models import ApiToken

pytestmark = pytest.mark.django_db


def wanted(*scopes: str, **changes: str) -> dict[str, object]:
    until = f"{system_clock() + timedelta(days=30):%Y-%m-%d}"
    return {"name": "ci", "until": until, "scopes": scopes, **changes}


def made(client: Client, *scopes: str, **changes: str) -> str:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    answer = client.post("/tokens/", wanted(*scopes, **changes))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_token_is_shown_once_and_works(viewer: Client) -> None:
    shown = made(viewer, "read:alerts")

    found = re.search(r"toban_[\w-]{43}", shown)
    assert found is not None
    assert service.holder_of(found[0], system_clock()) is not None
    again = viewer.get("/tokens/").content.decode()
    assert found[0] not in again
    assert "<code>read:alerts</code>" in again
    newest = LedgerEntry.objects.latest("sequence")
    assert (newest.actor, newest.content["event"]) == ("mira", "token-made")


def test_a_session_alone_makes_no_token(viewer: Client) -> None:
    page = viewer.get("/tokens/").content.decode()
    answer = viewer.post("/tokens/", wanted("read:alerts"))

    assert "/accounts/reauthenticate/?next=%2Ftokens%2F" in page
    assert 'name="scopes"' not in page
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/reauthenticate/?next=%2Ftokens%2F")
    assert not ApiToken.objects.exists()


def test_a_viewer_is_offered_nothing_that_gives_orders(viewer: Client) -> None:
    made(viewer, "act:runs")

    assert "act:" not in viewer.get("/tokens/").content.decode()
    assert not ApiToken.objects.exists()


def test_a_flaw_is_shown_beside_the_form(sign_in: SignIn) -> None:
    client = sign_in(OperatorRole.MANAGER)
    made(client, "act:runs")

    assert "すでにあります" in unescape(made(client, "act:runs"))
    assert "366日" in unescape(made(client, "act:runs", name="b", until="2199-01-01")).replace(" ", "")
    assert ApiToken.objects.count() == 1


def test_only_own_tokens_are_shown_and_revoked(sign_in: SignIn, operator: Operators) -> None:
    client, other = sign_in(OperatorRole.MANAGER), Client()
    made(client, "read:runs", name="deploy-bot")
    other.force_login(operator("aki", OperatorRole.MANAGER))
    token = ApiToken.objects.get()

    assert "deploy-bot" not in other.get("/tokens/").content.decode()
    other.post("/tokens/", {"act": "revoke", "token": str(token.pk)})
    assert ApiToken.objects.exists()
    for wrong in ("", "x", "9" * 30):
        assert client.post("/tokens/", {"act": "revoke", "token": wrong}).status_code == 400
    client.post("/tokens/", {"act": "revoke", "token": str(token.pk)})
    assert not ApiToken.objects.exists()


def test_a_page_of_another_site_makes_no_token(operator: Operators) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator("aki", OperatorRole.MANAGER))

    assert client.post("/tokens/", {"name": "ci"}).status_code == 403
    assert Operator.objects.count() == 1


def test_the_page_speaks_english(viewer: Client) -> None:
    viewer.cookies["django_language"] = "en"

    shown = viewer.get("/tokens/").content.decode()

    assert "API tokens" in shown
    assert not re.search(r"[ぁ-ん]", shown.split("<main")[1])
