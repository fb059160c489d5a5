"""The page of tasks: the signed-in person's own, signed off in place."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from tests.integration.chapters.errors.reported import event, take
from tests.integration.faces.web.conftest import Fixed, Operators
from tests.registered import schema

from toban.chapters.routine.operation import OPERATION
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import OperatorRole
from toban.engine.runs import scheduler
from toban.engine.runs.models import Run
from toban.engine.tasks.models import Handover, SignOff
from toban.faces.web.tasks import tasks

DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 開発担当者 | 田中 | 24時間365日 |
## 10. 定期作業
### 日次作業
| 作業項目 | 実施時間 | 担当者 | 内容 |
|---|---|---|---|
| エラーログ分析 | 0:00 | 開発担当者 | 増えたエラー |
"""
BINDINGS = """
[people."開発担当者"]
account = "kai"
[people."鈴木"]
name = "鈴木 花"
account = "hana"
[errors.shop]
project = 1
key = "env:KEY"
"""


@pytest.fixture(autouse=True)
def run(in_force: Fixed, operator: Operators) -> Run:
    """Today's task, open since midnight."""
    edition = Edition(
        read_design(DOCUMENT, "運用設計書.md"), read_bindings(BINDINGS, Path("toban.toml"), schema())
    )
    in_force.edition = edition
    works, now = edition.plan(OPERATION).works.values(), system_clock()
    scheduler.plan_due(works, now - timedelta(days=1))
    scheduler.plan_due(works, now)
    for name in ("kai", "hana"):
        operator(name, OperatorRole.DEVELOPER)
    return Run.objects.latest("due_at")


def as_(name: str) -> Client:
    from toban.engine.people.models import Operator  # noqa: PLC0415

    client = Client()
    client.force_login(Operator.objects.get(username=name))
    return client


def page(client: Client) -> str:
    return client.get("/tasks/").content.decode()


def form(client: Client, act: str, **typed: str) -> dict[str, str]:
    """Return the form of the one task as the page shows it."""
    found = page(client)
    number = found.split('name="number" value="')[1].split('"')[0]
    shown = found.split('name="shown" value="')[1].split('"')[0]
    return {"act": act, "number": number, "shown": shown, **typed}


def test_the_page_shows_the_task_with_its_facts_to_whoever_holds_the_role(run: Run) -> None:
    mine, others = page(as_("kai")), page(as_("hana"))

    assert f'id="task-{run.pk}"' in mine
    assert "0 種類 (新規 0、再発 0、増加 0)" in mine
    assert "増えたエラー" in mine
    assert f'id="task-{run.pk}"' not in others
    assert '<td class="words" data-label="署名できる人">開発担当者</td>' in others


def test_a_plain_task_is_signed_off_by_one_click_and_shows_who_did() -> None:
    kai = as_("kai")

    done = kai.post("/tasks/", form(kai, "sign"), follow=True).content.decode()

    assert "署名しました。" in done
    assert SignOff.objects.get().username == "kai"
    assert '<td data-label="だれが">開発担当者</td>' in done


def opened(client: Client) -> str:
    return page(client).split('name="opened" value="')[1].split('"')[0]


def test_how_long_the_page_was_open_is_kept_with_the_sign_off(monkeypatch: pytest.MonkeyPatch) -> None:
    kai = as_("kai")
    sent = form(kai, "sign", opened=opened(kai))
    later = system_clock() + timedelta(seconds=40)
    monkeypatch.setattr(tasks, "system_clock", lambda: later)

    kai.post("/tasks/", sent)

    signed = SignOff.objects.get()
    assert signed.seconds_open is not None
    assert 40 <= signed.seconds_open < 60
    entry = LedgerEntry.objects.get(content__order="sign-off-task")
    assert entry.content["seconds_open"] == signed.seconds_open


@pytest.mark.parametrize("made_up", ["", "[1,1,0]", "x:y:z"])
def test_a_time_that_nobody_signed_is_no_time(made_up: str) -> None:
    kai = as_("kai")

    kai.post("/tasks/", form(kai, "sign", opened=made_up))

    assert SignOff.objects.get().seconds_open is None


def test_the_time_of_another_reader_does_not_count() -> None:
    kai, hana = as_("kai"), as_("hana")
    assert kai.post("/tasks/", form(kai, "hand-on", person="鈴木", remark="外出")).status_code == 302
    theirs = opened(hana)
    take_back = form(hana, "hand-on", person="開発担当者", remark="戻す")
    assert hana.post("/tasks/", take_back).status_code == 302

    kai.post("/tasks/", form(kai, "sign", opened=theirs))

    assert SignOff.objects.get().seconds_open is None


def test_an_exception_asks_for_a_remark_and_keeps_what_was_typed() -> None:
    take(event(at=system_clock() - timedelta(days=7)))
    kai = as_("kai")
    assert "所見（例外があるので必須）" in page(kai)

    refused = kai.post("/tasks/", form(kai, "sign", remark=" "))
    assert refused.status_code == 409
    assert "例外が 1 件あります" in refused.content.decode()
    assert kai.post("/tasks/", form(kai, "sign", remark="対応済み")).status_code == 302

    assert SignOff.objects.get().remark == "対応済み"
    assert SignOff.objects.get().facts_shown()[0].is_exception


def test_what_changed_since_the_page_was_opened_is_shown_again_and_not_signed() -> None:
    kai = as_("kai")
    old = form(kai, "sign", remark="異常なし")
    take(event(at=system_clock() - timedelta(days=7)))

    again = kai.post("/tasks/", old)

    assert again.status_code == 409
    assert "表示した内容が変わりました" in again.content.decode()
    assert ">異常なし</textarea>" in again.content.decode()
    assert not SignOff.objects.exists()


def test_a_form_that_another_person_sends_signs_nothing() -> None:
    stolen = form(as_("kai"), "sign")

    refused = as_("hana").post("/tasks/", stolen)

    assert refused.status_code == 409
    assert "あなたは今、その役割を担っていません" in refused.content.decode()


def test_a_task_is_handed_on_and_is_then_the_others() -> None:
    kai = as_("kai")

    kai.post("/tasks/", form(kai, "hand-on", person="鈴木", remark="外出"))

    assert Handover.objects.get().taker_person == "鈴木"
    assert "開発担当者 から引き継ぎ: 外出" in page(as_("hana"))
    assert 'class="ask task' not in page(kai)


def test_a_task_that_is_declined_is_listed_as_not_performed() -> None:
    kai = as_("kai")

    done = kai.post("/tasks/", form(kai, "decline", remark="凍結期間"), follow=True).content.decode()

    assert "未実施として記録しました。" in done
    assert "凍結期間" in done


@pytest.mark.parametrize("number", ["", "x", "999999", "9" * 40])
def test_a_number_of_no_task_is_refused(number: str) -> None:
    kai = as_("kai")

    assert kai.post("/tasks/", {"act": "sign", "number": number, "shown": ""}).status_code == 409
    assert kai.post("/tasks/", {"act": "x", "number": number}).status_code == 400


def test_the_page_is_available_in_english_too() -> None:
    kai = as_("kai")
    kai.cookies["django_language"] = "en"

    assert "Your tasks" in page(kai)
    assert "0 kinds (new 0, back 0, growing 0)" in page(kai)


def test_tasks_need_a_sign_in_and_the_token_of_the_page() -> None:
    assert Client().get("/tasks/").headers["Location"].startswith("/accounts/login/")
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = as_("kai").cookies
    assert careful.post("/tasks/", {"act": "sign"}).status_code == 403


def test_the_evidence_of_the_row_shows_who_signed_it_off_and_what_was_shown() -> None:
    kai = as_("kai")
    kai.post("/tasks/", form(kai, "sign", remark="異常なし"))

    evidence = kai.get("/clauses/routine/routine/エラーログ分析").content.decode()

    assert "<h3>署名</h3>" in evidence
    assert "0 種類 (新規 0、再発 0、増加 0)" in evidence
    assert "<q>異常なし</q>" in evidence


def test_work_that_is_in_no_document_is_ordered_by_the_form_and_says_so() -> None:
    kai = as_("kai")
    until = f"{system_clock() + timedelta(days=2):%Y-%m-%dT%H:%M}"
    wanted = {"name": "UPS の点検", "owner": "鈴木", "until": until, "content": "ランプ", "facts": "A-1\nB-2"}
    assert kai.get("/tasks/order/").status_code == 200
    assert kai.post("/tasks/order/", {**wanted, "until": "x"}).status_code == 409

    assert kai.post("/tasks/order/", wanted).status_code == 302

    found = page(as_("hana"))
    assert "文書の行によらない" in found
    assert "kai が頼みました。" in found
    assert "A-1" in found
    assert as_("hana").post("/tasks/", form(as_("hana"), "sign")).status_code == 302
    assert "UPS の点検" in page(kai).split('id="signed"')[1]
    run = Run.objects.get(clause_id="")
    assert as_("hana").get(f"/runs/{run.pk}").status_code == 200
    assert as_("hana").get("/").status_code == 200


def test_whoever_only_reads_does_not_order(operator: Operators) -> None:
    operator("miru", OperatorRole.VIEWER)

    assert as_("miru").post("/tasks/order/", {"name": "x"}).status_code == 403
    assert "/tasks/order/" not in page(as_("miru"))


def test_no_two_tasks_are_signed_off_by_one_form(in_force: Fixed) -> None:
    document = DOCUMENT + "| ログ確認 | 0:00 | 開発担当者 | x |\n"
    in_force.edition = Edition(
        read_design(document, "運用設計書.md"), read_bindings(BINDINGS, Path("toban.toml"), schema())
    )
    works, now = in_force.edition.plan(OPERATION).works.values(), system_clock()
    scheduler.plan_due(works, now - timedelta(days=1))
    scheduler.plan_due(works, now)
    kai = as_("kai")
    found = page(kai)
    numbers = re.findall(r'name="number" value="([0-9]+)"><input type="hidden" name="shown"', found)
    digests = re.findall(r'name="shown" value="([0-9a-f]{64})"', found)
    assert len(set(numbers)) == 2

    kai.post("/tasks/", {"act": "sign", "number": numbers, "shown": digests})

    assert SignOff.objects.count() <= 1
