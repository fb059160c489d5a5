from dataclasses import replace

import pytest
from tests.registered import kinds

from toban.design.clauses.notices import NotificationRule
from toban.design.reader import read_design
from toban.design.values.people import ChannelKind
from toban.design.values.severity import AlertLevel
from toban.engine.notify.delivery.channel import CHANNEL_KINDS, settings_for
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.routing.contacts import BoundChannel, Contacts
from toban.engine.notify.routing.routing import Routing, routing_of, rules_for

HEAD = "# 運用設計書\n\n## 2. 監視\n\n### アラート通知\n"
COLUMNS = "| レベル | 通知先 | 通知方法 | タイミング |\n|---|---|---|---|\n"


def rules(*rows: str) -> tuple[NotificationRule, ...]:
    text = HEAD + COLUMNS + "".join(f"| {row} |\n" for row in rows)
    return read_design(text, "運用設計書.md").of(NotificationRule)


def places(routing: Routing) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(route.destination, route.addresses, route.recipients) for route in routing.routes]


def test_every_role_is_notified_by_every_channel_and_a_shared_destination_once(
    contacts: Contacts,
) -> None:
    matrix = rules("異常 (Critical) | 運用責任者、開発担当者 | Slack、メール | 即時")

    routing = routing_of(matrix, contacts)

    assert places(routing) == [
        ("slack", ("U01MANAGER", "U02DEVELOPER"), ("運用責任者", "開発担当者")),
        ("mail:manager@example.com", ("manager@example.com",), ("運用責任者",)),
        ("mail:developer@example.com", ("developer@example.com",), ("開発担当者",)),
    ]
    assert routing.dead_ends == ()
    assert str(routing.routes[0].rule_citation) == "運用設計書.md:8"


def test_a_destination_named_as_recipient_uses_the_channel_that_posts_there(contacts: Contacts) -> None:
    monitoring = BoundChannel("watch", ChannelKind.SLACK, is_shared=True, posts_to="#monitoring")
    both = replace(contacts, ways=(*contacts.ways, monitoring))

    routing = routing_of(rules("情報 (Info) | Slack#monitoring | Slack | 即時"), both)

    assert [(route.way.name, route.recipients) for route in routing.routes] == [
        ("watch", ("Slack#monitoring",))
    ]


def test_a_channel_that_posts_elsewhere_is_not_used_for_another_destination(contacts: Contacts) -> None:
    elsewhere = BoundChannel("ops", ChannelKind.SLACK, is_shared=True, posts_to="#ops")

    routing = routing_of(
        rules("情報 (Info) | Slack#monitoring | Slack | 即時"), replace(contacts, ways=(elsewhere,))
    )

    assert routing.routes == ()
    assert routing.dead_ends[0].reason is NoticeReason.UNBOUND_CHANNEL
    assert 'kind = "slack"、channel = "#monitoring" を書いてください' in str(routing.dead_ends[0].detail)


def test_an_unassigned_role_is_undeliverable_with_a_hint(contacts: Contacts) -> None:
    routing = routing_of(rules("異常 | 当直、開発担当者 | Slack | 即時"), contacts)

    assert [(end.recipient, end.reason) for end in routing.dead_ends] == [("当直", NoticeReason.UNBOUND_ROLE)]
    assert str(routing.dead_ends[0].detail) == (
        '役割の担当者が決まっていません: 当直。toban.toml に [people."当直"] を書いてください'
    )
    assert len(routing.routes) == 1


def test_an_unbound_channel_is_undeliverable_for_each_recipient(contacts: Contacts) -> None:
    routing = routing_of(rules("異常 | 運用責任者 | 電話 | 即時"), contacts)

    assert routing.routes == ()
    assert [end.reason for end in routing.dead_ends] == [NoticeReason.UNBOUND_CHANNEL]
    assert str(routing.dead_ends[0].detail).endswith("電話 をつなぐ方法はまだありません")


@pytest.mark.parametrize(
    ("word", "settings"),
    [
        ("電話", 'kind = "apprise"、answers_to = "電話"'),
        ("Slack#監視", 'kind = "slack"、channel = "#監視"'),
        ("PagerDuty", 'kind = "pagerduty"'),
    ],
)
def test_only_kinds_that_exist_are_proposed(contacts: Contacts, word: str, settings: str) -> None:
    transports = kinds(CHANNEL_KINDS)
    known = {str(each): settings_for(each, transports) for each in ChannelKind}

    routing = routing_of(rules(f"異常 | {word} | {word} | 即時"), replace(contacts, ways=(), settings=known))

    details = [str(end.detail) for end in routing.dead_ends]
    assert any(f"{settings} を書いてください" in each for each in details), details
    assert {each["kind"] for each in known.values() if each} <= set(transports)


@pytest.mark.parametrize("name", ["Mattermost", "ＭＡＴＴＥＲＭＯＳＴ"])
def test_an_unknown_word_selects_the_channel_bound_under_it(contacts: Contacts, name: str) -> None:
    chat = BoundChannel(name, ChannelKind.WEBHOOK, is_shared=True)

    routing = routing_of(
        rules("異常 | 運用責任者 | Mattermost、メール | 即時"), replace(contacts, ways=(*contacts.ways, chat))
    )

    assert [route.destination for route in routing.routes] == [name, "mail:manager@example.com"]
    assert routing.dead_ends == ()


def test_an_unknown_word_is_undeliverable_while_nothing_is_bound_under_it(contacts: Contacts) -> None:
    routing = routing_of(rules("異常 | 運用責任者 | Mattermost、メール | 即時"), contacts)

    assert [route.destination for route in routing.routes] == ["mail:manager@example.com"]
    (end,) = routing.dead_ends
    assert end.reason is NoticeReason.UNKNOWN_CHANNEL
    assert str(end.detail) == (
        "対応していない通知方法です: 運用責任者。「Mattermost」が何を指すか分かりません: "
        '文書を直すか、toban.toml に [channels."Mattermost"] を書いてください'
    )


def test_a_recipient_with_only_unknown_channels_is_notified_by_all_known_ones(contacts: Contacts) -> None:
    routing = routing_of(rules("異常 | 運用責任者 | 掲示板 | 即時"), contacts)

    assert [route.destination for route in routing.routes] == ["mail:manager@example.com", "slack"]
    assert [end.reason for end in routing.dead_ends] == [NoticeReason.UNKNOWN_CHANNEL]


def test_a_channel_bound_under_the_exact_word_takes_precedence_over_its_kind(contacts: Contacts) -> None:
    line = BoundChannel("line", ChannelKind.LINE, is_shared=True)
    works = BoundChannel("LINE WORKS", ChannelKind.WEBHOOK, is_shared=True)

    both = replace(contacts, ways=(line, works))
    only = replace(contacts, ways=(line,))
    row = rules("異常 | 運用責任者 | LINE WORKS | 即時")

    assert [route.way for route in routing_of(row, both).routes] == [works]
    assert [route.way for route in routing_of(row, only).routes] == [line]


def test_a_person_without_an_address_for_the_channel_is_undeliverable(contacts: Contacts) -> None:
    nobody_mailed = replace(contacts, people={"運用責任者": {ChannelKind.SLACK: "U01MANAGER"}})

    routing = routing_of(rules("異常 | 運用責任者 | メール | 即時"), nobody_mailed)

    assert [end.reason for end in routing.dead_ends] == [NoticeReason.NO_ADDRESS]
    assert 'email = "…"' in str(routing.dead_ends[0].detail)


def test_a_shared_destination_needs_no_personal_address(contacts: Contacts) -> None:
    unknown_to_slack = replace(contacts, people={"運用責任者": {}})

    assert places(routing_of(rules("異常 | 運用責任者 | Slack | 即時"), unknown_to_slack)) == [
        ("slack", (), ("運用責任者",))
    ]


def test_an_unfilled_placeholder_is_undeliverable(contacts: Contacts) -> None:
    routing = routing_of(rules("異常 | [氏名] | Slack | 即時"), contacts)

    assert [(end.recipient, end.reason) for end in routing.dead_ends] == [
        ("[氏名]", NoticeReason.PLACEHOLDER)
    ]


def test_roles_are_matched_regardless_of_character_width(contacts: Contacts) -> None:
    wide = replace(contacts, people={"ＳＲＥ 担当": {ChannelKind.SLACK: "U03"}})

    assert len(routing_of(rules("異常 | SRE担当 | Slack | 即時"), wide).routes) == 1


def test_a_matrix_in_incident_severities_is_read_for_alert_levels() -> None:
    matrix = rules("High | 運用責任者 | Slack | 即時", "Medium | 開発担当者 | Slack | 即時")

    assert [rule.level_name for rule in rules_for(matrix, AlertLevel.CRITICAL)] == ["High"]
    assert [rule.level_name for rule in rules_for(matrix, AlertLevel.WARNING)] == ["Medium"]


def test_a_level_without_a_row_has_no_rules() -> None:
    assert rules_for(rules("異常 | 運用責任者 | Slack | 即時"), AlertLevel.WARNING) == ()
