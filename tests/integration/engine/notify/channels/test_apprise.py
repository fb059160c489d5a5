"""Apprise with a receiver of plain JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.registered import schema

from toban.design.values.people import ChannelKind
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.apprise.channel import AppriseChannel, doubts
from toban.engine.notify.channels.apprise.config import AppriseConfig
from toban.engine.notify.delivery.channel import CHANNEL_KINDS, Undelivered
from toban.engine.notify.delivery.notice import Notice
from toban.engine.notify.routing.contacts import contacts_of
from toban.engine.registry.kinds import Kinds
from toban.message import message_of


def config(monkeypatch: pytest.MonkeyPatch, url: str) -> AppriseConfig:
    monkeypatch.setenv("APPRISE_URL", url)
    return AppriseConfig(url=Secret("env:APPRISE_URL"), answers_to="LINE", timeout=2)


def test_the_notice_is_plain_text_that_cites_its_clause(
    http: Any, notice: Notice, monkeypatch: pytest.MonkeyPatch
) -> None:
    http.answers(200)

    AppriseChannel(config(monkeypatch, http.url.replace("http", "json", 1))).send(notice, ())

    sent = json.loads(http.asked[0].body)
    assert sent["title"] == "■ 異常: DB CPU使用率 92%"
    assert sent["message"].splitlines()[0] == "測定値: 92%"
    assert "運用設計書.md:34" in sent["message"]
    assert sent["type"] == "failure"


def test_a_url_of_an_unknown_service_is_refused_permanently(
    notice: Notice, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = config(monkeypatch, "carrier-pigeon://roof/very-secret")

    with pytest.raises(Undelivered, match="サービスを知りません") as caught:
        AppriseChannel(unknown).send(notice, ())

    assert not caught.value.retry
    assert "very-secret" not in str(caught.value)
    assert list(doubts(unknown)) == [message_of(caught.value)]


def test_the_word_used_in_the_document_selects_the_channel() -> None:
    transports = Kinds({"channels": {"apprise": "toban.engine.notify.channels.apprise"}}).of(CHANNEL_KINDS)
    text = '[channels.line]\nkind = "apprise"\nurl = "env:X"\nanswers_to = "LINE"\n'
    kinds = schema(channels={name: each.config for name, each in transports.items()})

    contacts = contacts_of(read_bindings(text, Path("toban.toml"), kinds), transports, "")

    assert [way.kind for way in contacts.ways] == [ChannelKind.LINE]
