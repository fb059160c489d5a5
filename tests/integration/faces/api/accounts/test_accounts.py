"""Accounts by the API: managers' tokens alone read and tell."""

from pathlib import Path

import pytest
from tests.integration.chapters.accounts.place import BINDINGS, Place
from tests.integration.faces.api.conftest import EVERYTHING, Programs
from tests.integration.faces.web.conftest import Fixed

from toban.chapters.accounts.models import AccessRemoval, Leaver, Suspicion
from toban.engine.clock import system_clock
from toban.engine.people.models import OperatorRole
from toban.message import plain

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(tmp_path: Path, in_force: Fixed, db: None) -> Place:
    found = Place(tmp_path, now=system_clock(), bindings=BINDINGS)
    found.look()
    in_force.edition = found.edition
    return found


def test_systems_and_accounts_are_read_part_by_part(place: Place, program: Programs) -> None:
    client = program(OperatorRole.MANAGER, *EVERYTHING)

    systems = client.get("/account-systems")["items"]
    first = client.get("/accounts", limit=2)
    second = client.get("/accounts", limit=200, cursor=first["next"])

    assert [each["name"] for each in systems] == ["Toban", "vpn", "shop"]
    assert len(first["items"]) == 2
    names = {each["account"] for part in (first, second) for each in part["items"]}
    assert {"tanaka", "taro", "x9", "uehara"} <= names
    assert {each["system"] for each in client.get("/accounts", system="shop")["items"]} == {"shop"}


def test_a_leaver_is_told_once_for_a_key(place: Place, program: Programs) -> None:
    client = program(OperatorRole.MANAGER, *EVERYTHING)
    body = {"name": "田中太郎", "leaves_on": f"{place.now:%Y-%m-%d}", "accounts": ["x9"]}

    first = client.post("/leavers", body, key="one")
    again = client.post("/leavers", body, key="one")

    assert first == again
    assert (Leaver.objects.get().via, first["accounts"]) == ("api", ["x9"])
    place.now = system_clock()
    place.look()
    [listed] = client.get("/leavers")["items"]
    assert listed["open"] == ["shop: taro", "shop: x9", "vpn: tanaka"]
    client.post("/leavers/withdraw", {"name": "田中太郎"})
    assert not AccessRemoval.objects.filter(withdrawn_at=None).exists()


def test_an_account_is_revoked(place: Place, program: Programs) -> None:
    client = program(OperatorRole.MANAGER, *EVERYTHING)
    [shown] = [each["shown"] for each in client.get("/accounts")["items"] if each["account"] == "tanaka"]
    body = {"system": "vpn", "account": "tanaka", "is_kept": False, "reason": "異動", "shown": shown}

    client.post("/accounts/decide", {**body, "shown": "0" * 64}, status=409)
    assert client.post("/accounts/decide", body)["is_kept"] is False

    assert AccessRemoval.objects.get().reason == "異動"


def test_a_suspicious_sign_in_is_answered(place: Place, program: Programs) -> None:
    client = program(OperatorRole.MANAGER, *EVERYTHING)
    found = Suspicion.objects.create(
        system="vpn",
        account="tanaka",
        rule="waking",
        at=place.now,
        said=plain("why"),
        found_at=place.now,
    )

    [listed] = client.get("/suspicions", only_open="true")["items"]
    answered = client.post(f"/suspicions/{found.pk}/answer", {"remark": "本人に確認した"})

    assert (listed["said"]["text"], listed["answered_at"]) == ("why", None)
    assert answered["remark"] == "本人に確認した"
    assert client.get("/suspicions", only_open="true")["items"] == []
    assert len(client.get("/suspicions")["items"]) == 1


def test_it_is_said_whose_an_account_is_that_is_only_called_alike(place: Place, program: Programs) -> None:
    client = program(OperatorRole.MANAGER, *EVERYTHING)
    place.leave("田中太郎")
    place.look()
    [listed] = client.get("/leavers")["items"]
    assert listed["unsure"] == [
        {"system": "shop", "account": "taro"},
        {"system": "vpn", "account": "tanaka"},
    ]
    body = {"name": "田中太郎", "system": "vpn", "account": "tanaka", "is_theirs": True}

    assert client.post("/leavers/claim", body) == body

    [listed] = client.get("/leavers")["items"]
    assert listed["unsure"] == [{"system": "shop", "account": "taro"}]
    assert listed["open"] == ["shop: taro", "vpn: tanaka"]


@pytest.mark.parametrize("path", ["/account-systems", "/accounts", "/leavers", "/suspicions"])
def test_a_developers_token_reads_nothing(place: Place, program: Programs, path: str) -> None:
    program(OperatorRole.DEVELOPER).get(path, 403)


def test_a_developers_token_tells_nothing(place: Place, program: Programs) -> None:
    body = {"name": "田中太郎", "leaves_on": f"{place.now:%Y-%m-%d}"}

    program(OperatorRole.DEVELOPER, *EVERYTHING).post("/leavers", body, 403)

    assert not Leaver.objects.exists()
