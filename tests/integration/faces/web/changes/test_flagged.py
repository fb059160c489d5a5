"""The page of changes that a review of the audit log answers one by one."""

from datetime import timedelta

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import SignIn

from toban.engine.changes.models import Change, ChangeAnswer
from toban.engine.clock import system_clock
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import OperatorRole

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(sign_in: SignIn) -> Client:
    return sign_in(OperatorRole.MANAGER)


def changed(operator: str, *, days: float = 1, actor: str = "sato", **more: str) -> int:
    """Record that *operator* became a manager, and return the number of the change."""
    content = {"event": "role-changed", "operator": operator, "after": "manager", "before": "viewer", **more}
    entry = ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=actor)
    ledger.append(entry, now=system_clock() - timedelta(days=days))
    return Change.objects.order_by("-entry").values_list("pk", flat=True)[0]


def test_each_is_answered_and_the_unanswered_stand_first(manager: Client) -> None:
    first, _second = changed("<i>tanaka"), changed("suzuki", days=2)
    shown = manager.get("/changes/flagged/").content.decode()
    assert shown.index("&lt;i&gt;tanaka") < shown.index("suzuki")
    assert shown.count("未回答</") + shown.count("未回答 <") == 2

    answer = manager.post("/changes/flagged/?from=2026-01-01", {"number": first, "remark": "<b>確かめた"})

    assert answer.status_code == 302
    assert answer["Location"] == "/changes/flagged/?from=2026-01-01"
    shown = manager.get("/changes/flagged/").content.decode()
    assert "&lt;b&gt;確かめた" in shown
    assert shown.index("suzuki") < shown.index("&lt;i&gt;tanaka")


@pytest.mark.parametrize("number", ["0", "x", "9" * 30, "²"])
def test_what_is_no_unanswered_change_is_refused(manager: Client, number: str) -> None:
    changed("tanaka")

    answer = manager.post("/changes/flagged/", {"number": number, "remark": "見た"})

    assert answer.status_code == 409
    assert not ChangeAnswer.objects.exists()


@pytest.mark.parametrize("actor", ["manager", "shell:manager", "Manager"])
def test_nobody_answers_about_what_they_did_themselves_be_it_from_a_shell(
    manager: Client, actor: str
) -> None:
    number = changed("tanaka", actor=actor)

    answer = manager.post("/changes/flagged/", {"number": number, "remark": "見た"})

    assert answer.status_code == 409
    assert not ChangeAnswer.objects.exists()


def test_nobody_answers_about_what_was_done_by_a_token_that_they_made_in_a_shell(manager: Client) -> None:
    number = changed("tanaka", shell_user="manager")

    assert manager.post("/changes/flagged/", {"number": number, "remark": "見た"}).status_code == 409


def test_a_period_that_can_not_be_read_is_said(manager: Client) -> None:
    assert manager.get("/changes/flagged/?from=soon").status_code == 400


def test_managers_alone_see_it(sign_in: SignIn) -> None:
    assert sign_in(OperatorRole.DEVELOPER).get("/changes/flagged/").status_code == 403
