"""Who holds a role, how they are reached, and what is neither."""

from collections.abc import Callable

import pytest

from toban.design.clauses.duty import DutyRole
from toban.design.reader import Design
from toban.design.values.people import ChannelKind

type Read = Callable[..., Design]


def contact(read: Read, cell: str) -> DutyRole:
    """Return the role of a table that has only *cell* to say who it is and how to reach them."""
    (role,) = read("## 連絡先", "| 役割 | 連絡先 |", "|-|-|", f"| 守衛 | {cell} |").of(DutyRole)
    return role


@pytest.mark.parametrize(
    ("cell", "holder", "kinds"),
    [
        ("館内放送係", "館内放送係", []),
        ("Teams、電話", "", [ChannelKind.TEAMS, ChannelKind.PHONE]),
        ("guard@museum.example", "", [ChannelKind.EMAIL]),
        ("guard@museum.example<br>080-XXXX-XXXX", "", [ChannelKind.EMAIL]),
        ("guard@museum.example<br>Slack: #gate", "", [ChannelKind.EMAIL, ChannelKind.SLACK]),
        ("大城 080-1234-5678", "大城", [ChannelKind.PHONE]),
        ("内線4321", "", []),
        ("https://desk.museum.example", "", []),
    ],
)
def test_a_contact_is_a_person_only_where_it_names_one(
    read: Read, cell: str, holder: str, kinds: list[ChannelKind]
) -> None:
    role = contact(read, cell)

    assert (role.holder, [channel.kind for channel in role.channels]) == (holder, kinds)


def test_a_masked_number_alone_is_a_blank_to_fill_in(read: Read) -> None:
    assert contact(read, "080-XXXX-XXXX").is_placeholder


def test_a_channel_beside_the_contact_is_another_way_to_reach_the_role(read: Read) -> None:
    (role,) = read(
        "## Escalation", "| Role | Contact | Escalation |", "|-|-|-|", "| Purser | Crew desk | PagerDuty |"
    ).of(DutyRole)

    assert role.holder == "Crew desk"
    assert [channel.kind for channel in role.channels] == [ChannelKind.PAGERDUTY]


@pytest.mark.parametrize(("remark", "is_always"), [("24時間対応", True), ("夜間は代理", False)])
def test_a_remark_may_give_the_hours(read: Read, remark: str, is_always: bool) -> None:
    (role,) = read(
        "## 連絡先",
        "| 役割 | 氏名 | 連絡先 | 備考 |",
        "|-|-|-|-|",
        f"| 機械室 | 大城 | 080-1234-5678 | {remark} |",
    ).of(DutyRole)

    assert (role.hours is not None and role.hours.is_always) is is_always


def test_ways_to_reach_a_role_below_its_name_are_one_role(read: Read) -> None:
    (role,) = read("## 連絡先", "### 夜間当番", "- 電話: 080-1234-5678", "- メール: night@inn.example").of(
        DutyRole
    )

    assert role.role == "夜間当番"
    assert [channel.kind for channel in role.channels] == [ChannelKind.PHONE, ChannelKind.EMAIL]


@pytest.mark.parametrize(
    "entry",
    [
        "緊急電話: 080-1234-5678",
        "夜間連絡先: 080-1234-5678",
        "Hotline: +81-3-1234-5678",
        "Teams: #gate",
        "Emergency line: +81-3-1234-5678",
        "通知: Slack #gate",
        "対応時間: 24時間365日",
    ],
)
def test_a_way_to_reach_people_is_no_role(read: Read, entry: str) -> None:
    assert read("## 連絡体制", "### 連絡先", f"- {entry}").of(DutyRole) == ()
    assert read("## 当番体制", f"- {entry}").of(DutyRole) == ()


@pytest.mark.parametrize(
    "said", ["利用者からの一次対応、24時間365日", "answers calls of guests, 24/7", "館内の点検、9:00-17:00"]
)
def test_what_a_role_does_is_not_who_holds_it(read: Read, said: str) -> None:
    assert read("## 当番体制", f"- 夜勤: {said}").of(DutyRole) == ()


def test_both_numbers_of_a_role_are_kept_in_their_order(read: Read) -> None:
    (role,) = read(
        "## 運用体制",
        "| 役割 | 氏名 | 連絡先（日中） | 連絡先（夜間） |",
        "|-|-|-|-|",
        "| 責任者 | 山口 | 03-1111-2222 | 090-3333-4444 |",
    ).of(DutyRole)

    assert [channel.address for channel in role.channels] == ["03-1111-2222", "090-3333-4444"]


def test_the_column_of_holders_may_have_the_address_of_the_way(read: Read) -> None:
    row = "| 二次 | desk@exchange.example | メール |"

    (role,) = read("## エスカレーション", "| 役割 | 担当 | 連絡手段 |", "|-|-|-|", row).of(DutyRole)

    assert role.holder == ""
    assert [channel.address for channel in role.channels] == ["desk@exchange.example"]


def test_name_phone_and_hours_below_a_role_are_one_role(read: Read) -> None:
    (role,) = read(
        "## Contacts", "### Pharmacy on-call", "- Name: Dan", "- Phone: +81-3-5555-6666", "- Hours: 24/7"
    ).of(DutyRole)

    assert (role.role, role.holder, len(role.channels)) == ("Pharmacy on-call", "Dan", 1)
    assert role.hours is not None
    assert role.hours.is_always


@pytest.mark.parametrize("tool", ["当番ツール: PagerDuty", "On-call tool: PagerDuty", "呼出アプリ: Slack"])
def test_a_tool_is_no_role(read: Read, tool: str) -> None:
    assert read("## オンコール体制", f"- {tool}").of(DutyRole) == ()


@pytest.mark.parametrize(
    "name", ["警察", "所轄消防署", "IPA（届出）", "監督官庁", "Police", "Data protection authority", "お客様"]
)
def test_authorities_and_customers_hold_no_role(read: Read, name: str) -> None:
    table = read("## 連絡先", "| 役割 | 連絡先 |", "|-|-|", f"| {name} | 03-1111-2222 |")
    entry = read("## 連絡先", f"- {name}: 03-1111-2222")

    assert table.of(DutyRole) == entry.of(DutyRole) == ()
    assert [row.reason.code for row in table.unread] == ["design.outsider-not-role"]


@pytest.mark.parametrize(
    ("contact", "channels"),
    [
        ("#duty Slack channel", ["Slack#duty"]),
        ("help.library.example/desk", []),
        ("Slack DM", ["Slack"]),
        ("help.library.example", []),
    ],
)
def test_a_way_to_reach_people_holds_no_role(read: Read, contact: str, channels: list[str]) -> None:
    table = ("| Role | Contact |", "|-|-|", f"| On-call librarian | {contact} |")
    (role,) = read("## Contacts", *table).of(DutyRole)

    assert (role.holder, [str(channel) for channel in role.channels]) == ("", channels)


def test_an_order_holds_no_role(read: Read) -> None:
    design = read("## Contacts", "- On-Call: Check PagerDuty rotation", "- Head: 03-1111-2222")

    assert [role.role for role in design.of(DutyRole)] == ["Head"]


def test_the_column_of_ways_may_have_the_address(read: Read) -> None:
    table = ("| Role | Contact | Method |", "|-|-|-|", "| Head of desk | Ann | ann@library.example |")
    (role,) = read("## Emergency contacts", *table).of(DutyRole)

    assert (role.holder, [channel.address for channel in role.channels]) == ("Ann", ["ann@library.example"])


def test_a_word_to_be_replaced_is_a_blank(read: Read) -> None:
    (role,) = read("## Contacts", "| Role | Contact |", "|-|-|", "| On-call | REPLACE_ME_PAGER |").of(
        DutyRole
    )

    assert role.is_placeholder


@pytest.mark.parametrize("name", ["（名前）", "(Name)", "（担当者名）"])
def test_a_word_for_a_name_in_brackets_is_a_blank(read: Read, name: str) -> None:
    (role,) = read(
        "## 連絡先", "| 役割 | 氏名 | 連絡先 |", "|-|-|-|", f"| 館長 | {name} | 03-1111-2222 |"
    ).of(DutyRole)

    assert role.is_placeholder


@pytest.mark.parametrize("value", ["See PagerDuty", "Ask in Slack"])
def test_where_to_look_is_no_holder(read: Read, value: str) -> None:
    design = read("## Contacts", f"- On-call rota: {value}", "- Head: 03-1111-2222")

    assert "See" not in [role.holder for role in design.of(DutyRole)]
    assert {role.holder for role in design.of(DutyRole)} == {""}
