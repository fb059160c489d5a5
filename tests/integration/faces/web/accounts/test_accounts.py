"""The pages of accounts and leavers: for managers alone, and what they decide is carried out."""

import re
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from tests.integration.chapters.accounts.place import BINDINGS, DAY, Place
from tests.integration.faces.web.conftest import Fixed, SignIn

from toban.chapters.accounts.models import (
    AccessDecision,
    AccessRemoval,
    CollectedAccount,
    Leaver,
    Suspicion,
)
from toban.chapters.accounts.rows.shown import shown_now
from toban.engine.clock import system_clock
from toban.engine.extension import Link
from toban.engine.people.models import Operator, OperatorRole
from toban.faces.web.templatetags.pages import open_address
from toban.message import Message, plain


@pytest.fixture
def place(tmp_path: Path, in_force: Fixed, db: None) -> Place:
    found = Place(tmp_path, now=system_clock(), bindings=BINDINGS)
    found.write("vpn", "tanaka,,,,true,", "root2,<b>root</b>,yes,,false,2020-01-01")
    found.look()
    in_force.edition = found.edition
    return found


@pytest.fixture
def manager(sign_in: SignIn, place: Place) -> Client:
    return sign_in(OperatorRole.MANAGER)


def page(client: Client, path: str = "/accounts-of-systems/") -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_privileged_accounts_come_first_with_what_is_odd(manager: Client, place: Place) -> None:
    shown = page(manager)

    assert shown.index("root2") < shown.index("taro")
    for word in ("特権", "二要素なし", "だれのものでもない", "90日以上利用なし"):
        assert word in unescape(shown)
    assert "<b>root</b>" not in shown
    assert "monitor-1" not in page(manager, "/accounts-of-systems/?odd=1")


def test_a_system_that_can_not_be_read_is_told_before_the_list(manager: Client, place: Place) -> None:
    (place.folder / "vpn.csv").unlink()
    place.look(DAY)

    assert "vpn を読めません" in unescape(page(manager))


@pytest.mark.parametrize("path", ["/accounts-of-systems/", "/leavers/", "/suspicions/"])
def test_developers_see_nothing_of_it(sign_in: SignIn, place: Place, path: str) -> None:
    assert sign_in(OperatorRole.DEVELOPER).get(path).status_code == 403


def decision(place: Place, act: str, reason: str = "") -> dict[str, str]:
    """Return the form about root2 as the page has it now."""
    shown = shown_now("vpn", "root2", place.plan)
    return {"system": "vpn", "account": "root2", "act": act, "reason": reason, "shown": shown}


def test_the_form_says_what_it_was_shown_with(manager: Client, place: Place) -> None:
    assert f'name="shown" value="{decision(place, "keep")["shown"]}"' in page(manager)


def test_a_decision_about_other_rights_than_were_shown_is_refused(manager: Client, place: Place) -> None:
    form = decision(place, "keep")
    CollectedAccount.objects.filter(name="root2").update(grants=["billing-admin"])

    answer = manager.post("/accounts-of-systems/decide/", form, follow=True)
    without = manager.post("/accounts-of-systems/decide/", {**form, "shown": ""}, follow=True)

    for each in (answer, without):
        assert "表示されていた内容と、いまの内容が違います" in each.content.decode()
    assert not AccessDecision.objects.exists()
    manager.post("/accounts-of-systems/decide/", decision(place, "keep"))
    assert AccessDecision.objects.get().is_kept


def test_of_two_decisions_on_one_page_the_second_is_told_of_the_first(manager: Client, place: Place) -> None:
    keep, revoke = decision(place, "keep"), decision(place, "revoke", "案件が終わった")

    manager.post("/accounts-of-systems/decide/", revoke)
    answer = manager.post("/accounts-of-systems/decide/", keep, follow=True)

    assert "もう一度開いて" in answer.content.decode()
    assert [each.is_kept for each in AccessDecision.objects.all()] == [False]
    assert AccessRemoval.objects.filter(withdrawn_at=None).exists()


@pytest.mark.parametrize(("role", "shown"), [(OperatorRole.DEVELOPER, False), (OperatorRole.MANAGER, True)])
def test_the_menu_shows_only_what_may_be_opened(
    sign_in: SignIn, place: Place, role: OperatorRole, shown: bool
) -> None:
    client = sign_in(role)

    menu = client.get("/").content.decode().partition('<nav class="places"')[2].partition("</nav>")[0]

    assert ('href="/accounts-of-systems/"' in menu) is shown
    assert 'href="/changes/"' in menu
    for address in re.findall('href="(/[^"]*)"', menu):
        assert client.get(address).status_code == 200, address


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "shown"), [(OperatorRole.DEVELOPER, ""), (OperatorRole.MANAGER, "/leavers/")]
)
def test_a_task_leads_only_to_what_may_be_opened(role: OperatorRole, shown: str) -> None:
    context = {"user": Operator.objects.create(username="kanri", operator_role=role)}

    assert open_address(context, Link("leavers", Message("accounts.leavers-page"))) == shown
    assert open_address(context, Link("changes", Message("changes.changes"))) == "/changes/"
    assert open_address(context, None) == ""


def test_a_revoked_account_is_to_go(manager: Client, place: Place) -> None:
    form = decision(place, "revoke", "案件が終わった")

    answer = manager.post("/accounts-of-systems/decide/", form, follow=True)

    assert "削除待ち" in answer.content.decode()
    assert AccessRemoval.objects.get().account == "root2"
    assert not AccessDecision.objects.get().is_kept


def test_a_revocation_is_taken_back_where_it_was_decided(manager: Client, place: Place) -> None:
    form = decision(place, "revoke", "間違えた")
    shown = manager.post("/accounts-of-systems/decide/", form, follow=True).content.decode()
    [line] = [each for each in shown.split("<tr") if "<b>root2</b>" in each]
    assert 'value="keep"' in line

    manager.post("/accounts-of-systems/decide/", decision(place, "keep"))

    assert "削除待ち" not in page(manager)


def test_a_refusal_is_told(manager: Client, place: Place) -> None:
    form = decision(place, "revoke")

    answer = manager.post("/accounts-of-systems/decide/", form, follow=True)

    assert "理由が必要" in answer.content.decode()
    assert not AccessRemoval.objects.exists()
    assert manager.post("/accounts-of-systems/decide/", {"act": "burn"}).status_code == 400


def test_a_leaver_is_told_of_and_taken_back(manager: Client, place: Place) -> None:
    day = f"{place.now:%Y-%m-%d}"
    form = {"act": "tell", "name": "田中太郎", "accounts": "t.tanaka@example.com", "leaves_on": day}

    answer = manager.post("/leavers/", form, follow=True)

    assert "退職者を登録しました" in answer.content.decode()
    place.look(DAY / 1440)
    shown = page(manager, "/leavers/")
    assert "shop: taro, shop: x9, vpn: tanaka" in shown
    manager.post("/leavers/", {"act": "withdraw", "name": "田中太郎"})
    assert Leaver.objects.get().withdrawn_at is not None


def test_leavers_of_a_csv_with_a_wrong_line_are_not_told(manager: Client, place: Place) -> None:
    day = f"{place.now:%Y-%m-%d}"
    written = f"name,accounts,leaves_on\n鈴木,suzuki,{day}\n佐藤,sato,soon\n"

    answer = manager.post("/leavers/", {"act": "csv", "csv": written})

    assert answer.status_code == 409
    assert "3 行目" in answer.content.decode()
    assert not Leaver.objects.exists()
    manager.post("/leavers/", {"act": "csv", "csv": written.replace("soon", day)})
    assert set(Leaver.objects.values_list("name", "via")) == {("鈴木", "csv"), ("佐藤", "csv")}


@pytest.mark.parametrize("day", ["", "2026-13-01", "2099-01-01"])
def test_a_day_that_can_not_be_is_told(manager: Client, place: Place, day: str) -> None:
    answer = manager.post("/leavers/", {"act": "tell", "name": "田中", "leaves_on": day})

    assert answer.status_code == 409
    assert not Leaver.objects.exists()


def test_a_suspicious_sign_in_is_answered(manager: Client, place: Place) -> None:
    assert "見つかっていません" in page(manager, "/suspicions/")
    found = Suspicion.objects.create(
        system="vpn",
        account="tanaka",
        rule="waking",
        at=place.now,
        said=plain("<i>why</i>"),
        found_at=place.now,
    )
    assert "<i>" not in page(manager, "/suspicions/")

    refused = manager.post("/suspicions/", {"number": found.pk, "remark": ""})
    manager.post("/suspicions/", {"number": found.pk, "remark": "本人に確認した"})

    assert refused.status_code == 409
    assert "本人に確認した" in page(manager, "/suspicions/")
    assert manager.post("/suspicions/", {"number": "9" * 30, "remark": "a"}).status_code == 409


@pytest.mark.parametrize(("answer", "is_theirs"), [("yes", True), ("no", False)])
def test_it_is_said_whose_an_account_is_that_is_only_called_alike(
    manager: Client, place: Place, answer: str, is_theirs: bool
) -> None:
    place.leave("田中太郎")
    place.look(DAY / 1440)
    assert "vpn: tanaka は名前が同じだけです" in page(manager, "/leavers/")
    form = {"act": "claim", "name": "田中太郎", "system": "vpn", "account": "tanaka"}

    manager.post("/leavers/", {**form, "theirs": answer})

    assert AccessRemoval.objects.get(system="vpn").is_theirs is is_theirs
    assert "vpn: tanaka は名前が同じだけです" not in page(manager, "/leavers/")
    assert manager.post("/leavers/", {**form, "theirs": answer}).status_code == (
        409 if not is_theirs else 302
    )
