"""The duty page, orders about deputies, and the feed of turns."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import PASSWORD, Fixed, Operators, SignIn, proved
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.duty import overrides
from toban.engine.notify.models import DutyOverride
from toban.engine.people.models import OperatorRole

TOKYO = ZoneInfo("Asia/Tokyo")
HOUR = timedelta(hours=1)
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 城間 | 平日9:00-18:00 |
| 緊急連絡先 | [氏名] | 24時間365日 |
"""
BINDINGS = """
[system]
name = "南風商店"

[people."上原"]
name = "上原 なみ"
phone = "090-0000-0001"

[people."伊波"]
slack = "U02"

[[duty."緊急連絡先".layers]]
people = ["上原", "伊波"]
handover = "毎週月曜 10:00"
since = 2026-04-06
"""


@pytest.fixture(autouse=True)
def turns(in_force: Fixed) -> Edition:
    edition = Edition(
        read_design(DOCUMENT, "運用設計書.md"), read_bindings(BINDINGS, Path("toban.toml"), schema())
    )
    in_force.edition = edition
    return edition


@pytest.fixture
def developer(operator: Operators) -> Client:
    client = Client()
    proved(client, operator("developer", OperatorRole.DEVELOPER))
    return client


def cell(page: str, day: str) -> str:
    """Return the text of *day* in the displayed month, without markup."""
    found = re.search(rf'<time datetime="{day}">(.*?)</td>', page[page.index('id="turns"') :], re.DOTALL)
    assert found is not None
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def given(form: dict[str, str] | None = None) -> dict[str, str]:
    until = system_clock().astimezone(TOKYO) + 2 * HOUR
    return {
        "act": "give", "role": "緊急連絡先", "person": "伊波", "reason": "通院", "from": "",
        "until": f"{until:%Y-%m-%dT%H:%M}", **(form or {}),
    }  # fmt: skip


def test_a_session_alone_names_no_deputy_and_ends_one(sign_in: SignIn, turns: Edition) -> None:
    client, now = sign_in(OperatorRole.DEVELOPER), system_clock()
    made = overrides.override(
        "緊急連絡先", "伊波", "通院", starts_at=now, ends_at=now + HOUR, by="chie", now=now,
        design=turns.design, bindings=turns.bindings,
    )  # fmt: skip

    answer = client.post("/duty/override", given())

    assert answer.headers["Location"] == "/accounts/reauthenticate/?next=%2Fduty%2F"
    assert DutyOverride.objects.count() == 1
    assert "もう一度サインインする" in client.get("/duty/").content.decode()
    client.post("/duty/override", {"act": "end", "override": str(made.pk)})
    assert not DutyOverride.objects.unended(now + HOUR / 2).exists()


def test_the_month_shows_each_turn_on_its_days_with_the_handover_time(viewer: Client) -> None:
    page = viewer.get("/duty/", {"month": "2026-05"}).content.decode()

    # 2026-04-06 is 上原's first Monday: 05-04 begins the fifth week.
    assert cell(page, "2026-05-03") == "3 憲法記念日 伊波 緊急連絡先"
    assert cell(page, "2026-05-04") == "4 みどりの日 –10:00 伊波 緊急連絡先 10:00– 上原 なみ 緊急連絡先"
    assert cell(page, "2026-05-05") == "5 こどもの日 上原 なみ 緊急連絡先"


def test_the_turns_of_one_role_are_chosen_by_the_url(viewer: Client) -> None:
    page = viewer.get("/duty/", {"month": "2026-05", "role": "緊急連絡先"}).content.decode()

    assert cell(page, "2026-05-05") == "5 こどもの日 上原 なみ"


@pytest.mark.parametrize("query", [{"month": "9999-12"}, {"month": "x"}, {"role": "だれか"}])
def test_an_invalid_url_shows_this_month_and_every_role(viewer: Client, query: dict[str, str]) -> None:
    assert viewer.get("/duty/", query).status_code == 200


def test_who_is_on_duty_now_is_shown_on_every_page_and_on_the_duty_page(
    viewer: Client, turns: Edition
) -> None:
    page = viewer.get("/duty/").content.decode()

    posts = page[page.index('id="posts"') : page.index('id="turns"')]
    assert any(f"<b>{name}</b>" in posts for name in ("上原 なみ", "伊波"))
    assert re.search(r'<a href="/duty/"[^>]*><small>当番</small>', page)


def test_a_deputy_can_be_set_on_the_page_and_is_shown(developer: Client) -> None:
    answer = developer.post("/duty/override", given(), follow=True)

    page = answer.content.decode()
    assert answer.redirect_chain == [("/duty/", 302)]
    assert "伊波 が 緊急連絡先 を代理します。" in page
    posts = page[page.index('id="posts"') : page.index('id="turns"')]
    assert "developer: 通院" in posts
    audited = LedgerEntry.objects.get(kind=LedgerEntry.Kind.AUDIT, content__order="duty-override")
    assert audited.actor == "developer"


def test_a_start_time_is_read_in_the_documents_zone(developer: Client) -> None:
    tomorrow = f"{system_clock().astimezone(TOKYO) + 24 * HOUR:%Y-%m-%d}"

    developer.post("/duty/override", given({"from": f"{tomorrow}T09:00", "until": f"{tomorrow}T18:00"}))

    made = DutyOverride.objects.get()
    assert made.starts_at == datetime.fromisoformat(f"{tomorrow}T09:00").replace(tzinfo=TOKYO)


def test_a_current_override_can_be_ended_on_the_page(developer: Client) -> None:
    developer.post("/duty/override", given())
    number = DutyOverride.objects.get().pk

    developer.post("/duty/override", {"act": "end", "override": str(number)})

    assert overrides.standing(system_clock()) == []


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (given({"until": ""}), "終了時刻がありません"),
        (given({"until": "2020-01-01T00:00"}), "終了が開始より前です"),
        (given({"reason": " "}), "理由が必要です"),
        (given({"person": "だれか"}), "「だれか」への通知方法がありません"),
        (given({"role": "だれか"}), "「だれか」という役割はありません"),
        ({"act": "end", "override": "9" * 40}, "有効な代理 0 はありません"),
    ],
)
def test_an_invalid_override_is_explained_next_to_the_form_and_the_input_is_kept(
    developer: Client, form: dict[str, str], says: str
) -> None:
    answer = developer.post("/duty/override", form)

    assert answer.status_code == 409
    assert says in answer.content.decode()
    assert not DutyOverride.objects.exists()


def test_an_invalid_override_is_explained_in_english_too(developer: Client) -> None:
    developer.cookies["django_language"] = "en"

    page = developer.post("/duty/override", given({"reason": " "})).content.decode()

    assert "A reason is required. Give a reason for those who look at it later." in page


def test_an_unknown_act_is_refused(developer: Client) -> None:
    assert developer.post("/duty/override", {"act": "x"}).status_code == 400


def test_a_viewer_sees_no_form_and_may_order_nothing(viewer: Client) -> None:
    assert 'name="act" value="give"' not in viewer.get("/duty/").content.decode()
    assert viewer.post("/duty/override", given()).status_code == 403
    assert not DutyOverride.objects.exists()


def test_an_unauthenticated_visitor_sees_nothing() -> None:
    assert Client().get("/duty/").status_code == 302
    assert Client().post("/duty/override", given()).status_code == 302


# — the feed —


def opened(client: Client) -> str:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.post("/calendar/feed", {"act": "open"}).content.decode()
    found = re.search(r'id="duty-address">http://[^/]+(/duty\.ics\?token=[\w-]+)<', page)
    assert found is not None
    return found[1]


def events(text: str) -> list[str]:
    return re.findall(r"SUMMARY:(.+)\r", text.replace("\r\n ", ""))


def test_a_calendar_program_reads_all_turns_with_the_same_token(viewer: Client) -> None:
    answer = Client().get(opened(viewer))

    found = events(answer.content.decode())
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert set(found) == {"緊急連絡先 上原 なみ", "緊急連絡先 伊波"}
    # From a month ago to a year ahead, week by week.
    assert 56 <= len(found) <= 58


def test_the_feed_of_one_person_contains_only_their_turns(viewer: Client) -> None:
    address = opened(viewer)

    assert set(events(Client().get(f"{address}&person=伊波").content.decode())) == {"緊急連絡先 伊波"}
    assert Client().get(f"{address}&person=だれか").status_code == 404


def test_a_deputy_is_in_the_feed_with_the_reason_and_changes_its_etag(viewer: Client, turns: Edition) -> None:
    address, now = opened(viewer), system_clock()
    known = Client().get(address).headers["ETag"]
    assert Client().get(address, headers={"If-None-Match": known}).status_code == 304

    overrides.override(
        "運用責任者", "伊波", "休暇", starts_at=now, ends_at=now + 24 * 10 * HOUR, by="nami", now=now,
        design=turns.design, bindings=turns.bindings,
    )  # fmt: skip

    answer = Client().get(address, headers={"If-None-Match": known})
    text = answer.content.decode().replace("\r\n ", "")
    assert answer.status_code == 200
    assert "SUMMARY:運用責任者 伊波" in text
    assert "nami: 休暇" in text


@pytest.mark.parametrize("token", ["", "x", "x" * 200])
def test_without_a_valid_token_the_feed_reveals_nothing(token: str) -> None:
    answer = Client().get("/duty.ics", {"token": token})

    assert answer.status_code == 403
    assert "上原" not in answer.content.decode()
