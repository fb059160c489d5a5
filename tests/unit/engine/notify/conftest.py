"""Shared by the tests of notices: a document's matrix, and contacts."""

from zoneinfo import ZoneInfo

import pytest

from toban.design.values.people import ChannelKind
from toban.engine.notify.routing.contacts import BoundChannel, Contacts

SLACK = BoundChannel("slack", ChannelKind.SLACK, is_shared=True)
MAIL = BoundChannel("mail", ChannelKind.EMAIL, is_shared=False)


@pytest.fixture
def contacts() -> Contacts:
    return Contacts(
        people={
            "運用責任者": {ChannelKind.EMAIL: "manager@example.com", ChannelKind.SLACK: "U01MANAGER"},
            "開発担当者": {ChannelKind.EMAIL: "developer@example.com", ChannelKind.SLACK: "U02DEVELOPER"},
        },
        ways=(SLACK, MAIL),
        zone=ZoneInfo("Asia/Tokyo"),
        settings={ChannelKind.SLACK: {"kind": "slack"}},
    )
