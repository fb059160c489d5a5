"""What Slack posts when people order something, by its documented payloads."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from toban.engine.notify.channels.slack_app.interaction import (
    Acknowledged,
    SlackOrder,
    answer,
    command,
    interaction,
    is_of_team,
    may_answer,
)
from toban.engine.notify.channels.slack_app.payload import payload
from toban.engine.notify.delivery.notice import Notice, NoticeButton
from toban.message import plain

API = "https://slack.com/api/chat.postMessage"
HOOK = "https://hooks.slack.com/actions/T0/1/x-y_z"
BUTTON = {
    "type": "block_actions",
    "user": {"id": "U012AB3CD", "username": "nami"},
    "response_url": HOOK,
    "actions": [{"action_id": "toban/take", "value": "12"}],
}
SHORTCUT = {
    "type": "message_action",
    "callback_id": "toban/note",
    "user": {"id": "U012AB3CD"},
    "team": {"id": "T0", "domain": "shop"},
    "channel": {"id": "C0PS", "name": "ops"},
    "message": {"type": "message", "user": "U9", "text": "a &lt;b&gt; &amp;amp;", "ts": "1700000060.000200"},
    "response_url": HOOK,
}


def form(payload: object) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


def changed(payload: Mapping[str, object], **more: object) -> bytes:
    return form({**payload, **more})


def test_a_button_orders_its_act_with_its_words() -> None:
    found = interaction(form(BUTTON))

    assert isinstance(found, SlackOrder)
    assert (found.asked.member, found.asked.act, found.asked.words) == ("U012AB3CD", "take", "12")
    assert (found.asked.message, found.answer_to) == (None, HOOK)


def test_the_button_that_acknowledges_needs_no_account() -> None:
    pressed = changed(BUTTON, actions=[{"action_id": "toban-take", "value": "7"}])

    assert interaction(pressed) == Acknowledged(7, "slack:nami")


def test_a_shortcut_comes_with_the_message_as_it_was_written() -> None:
    found = interaction(form(SHORTCUT))

    assert isinstance(found, SlackOrder)
    message = found.asked.message
    assert message is not None
    assert (found.asked.act, message.text, message.author) == ("note", "a <b> &amp;", "U9")
    assert message.at == datetime(2023, 11, 14, 22, 14, 20, 200, tzinfo=UTC)
    assert (message.source, message.thread) == ("slack/C0PS/1700000060.000200", "1700000060.000200")
    assert message.url == "https://shop.slack.com/archives/C0PS/p1700000060000200"


@pytest.mark.parametrize(
    ("body", "is_own"),
    [
        (changed(BUTTON, team={"id": "T0"}, user={"id": "U1", "team_id": "T0"}), True),
        (form(SHORTCUT), True),
        (urlencode({"team_id": "T0", "user_id": "U1", "text": "help"}).encode(), True),
        (changed(BUTTON, team={"id": "T0"}, user={"id": "U1", "team_id": "T9"}), False),
        (changed(BUTTON, team={"id": "T9"}, user={"id": "U1", "team_id": "T9"}), False),
        (changed(BUTTON, team=None, user={"id": "U1", "team_id": "T0"}), False),
        (changed(BUTTON, team={"id": "T0"}, user="U1"), False),
        (form(BUTTON), False),
        (form([]), False),
        (urlencode({"team_id": "T9", "user_id": "U1", "text": "help"}).encode(), False),
        (b"user_id=U1", False),
        (b"payload=%7B", False),
        (b"\xff", False),
    ],
)
def test_only_members_of_the_bound_workspace_order_something(body: bytes, is_own: bool) -> None:
    assert is_of_team(body, "T0") is is_own


def test_a_message_in_a_thread_names_the_threads_first() -> None:
    within = {**SHORTCUT["message"], "thread_ts": "1700000000.000100"}  # type: ignore[dict-item]
    found = interaction(changed(SHORTCUT, message=within, team={"domain": "evil.example/"}))

    assert isinstance(found, SlackOrder)
    assert found.asked.message is not None
    assert (found.asked.message.thread, found.asked.message.url) == ("1700000000.000100", "")


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {},
        {**BUTTON, "user": {"id": "x"}},
        {**BUTTON, "user": {"id": ["U012AB3CD"]}},
        {**BUTTON, "user": None},
        {**BUTTON, "actions": []},
        {**BUTTON, "actions": [{"action_id": "other", "value": "1"}]},
        {**SHORTCUT, "callback_id": "toban-take"},
        {**SHORTCUT, "message": None},
        {**SHORTCUT, "message": {"ts": "x"}},
        {**SHORTCUT, "message": {"ts": 1.5}},
        {**SHORTCUT, "channel": {"id": "../x"}},
    ],
)
def test_whatever_else_is_posted_orders_nothing(payload: object) -> None:
    assert interaction(form(payload)) is None


@pytest.mark.parametrize("body", [b"", b"\xff", b"payload=", b"payload=%FF", b"&a=b" * 60, b"payload={"])
def test_what_is_no_form_orders_nothing(body: bytes) -> None:
    assert interaction(body) is None
    assert command(body) is None


@pytest.mark.parametrize(
    ("text", "act", "words"),
    [
        ("incident 注文できない &amp; 遅い", "incident", "注文できない & 遅い"),
        (" note 12 a  b", "note", "12 a  b"),
        ("help", "help", ""),
        ("", "", ""),
    ],
)
def test_a_commands_first_word_is_the_act(text: str, act: str, words: str) -> None:
    fields = {"command": "/toban", "user_id": "U012AB3CD", "text": text, "response_url": HOOK}
    found = command(urlencode(fields).encode())

    assert found is not None
    assert (found.asked.act, found.asked.words, found.answer_to) == (act, words, HOOK)


def test_a_command_of_nobody_is_none() -> None:
    assert command(urlencode({"text": "take 1", "user_id": "nami"}).encode()) is None


@pytest.mark.parametrize(
    "url",
    [
        HOOK,
        "https://hooks.slack.com/commands/T0/1/x",
        "https://hooks.slack-gov.com/app/T0/1/x",
        "https://slack.com/api/x",
    ],
)
def test_answers_go_to_slack(url: str) -> None:
    assert may_answer(url, API)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://hooks.slack.com/x",
        "https://hooks.slack.com.evil.example/x",
        "https://hooks.slack.com@evil.example/x",
        "https://hooks.slack.com:8443/x",
        "https://hooksXslack.com/x",
        "https://evil.example/https://hooks.slack.com/x",
        "https://hooks.slack.com\\@evil.example/x",
        "https://hooks.slack.com/x?y",
        "https://hooks.slack.com/x\n",
        "https://hooks.slack.com/" + "x" * 600,
        "https://slack.comevil/x",
        "https://169.254.169.254/latest/meta-data",
        "http://127.0.0.1/x",
    ],
)
def test_answers_go_nowhere_else(url: str) -> None:
    assert not may_answer(url, API)


def test_a_relay_of_the_operator_takes_answers() -> None:
    api = "http://127.0.0.1:8080/slack/api"

    assert may_answer("http://127.0.0.1:8080/answers/1", api)
    assert not may_answer("http://127.0.0.1:80801/answers/1", api)
    assert not may_answer("http://127.0.0.1:8080.evil.example/x", api)


def test_an_answer_mentions_nobody_and_is_seen_by_one() -> None:
    said = answer("<!channel> " + "x" * 4_000)

    assert (said["response_type"], said["replace_original"]) == ("ephemeral", False)
    assert str(said["text"]).startswith("&lt;!channel&gt; ")
    assert len(str(said["text"])) < 3_010


def test_buttons_stand_beside_the_one_that_acknowledges(notice: Notice) -> None:
    long = NoticeButton("level", "x" * 2_001, plain("never cut"))
    offered = (NoticeButton("take", "12", plain("指揮を執る")), long)
    message = payload(replace(notice, announcement=7, buttons=offered), (), "#ops")

    blocks = message["blocks"]
    assert isinstance(blocks, list)
    shown = [(each["action_id"], each["value"], each["text"]["text"]) for each in blocks[-1]["elements"]]
    assert shown == [("toban-take", "7", "対応を開始"), ("toban/take", "12", "指揮を執る")]


def test_what_can_be_neither_acknowledged_nor_ordered_has_no_buttons(notice: Notice) -> None:
    blocks = payload(replace(notice, announcement=0), (), "#ops")["blocks"]

    assert isinstance(blocks, list)
    assert all(each["type"] != "actions" for each in blocks)
