from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.registered import kinds, schema

from toban.design.values.people import ChannelKind
from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.notify.delivery.channel import CHANNEL_KINDS
from toban.engine.notify.routing.contacts import BoundChannel, Contacts, contacts_of

WRITTEN = """
[system]
name = "南風商店"
timezone = "Europe/Berlin"
holidays = "none"

[people."運用責任者"]
name = "上原 なみ"
email = "uehara@shop.example"
slack = "U012AB3CD"

[channels.watch]
kind = "slack"
webhook = "env:SLACK_WEBHOOK"
channel = "#monitoring"

[channels.mail]
kind = "email"
host = "mail.shop.example"
sender = "toban@shop.example"

[channels.pager]
kind = "pagerduty"
routing_key = "file:routing-key"
"""


def contacts() -> Contacts:
    transports = kinds(CHANNEL_KINDS)
    models = {kind: transport.config for kind, transport in transports.items()}
    bindings = read_bindings(WRITTEN, Path("toban.toml"), schema(channels=models))
    return contacts_of(bindings, transports, "https://toban.shop.example/")


def test_every_bound_channel_is_available_under_the_documents_word_for_it() -> None:
    assert contacts().ways == (
        BoundChannel("watch", ChannelKind.SLACK, is_shared=True, posts_to="#monitoring"),
        BoundChannel("mail", ChannelKind.EMAIL, is_shared=False),
        BoundChannel("pager", ChannelKind.PAGERDUTY, is_shared=True, opens_incidents=True),
    )


def test_people_have_their_written_addresses_and_no_empty_ones() -> None:
    assert contacts().addresses("運用責任者") == {
        ChannelKind.EMAIL: "uehara@shop.example",
        ChannelKind.SLACK: "U012AB3CD",
    }
    assert contacts().addresses("開発担当者") is None


def test_name_zone_holidays_and_public_url_are_included() -> None:
    found = contacts()

    assert found.system == "南風商店"
    assert (found.zone.key, found.business.keeps_holidays) == ("Europe/Berlin", False)
    assert found.public_url == "https://toban.shop.example"


SPOKEN = """
[people."田中"]
[people.Smith]
language = "en"
[people.Jones]
language = "en"

[channels.mail]
kind = "email"
host = "mail.shop.example"
sender = "toban@shop.example"

[channels.english]
kind = "email"
language = "en"
host = "mail.shop.example"
sender = "toban@shop.example"

[channels.ops]
kind = "slack"
webhook = "env:SLACK_WEBHOOK"

[channels.world]
kind = "slack"
language = "en"
webhook = "env:SLACK_WEBHOOK"
"""


@pytest.mark.parametrize(
    ("channel", "recipients", "language"),
    [
        ("mail", ("田中",), "ja"),
        ("mail", ("Smith",), "en"),
        ("mail", ("田中", "Smith"), "ja"),
        ("english", ("田中",), "en"),
        ("ops", ("田中", "Smith"), "ja"),
        ("ops", ("Smith", "Jones"), "en"),
        ("ops", ("Slack#ops",), "ja"),
        ("world", ("田中",), "en"),
    ],
    ids=[
        "the-documents",
        "the-persons-own",
        "of-a-shared-address",
        "the-channels",
        "of-a-place-for-all",
        "common-to-all-there",
        "of-a-place-by-name",
        "the-places-own",
    ],
)
def test_a_notification_has_one_language(channel: str, recipients: tuple[str, ...], language: str) -> None:
    transports = kinds(CHANNEL_KINDS)
    models = {kind: transport.config for kind, transport in transports.items()}
    bindings = read_bindings(SPOKEN, Path("toban.toml"), schema(channels=models))
    found = contacts_of(bindings, transports, "", "ja")

    (way,) = [each for each in found.ways if each.name == channel]
    assert found.language_for(recipients, way) == language


def test_a_persons_language_comes_before_the_channels_at_an_address_of_theirs() -> None:
    mail = BoundChannel("mail", ChannelKind.EMAIL, is_shared=False, language="ja")
    slack = BoundChannel("slack", ChannelKind.SLACK, is_shared=True, language="ja")
    found = Contacts(people={}, ways=(mail, slack), zone=ZoneInfo("UTC"), languages={"Smith": "en"})

    assert (found.language_for(["smith"], mail), found.language_for(["smith"], slack)) == ("en", "ja")


def test_a_language_that_toban_does_not_speak_is_refused() -> None:
    with pytest.raises(UnreadableBindings, match="language"):
        read_bindings('[people.Anna]\nlanguage = "de"\n', Path("toban.toml"), schema())
