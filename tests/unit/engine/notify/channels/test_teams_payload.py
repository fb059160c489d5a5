import json
from dataclasses import replace
from typing import Any

import pytest

from toban.engine.notify.channels.teams.payload import payload
from toban.engine.notify.delivery.notice import Notice, NoticeKind


def card_of(notice: Notice) -> Any:
    message: Any = payload(notice)
    (attachment,) = message["attachments"]
    return attachment["content"]


def words_of(card: Any) -> list[str]:
    return ["".join(run["text"] for run in block["inlines"]) for block in card["body"]]


def test_the_card_says_what_happened_where_and_which_row_ordered_it(notice: Notice) -> None:
    card = card_of(notice)

    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert words_of(card) == [
        "■ 異常: DB CPU使用率 92%",
        "測定値: 92%",
        "しきい値: 異常 85%以上",
        "運用設計書.md:34\nDB | CPU使用率 | 0-60% | 70% | 85% | 1分",
    ]
    (button,) = card["actions"]
    assert button["url"] == "https://toban.example.com/alerts/1"


def test_without_a_public_url_there_is_no_button(notice: Notice) -> None:
    assert card_of(replace(notice, url=""))["actions"] == []


@pytest.mark.parametrize(
    ("kind", "colour"),
    [(NoticeKind.FIRING, "attention"), (NoticeKind.NO_DATA, "warning"), (NoticeKind.RECOVERED, "good")],
)
def test_the_title_has_the_colour_of_what_happened(notice: Notice, kind: NoticeKind, colour: str) -> None:
    title = card_of(replace(notice, kind=kind))["body"][0]["inlines"][0]

    assert title["color"] == colour


def test_external_text_never_becomes_a_markdown_link(notice: Notice) -> None:
    lure = "[パスワードを更新](https://evil.example)"
    card = card_of(replace(notice, title=lure, facts=((lure, lure),), citation=lure, clause_text=lure))

    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert {run["type"] for block in card["body"] for run in block["inlines"]} == {"TextRun"}


@pytest.mark.parametrize("filler", ["長", '"', "\x01", "𠮷"])
def test_the_message_stays_within_the_vendors_28_kb(notice: Notice, filler: str) -> None:
    endless = filler * 10_000
    facts = tuple((endless, endless) for _ in range(20))

    message = payload(replace(notice, title=endless, facts=facts, citation=endless, clause_text=endless))

    assert len(json.dumps(message, ensure_ascii=False).encode()) <= 20_000


def test_a_text_that_fits_is_not_cut(notice: Notice) -> None:
    clause = "行" * 2000

    assert words_of(card_of(replace(notice, clause_text=clause)))[-1].endswith("行" * 2000)
    assert words_of(card_of(replace(notice, clause_text=clause + "行")))[-1].endswith("行…")
