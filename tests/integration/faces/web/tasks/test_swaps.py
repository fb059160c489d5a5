"""The page of swaps: one asks, the other agrees in place."""

import re
from pathlib import Path

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import Fixed, Operators
from tests.integration.faces.web.tasks.test_tasks import BINDINGS, DOCUMENT, as_
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.people.models import OperatorRole
from toban.engine.tasks.models import Swap

TWO_ROLES = (
    DOCUMENT.replace("## 10.", "| 運用責任者 | 佐藤 | 24時間365日 |\n## 10.")
    + "| バックアップ確認 | 6:00 | 運用責任者 | 成功 |\n"
)


@pytest.fixture(autouse=True)
def edition(in_force: Fixed, operator: Operators) -> None:
    bound = BINDINGS + '[people."運用責任者"]\naccount = "sato"\n'
    in_force.edition = Edition(
        read_design(TWO_ROLES, "運用設計書.md"), read_bindings(bound, Path("toban.toml"), schema())
    )
    for name in ("kai", "hana", "sato"):
        operator(name, OperatorRole.DEVELOPER)


def page(client: Client) -> str:
    return client.get("/tasks/swaps/").content.decode()


def options(found: str, name: str) -> list[str]:
    return re.findall(
        r'<option value="([0-9a-f]{12})"', found.split(f'name="{name}"')[1].split("</select>", maxsplit=1)[0]
    )


def test_a_swap_is_asked_for_and_agreed_to() -> None:
    kai, sato = as_("kai"), as_("sato")
    found = page(kai)
    form = {"act": "ask", "mine": options(found, "mine")[0], "theirs": options(found, "theirs")[0]}
    assert kai.post("/tasks/swaps/", {**form, "reason": ""}).status_code == 409

    assert kai.post("/tasks/swaps/", {**form, "reason": "休暇"}).status_code == 302

    assert "運用責任者 の返事待ち" in page(kai)
    assert "(1)" in sato.get("/tasks/").content.decode()
    assert "<q>休暇</q>" in page(sato)
    swap = Swap.objects.get()
    assert kai.post("/tasks/swaps/", {"act": "agree", "number": swap.pk}).status_code == 409
    assert sato.post("/tasks/swaps/", {"act": "agree", "number": swap.pk}).status_code == 302
    swap.refresh_from_db()
    assert swap.state == "agreed"


def test_whoever_has_no_task_has_nothing_to_swap() -> None:
    found = page(as_("hana"))

    assert "交換できる作業がありません" in found
    assert 'name="mine"' not in found


@pytest.mark.parametrize("form", [{}, {"act": "x"}, {"act": "agree", "number": "x" * 40}])
def test_what_no_form_says_is_refused(form: dict[str, str]) -> None:
    assert as_("kai").post("/tasks/swaps/", form).status_code in {400, 409}
    assert not Swap.objects.exists()
