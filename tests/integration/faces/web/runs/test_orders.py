"""Orders on the pages: who may give them, what must be confirmed, and what they do."""

from datetime import timedelta

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import PASSWORD, Fixed, Operators, SignIn
from tests.integration.faces.web.ledger import (
    CLAUSE,
    DAILY,
    MONTHLY,
    awaiting,
    made,
    planned,
    put_in_force,
    shown,
)

from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.models import Alert
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs.models import FinishedStep, Run
from toban.engine.runs.parameters import Parameter, ParameterKind, kept
from toban.engine.runs.rules import RunReason
from toban.message import Message, plain

PART = {"HX-Request": "true"}
PEOPLE = """
[people."運用責任者"]
account = "manager"
[people."開発担当者"]
account = "developer"
"""


@pytest.fixture(autouse=True)
def in_force_with_batches(in_force: Fixed) -> None:
    put_in_force(in_force, bindings=PEOPLE)


def test_a_developer_orders_a_run_with_parameters_and_the_order_is_evidence(sign_in: SignIn) -> None:
    planned()
    client = sign_in(OperatorRole.DEVELOPER)
    assert '<a class="button primary" href="?ask=run#ask"' in client.get(f"/batches/{DAILY}").content.decode()
    question = client.get(f"/batches/{DAILY}?ask=run", headers=PART).content.decode()

    answer = client.post(
        f"/batches/{DAILY}", {"act": "run", "name": DAILY, "parameters": "date=2026-11-24\r\nforce=1"}
    )

    run = Run.objects.get()
    assert "スケジュール（毎日 4:00 (Asia/Tokyo)）" in question
    assert answer.headers["Location"] == f"/runs/{run.pk}"
    assert (run.ordered_by, run.parameters) == ("developer", {"date": "2026-11-24", "force": "1"})
    entry = LedgerEntry.objects.get(kind=LedgerEntry.Kind.AUDIT, content__order="run")
    assert (entry.actor, entry.clause_id) == ("developer", CLAUSE.format(DAILY))


@pytest.mark.parametrize("name", ["", "b004", "B003"])
def test_an_order_with_a_wrong_confirmation_does_nothing_and_keeps_the_input(
    sign_in: SignIn, name: str
) -> None:
    planned()

    answer = sign_in(OperatorRole.DEVELOPER).post(
        f"/batches/{DAILY}", {"act": "run", "name": name, "parameters": "date=2026-11-24"}
    )

    assert answer.status_code == 409
    assert "確認のため「B004」と入力してください。" in answer.content.decode()
    assert "date=2026-11-24</textarea>" in answer.content.decode()
    assert not Run.objects.exists()


def test_an_invalid_parameter_is_refused_with_the_expected_format(sign_in: SignIn) -> None:
    planned()

    answer = sign_in(OperatorRole.DEVELOPER).post(
        f"/batches/{DAILY}", {"act": "run", "name": DAILY, "parameters": "昨日"}
    )

    assert "「昨日」: 英数字の名前=値 の形で書いてください" in answer.content.decode()
    assert not Run.objects.exists()


DATES = [
    {"name": "date", "purpose": plain("集計し直す日").as_json(), "example": "2026-11-24"},
    {"name": "from", "purpose": Message("common.days", count=3).as_json(), "example": "2026-11-01"},
]


def test_known_parameters_are_fields_and_empty_ones_are_not_passed(sign_in: SignIn) -> None:
    planned(parameters=DATES)
    client = sign_in(OperatorRole.DEVELOPER)
    question = client.get(f"/batches/{DAILY}?ask=run", headers=PART).content.decode()

    client.post(
        f"/batches/{DAILY}",
        {"act": "run", "name": DAILY, "parameter.date": "2026-11-23", "parameter.from": ""},
    )

    assert "<b>date</b> 集計し直す日" in question
    assert 'name="parameter.from" value="" placeholder="2026-11-01"' in question
    assert "<textarea" not in question
    assert Run.objects.get().parameters == {"date": "2026-11-23"}


TYPED = kept(
    (
        Parameter("day", plain("対象日"), kind=ParameterKind.DATE, is_required=True),
        Parameter("mode", plain(""), kind=ParameterKind.CHOICE, choices=("light", "full"), default="light"),
        Parameter("key", plain(""), kind=ParameterKind.SECRET, choices=("本番",)),
    )
)


def test_typed_parameters_are_chosen_and_checked(sign_in: SignIn) -> None:
    planned(parameters=TYPED)
    client = sign_in(OperatorRole.DEVELOPER)
    question = client.get(f"/batches/{DAILY}?ask=run", headers=PART).content.decode()
    order = {"act": "run", "name": DAILY, "parameter.day": "2027-02-29", "parameter.key": "本番"}

    refused = client.post(f"/batches/{DAILY}", order)
    client.post(f"/batches/{DAILY}", order | {"parameter.day": "2028-02-29"})

    assert '<input type="date" name="parameter.day"' in question
    assert '<option value="light" selected>light</option>' in question
    assert "「day」に「2027-02-29」は使えません: 日付 (2026-11-28 の形)" in refused.content.decode()
    assert Run.objects.get().parameters == {"day": "2028-02-29", "mode": "light", "key": "本番"}


def test_a_work_on_demand_is_ordered_and_has_nothing_to_skip(sign_in: SignIn) -> None:
    planned(next_due=None)
    client = sign_in(OperatorRole.DEVELOPER)

    page = client.get(f"/batches/{DAILY}?ask=run").content.decode()

    assert 'href="?ask=run#ask"' in page
    assert "?ask=skip" not in page
    assert "今すぐ1回実行します。" in page


def test_the_fields_are_explained_in_the_language_of_the_page(sign_in: SignIn) -> None:
    planned(parameters=DATES)

    question = sign_in(OperatorRole.DEVELOPER).get(
        f"/batches/{DAILY}?ask=run", headers=PART | {"Accept-Language": "en"}
    )

    assert "<b>from</b> 3 d" in question.content.decode()


def test_an_unknown_parameter_creates_no_run_and_the_input_is_kept(
    sign_in: SignIn,
) -> None:
    planned(parameters=DATES)

    answer = sign_in(OperatorRole.DEVELOPER).post(
        f"/batches/{DAILY}",
        {"act": "run", "name": DAILY, "parameters": "dat=2026-11-23", "parameter.from": "2026-11-22"},
    )

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "「B004」に「dat」というパラメーターはありません" in page
    assert "使えるのは date (集計し直す日)、from (3日) です" in page
    assert 'name="parameter.from" value="2026-11-22"' in page
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("dat=2026-11-23", "“B004” has no parameter “dat”"),
        ("2026-11-23", "“2026-11-23”: write NAME=VALUE, with a name of ASCII letters and digits"),
    ],
)
def test_a_refused_order_is_explained_in_english_too(sign_in: SignIn, typed: str, said: str) -> None:
    planned(parameters=DATES)
    client = sign_in(OperatorRole.DEVELOPER)
    client.cookies["django_language"] = "en"

    page = client.post(f"/batches/{DAILY}", {"act": "run", "name": DAILY, "parameters": typed})

    assert said in page.content.decode()


def test_the_next_due_time_is_skipped_with_a_reason(sign_in: SignIn) -> None:
    work = planned()
    client = sign_in(OperatorRole.DEVELOPER)

    unsaid = client.post(f"/batches/{DAILY}", {"act": "skip", "name": DAILY, "reason": " "})
    said = client.post(f"/batches/{DAILY}", {"act": "skip", "name": DAILY, "reason": "棚卸しのため"})

    run = Run.objects.get()
    assert unsaid.status_code == 409
    assert said.status_code == 302
    assert (run.state, run.due_at) == (Run.State.SKIPPED, work.next_due)
    assert str(run.note) == "developer が見送りました: 棚卸しのため"


def test_only_the_displayed_run_is_cancelled(sign_in: SignIn) -> None:
    planned()
    other = made(state=Run.State.WAITING, reason=RunReason.RETRY, due_at=system_clock() - timedelta(hours=1))
    run = made(state=Run.State.WAITING, reason=RunReason.ORDERED)

    answer = sign_in(OperatorRole.DEVELOPER).post(f"/runs/{run.pk}", {"act": "cancel", "name": DAILY})

    run.refresh_from_db()
    other.refresh_from_db()
    assert answer.headers["Location"] == f"/runs/{run.pk}"
    assert (run.state, other.state) == (Run.State.CANCELLED, Run.State.WAITING)


def test_an_ended_run_can_be_resumed_from_a_step(sign_in: SignIn) -> None:
    planned()
    run = made()
    for name in ("集計", "照合"):
        FinishedStep.objects.create(
            run=run, name=name, fence=1, began_at=run.due_at, ended_at=run.due_at, result=None
        )
    client = sign_in(OperatorRole.DEVELOPER)

    whence = client.post(f"/runs/{run.pk}", {"act": "again", "name": DAILY, "from": ""})
    taken = client.post(f"/runs/{run.pk}", {"act": "again", "name": DAILY, "from": "照合"})

    run.refresh_from_db()
    assert whence.status_code == 409
    assert taken.status_code == 302
    assert (run.state, [step.name for step in run.steps.all()]) == (Run.State.WAITING, ["集計"])


def test_the_holder_of_the_role_approves_what_was_shown_and_the_note_is_evidence(sign_in: SignIn) -> None:
    planned(MONTHLY)
    run = awaiting()
    client = sign_in(OperatorRole.MANAGER)
    question = client.get(f"/runs/{run.pk}?ask=approve", headers=PART).content.decode()

    answer = client.post(
        f"/runs/{run.pk}", {"act": "approve", "reason": "金額を見ました", "shown": shown(run)}
    )

    run.refresh_from_db()
    assert f'name="shown" value="{shown(run)}"' in question
    assert "command = [&quot;send&quot;]" in question
    assert answer.status_code == 302
    assert run.reason == RunReason.APPROVED
    assert LedgerEntry.objects.get(content__order="approve").content["said"] == "金額を見ました"
    page = client.get(f"/runs/{run.pk}").content.decode()
    assert "manager が承認しました (運用責任者)" in page


def test_a_form_about_something_else_approves_nothing(sign_in: SignIn) -> None:
    planned(MONTHLY)
    run = awaiting()

    answer = sign_in(OperatorRole.MANAGER).post(f"/runs/{run.pk}", {"act": "approve", "shown": "0" * 64})

    run.refresh_from_db()
    assert answer.status_code == 409
    assert "表示されていた内容と、いまの内容が違います" in answer.content.decode()
    assert run.reason == RunReason.AWAITING_APPROVAL


def test_what_can_not_be_undone_asks_for_the_password_first(operator: Operators) -> None:
    planned(MONTHLY)
    run = awaiting(is_irreversible=True)
    client = Client()
    client.force_login(operator("manager", OperatorRole.MANAGER))
    form = {"act": "approve", "shown": shown(run)}

    asked = client.get(f"/runs/{run.pk}?ask=approve")
    part = client.get(f"/runs/{run.pk}?ask=approve", headers=PART)
    refused = client.post(f"/runs/{run.pk}", form)

    run.refresh_from_db()
    proof = f"/accounts/reauthenticate/?next=%2Fruns%2F{run.pk}%3Fask%3Dapprove%23ask"
    assert (asked.headers["Location"], part.headers["HX-Redirect"]) == (proof, proof)
    assert (refused.headers["Location"], run.reason) == (proof, RunReason.AWAITING_APPROVAL)

    back = client.post(proof, {"password": PASSWORD})
    approved = client.post(f"/runs/{run.pk}", form)

    run.refresh_from_db()
    assert back.headers["Location"] == f"/runs/{run.pk}?ask=approve#ask"
    assert (approved.headers["Location"], run.reason) == (f"/runs/{run.pk}", RunReason.APPROVED)


def test_an_emergency_needs_the_password_the_name_and_a_reason(operator: Operators) -> None:
    planned(MONTHLY)
    run = awaiting()
    client = Client()
    client.force_login(operator("developer", OperatorRole.DEVELOPER))
    form = {"act": "break-glass", "shown": shown(run), "name": MONTHLY, "reason": "本番が停止中"}
    first = client.post(f"/runs/{run.pk}", form)
    client.post(first.headers["Location"], {"password": PASSWORD})

    unnamed = client.post(f"/runs/{run.pk}", form | {"name": ""})
    unsaid = client.post(f"/runs/{run.pk}", form | {"reason": ""})
    said = client.post(f"/runs/{run.pk}", form)

    assert "/accounts/reauthenticate/" in first.headers["Location"]
    assert (unnamed.status_code, unsaid.status_code, said.status_code) == (409, 409, 302)
    run.refresh_from_db()
    assert str(run.note) == "developer が承認なしで進めました: 本番が停止中"
    assert Alert.objects.get().condition == "critical"


def test_nobody_approves_their_own_order_and_the_page_says_so(operator: Operators) -> None:
    planned(MONTHLY)
    manager = operator("manager", OperatorRole.MANAGER)
    run = awaiting("運用責任者", manager.pk)
    client = Client()
    client.force_login(manager)

    page = client.get(f"/runs/{run.pk}").content.decode()
    answer = client.post(f"/runs/{run.pk}", {"act": "approve", "shown": shown(run)})

    assert "?ask=approve" not in page
    assert "あなたは承認できません: 自分が依頼したこと" in page
    assert answer.status_code == 409
    assert "自分が依頼したこと" in answer.content.decode()


def test_an_order_from_the_page_names_the_account(sign_in: SignIn) -> None:
    planned()
    client = sign_in(OperatorRole.DEVELOPER)

    client.post(f"/batches/{DAILY}", {"act": "run", "name": DAILY})

    assert Run.objects.get().orderers == [Operator.objects.get(username="developer").pk]


def test_a_refusal_needs_a_reason_and_ends_the_run(sign_in: SignIn) -> None:
    planned(MONTHLY)
    run = awaiting()
    client = sign_in(OperatorRole.MANAGER)

    unsaid = client.post(f"/runs/{run.pk}", {"act": "refuse", "reason": "", "shown": shown(run)})
    client.post(f"/runs/{run.pk}", {"act": "refuse", "reason": "金額が違います", "shown": shown(run)})

    run.refresh_from_db()
    assert "却下する理由を書いてください。" in unsaid.content.decode()
    assert (run.state, run.reason) == (Run.State.CANCELLED, RunReason.REFUSED)


@pytest.mark.parametrize(("wanted_of", "status"), [("運用責任者", 409), ("開発担当者", 302), ("開発", 409)])
def test_whoever_holds_the_role_that_is_named_may_approve_and_nobody_else(
    sign_in: SignIn, wanted_of: str, status: int
) -> None:
    planned(MONTHLY)
    run = awaiting(wanted_of)
    client = sign_in(OperatorRole.DEVELOPER)

    page = client.get(f"/runs/{run.pk}").content.decode()
    answer = client.post(f"/runs/{run.pk}", {"act": "approve", "shown": shown(run)})

    assert ("?ask=approve" in page) is (status == 302)
    assert answer.status_code == status


def test_a_viewer_sees_no_buttons_and_can_order_nothing(viewer: Client) -> None:
    planned()
    planned(MONTHLY)
    ended, waiting = made(), awaiting()

    pages = [f"/batches/{DAILY}", f"/runs/{ended.pk}", f"/runs/{waiting.pk}"]
    answers = [
        viewer.post(f"/batches/{DAILY}", {"act": "run", "name": DAILY}),
        viewer.post(f"/batches/{DAILY}", {"act": "skip", "name": DAILY, "reason": "x"}),
        viewer.post(f"/runs/{ended.pk}", {"act": "again", "name": DAILY}),
        viewer.post(f"/runs/{waiting.pk}", {"act": "approve"}),
        viewer.post(f"/runs/{waiting.pk}", {"act": "break-glass"}),
        viewer.get(f"/batches/{DAILY}?ask=run"),
    ]

    assert not any("?ask=" in viewer.get(page).content.decode() for page in pages)
    assert [answer.status_code for answer in answers] == [403] * 6
    assert Run.objects.count() == 2


def test_a_batch_that_runs_elsewhere_accepts_no_orders_here(sign_in: SignIn) -> None:
    planned(is_reported=True)
    client = sign_in(OperatorRole.MANAGER)

    page = client.get(f"/batches/{DAILY}").content.decode()
    answer = client.post(f"/batches/{DAILY}", {"act": "run", "name": DAILY})

    assert "?ask=" not in page
    assert "Toban の外で動き、報告だけが届きます" in page
    assert answer.status_code == 404


@pytest.mark.parametrize("act", ["approve", "cancel", "nonsense", ""])
def test_an_order_that_does_not_apply_now_is_not_found(sign_in: SignIn, act: str) -> None:
    planned()

    answer = sign_in(OperatorRole.MANAGER).post(f"/runs/{made().pk}", {"act": act, "name": DAILY})

    assert answer.status_code == 404


def test_cross_site_orders_are_refused(operator: Operators) -> None:
    planned()
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator("boss", OperatorRole.MANAGER))

    assert client.post(f"/batches/{DAILY}", {"act": "run", "name": DAILY}).status_code == 403
    assert not Run.objects.exists()


def test_an_open_page_offers_what_can_be_ordered_now_once_the_run_has_ended(sign_in: SignIn) -> None:
    planned()
    run = made(state=Run.State.RUNNING, reason=RunReason.CLAIMED)
    client = sign_in(OperatorRole.DEVELOPER)
    assert "?ask=cancel#ask" in client.get(f"/runs/{run.pk}", headers=PART).content.decode()

    now = system_clock()
    Run.objects.filter(pk=run.pk).update(state=Run.State.FAILED, reason=RunReason.FAILED, ended_at=now)

    part = client.get(f"/runs/{run.pk}", headers=PART).content.decode()
    assert "?ask=cancel#ask" not in part
    assert "?ask=again#ask" in part
