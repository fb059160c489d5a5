"""`toban accounts`: who has access, and who leaves."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.integration.chapters.accounts.place import Place
from tests.registered import PARTS

from toban.chapters.accounts.models import Leaver, Suspicion
from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.faces.cli.accounts import accounts
from toban.message import plain

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    found = Place(tmp_path, now=system_clock())
    found.look()
    monkeypatch.setattr(accounts, "edition_of", lambda _parts: found.edition)
    return found


def toban(*arguments: str) -> Result:
    return CliRunner().invoke(accounts.command, arguments, obj=PARTS)


def test_accounts_are_listed_with_what_is_not_known(place: Place) -> None:
    done = toban("list", "--system", "shop")

    assert done.exit_code == 0
    taro, x9 = done.output.splitlines()
    assert taro == "shop  taro  tanaka  一般  有効  不明  最後の利用 不明  —"
    assert x9.startswith("shop  x9  —")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_misspelt_system_is_not_one_without_accounts(place: Place, form: str) -> None:
    done = toban("list", "--system", "shpo", "--format", form)

    assert done.exit_code == 1
    assert "[accounts] に shpo はありません" in done.output
    assert "shop" in done.output


def test_a_day_is_that_of_the_document(place: Place) -> None:
    place.write("vpn", "tanaka,,,,true,2026-11-30T08:00:00+09:00")
    place.look(place.plan.access.every)

    assert "2026-11-30" in toban("list", "--system", "vpn").output


def test_a_system_that_can_not_be_read_comes_first(place: Place) -> None:
    (place.folder / "vpn.csv").unlink()
    place.look(place.plan.access.every)

    first, *_ = toban("list", "--privileged").output.splitlines()

    assert first.startswith("? vpn を読めません")


def test_programs_read_the_same(place: Place) -> None:
    told = json.loads(toban("list", "--format", "json").output)

    assert [each["name"] for each in told["systems"]] == ["Toban", "vpn", "shop"]
    found = next(each for each in told["accounts"] if each["account"] == "taro")
    assert (found["person"], found["has_factor"]) == ("tanaka", None)


def test_a_leaver_is_told_of_listed_and_taken_back(place: Place) -> None:
    day = f"{place.now:%Y-%m-%d}"

    assert toban("leave", "田中太郎", "--on", day).exit_code == 0
    place.now = system_clock()
    place.look()

    assert "残り: shop: taro、vpn: tanaka" in toban("leavers").output
    [listed] = json.loads(toban("leavers", "--format", "json").output)
    assert listed["open"] == ["shop: taro", "vpn: tanaka"]
    assert LedgerEntry.objects.get(content__order="leaver-told").content["shell_user"]
    assert toban("stay", "田中太郎").exit_code == 0
    assert toban("stay", "田中太郎").exit_code == 1
    assert "退職者は登録されていません" in toban("leavers").output


def test_it_is_said_whose_an_account_is_that_is_only_called_alike(place: Place) -> None:
    toban("leave", "田中太郎", "--on", f"{place.now:%Y-%m-%d}")
    place.now = system_clock()
    place.look()

    done = toban("whose", "田中太郎", "vpn", "tanaka", "no")

    assert done.output == "vpn の tanaka は、退職する 田中太郎 のものではないと回答\n"
    assert "残り: shop: taro" in toban("leavers").output
    assert toban("whose", "田中太郎", "vpn", "tanaka", "yes").exit_code == 1
    assert toban("whose", "田中太郎", "shop", "taro").exit_code == 2


def test_a_csv_tells_of_several(place: Place, tmp_path: Path) -> None:
    day = f"{place.now:%Y-%m-%d}"
    path = tmp_path / "leavers.csv"
    path.write_text(f"name,accounts,leaves_on\na,,{day}\nb,,{day}\n")

    done = toban("leave", "--csv", str(path))

    assert done.exit_code == 0
    assert len(done.output.splitlines()) == 2
    assert Leaver.objects.filter(via="csv").count() == 2


def test_suspicious_sign_ins_are_listed(place: Place) -> None:
    assert toban("suspicions").output == "未回答の不審なアクセスはありません\n"
    Suspicion.objects.create(
        system="vpn",
        account="tanaka",
        rule="waking",
        at=place.now,
        said=plain("わけ"),
        found_at=place.now,
    )

    assert toban("suspicions").output == "vpn の tanaka: わけ\n"
    Suspicion.objects.update(answered_at=place.now, answered_by="uehara", remark="確認した")
    assert toban("suspicions").output == "未回答の不審なアクセスはありません\n"
    assert "uehara が回答: 確認した" in toban("suspicions", "--all").output
    assert json.loads(toban("suspicions", "--all", "--format", "json").output)[0]["rule"] == "waking"


@pytest.mark.parametrize("arguments", [(), ("a",), ("a", "--csv", __file__)])
def test_a_name_and_a_day_or_a_csv_are_wanted(place: Place, arguments: tuple[str, ...]) -> None:
    assert toban("leave", *arguments).exit_code == 2
