import json
from dataclasses import replace
from typing import Any

import pytest

from toban.engine.notify.channels.slack.payload import mentions, payload
from toban.engine.notify.delivery.notice import Notice


def test_the_message_has_the_title_the_facts_the_row_and_the_link(notice: Notice) -> None:
    message = payload(notice, ["U012AB3CD"])

    assert message == {
        "text": "■ 異常: DB CPU使用率 92% (運用設計書.md:34)",
        "blocks": [
            {
                "type": "header",
                "text": {"type": "plain_text", "text": "■ 異常: DB CPU使用率 92%", "emoji": False},
            },
            {"type": "section", "text": {"type": "mrkdwn", "text": "<@U012AB3CD>"}},
            {
                "type": "section",
                "fields": [
                    {"type": "plain_text", "text": "測定値: 92%", "emoji": False},
                    {"type": "plain_text", "text": "しきい値: 異常 85%以上", "emoji": False},
                ],
            },
            {
                "type": "section",
                "text": {
                    "type": "plain_text",
                    "text": "運用設計書.md:34\nDB | CPU使用率 | 0-60% | 70% | 85% | 1分",
                    "emoji": False,
                },
            },
            {
                "type": "context",
                "elements": [{"type": "mrkdwn", "text": "<https://toban.example.com/alerts/1|Toban で見る>"}],
            },
        ],
    }


def test_external_text_cannot_mention_anyone(notice: Notice) -> None:
    loud = replace(notice, title="<!channel> & <@U012AB3CD>", url="")

    message = payload(loud, ())

    assert str(message["text"]).startswith("&lt;!channel&gt; &amp; &lt;@U012AB3CD&gt;")
    assert '"mrkdwn"' not in json.dumps(message["blocks"])


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ("U012AB3CD", "<@U012AB3CD>"),
        ("U012AB3CD W0ENTERPRISE", "<@U012AB3CD> <@W0ENTERPRISE>"),
        ("S01GROUP", "<!subteam^S01GROUP>"),
        ("#monitoring", ""),
        ("!channel", ""),
        ("<!here>", ""),
        ("", ""),
    ],
)
def test_only_member_ids_are_mentioned(addresses: str, expected: str) -> None:
    assert mentions(addresses.split()) == expected


def test_text_longer_than_slack_accepts_is_cut(notice: Notice) -> None:
    endless = replace(
        notice,
        title="長" * 1000,
        facts=tuple((f"事実{number}", "い" * 5000) for number in range(20)),
        clause_text="行" * 9000,
    )

    blocks: Any = payload(endless, ())["blocks"]

    header, fields, clause, _ = blocks
    assert len(header["text"]["text"]) == 150
    assert [len(field["text"]) for field in fields["fields"]] == [2000] * 10
    assert len(clause["text"]["text"]) == 3000


def test_the_fallback_is_never_cut_inside_an_escaped_character(notice: Notice) -> None:
    text = payload(replace(notice, title="&" * 1000), ())["text"]

    assert str(text).replace("&amp;", "") == "…"


def test_an_english_notice_has_an_english_link(notice: Notice) -> None:
    written = str(payload(replace(notice, language="en"), ()))

    assert "|Open in Toban>" in written
    assert "Toban で見る" not in written
