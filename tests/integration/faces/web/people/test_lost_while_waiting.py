"""An order waits for others to be carried out: who may no longer give it when its turn comes gives none."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import Fixed, Operators, proved
from tests.integration.faces.web.ledger import DAILY, DOCUMENT, planned
from tests.registered import PARTS

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.first import end_access
from toban.engine.people.models import Operator, OperatorRole

pytestmark = pytest.mark.django_db

SOON = f"{system_clock() + timedelta(days=30):%Y-%m-%d}"
BINDINGS = '[batches.B004]\ncommand = ["sum"]\nmode = "shadow"\n'


@dataclass(frozen=True)
class Form:
    """An order as a browser sends it; `{yuki}` is the number of another account."""

    address: str
    says: Mapping[str, str] = field(default_factory=dict)


ORDERS = {
    "run": Form(f"/batches/{DAILY}", {"act": "run", "name": DAILY}),
    "mode": Form("/modes/", {"act": "schedule/B004", "mode": "act", "reason": "比べた"}),
    "incident": Form("/incidents/declare", {"title": "注文できない"}),
    "account": Form("/people/", {"username": "new", "email": "", "operator_role": "manager"}),
    "password": Form("/people/{yuki}", {"act": "password"}),
    "token": Form("/tokens/", {"name": "ci", "until": SOON, "scopes": "read:status"}),
}


def locked(account: Operator) -> None:
    account.is_active = False
    end_access(account)


def locked_out(account: Operator) -> None:
    end_access(account)


def demoted(account: Operator) -> None:
    account.operator_role = OperatorRole.VIEWER


@pytest.fixture
def yuki(operator: Operators) -> Operator:
    return operator("yuki", OperatorRole.DEVELOPER)


@pytest.fixture
def boss(operator: Operators, in_force: Fixed) -> Client:
    bindings = read_bindings(BINDINGS, Path("toban.toml"), PARTS.schema)
    in_force.edition = Edition(read_design(DOCUMENT, "運用設計書.md"), bindings, PARTS.kinds)
    planned()
    client = Client()
    proved(client, operator("boss", OperatorRole.MANAGER))
    return client


def given(client: Client, order: Form, yuki: Operator) -> int:
    address = order.address.format(yuki=yuki.pk)
    # What was shown is sent along.
    shown = re.findall(r'name="(shown)" value="(\w+)"', client.get(address).content.decode())
    return client.post(address, {**dict(shown[:1]), **order.says}).status_code


def recorded() -> list[str]:
    entries = LedgerEntry.objects.filter(actor="boss").order_by("sequence")
    return [str(each.content.get("order") or each.content.get("event")) for each in entries]


@pytest.mark.parametrize("lose", [locked, locked_out, demoted])
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_whoever_loses_access_while_an_order_waits_gives_none(
    boss: Client,
    yuki: Operator,
    order: Form,
    lose: Callable[[Operator], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hold, before = ledger.hold, recorded()

    def late() -> None:
        account = Operator.objects.get(username="boss")
        if (account.is_active, account.lockouts, account.operator_role) == (True, 0, OperatorRole.MANAGER):
            lose(account)
            account.save()
        hold()

    with monkeypatch.context() as waiting:
        waiting.setattr(ledger, "hold", late)
        answer = given(boss, order, yuki)

    assert (answer, recorded()) == (403, before)
    assert not Operator.objects.filter(username="new").exists()
    assert not Operator.objects.get(username="yuki").must_change_password


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_whoever_keeps_it_gives_the_order(boss: Client, yuki: Operator, order: Form) -> None:
    before = recorded()

    assert given(boss, order, yuki) in {200, 302}
    assert len(recorded()) == len(before) + 1
