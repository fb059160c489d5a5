import pytest

from toban.design.markdown import Heading
from toban.design.section import DocumentSection, heading_text
from toban.design.shapes.shape import words


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("1. 運用方針", "運用方針"),
        ("3.2.1 週次メンテナンス", "週次メンテナンス"),
        ("第3章 監視", "監視"),
        ("📊 監視・アラート", "監視・アラート"),
        ("２．バックアップ", "バックアップ"),
        ("A. 緊急連絡先", "緊急連絡先"),
        ("24時間365日の体制", "24時間365日の体制"),
        ("5xx エラー率", "5xx エラー率"),
        ("1", "1"),
    ],
)
def test_heading_is_named_without_its_number(written: str, name: str) -> None:
    assert heading_text(written) == name


def section(*headings: str, caption: str = "", document: str = "") -> DocumentSection:
    built = DocumentSection(document=document)
    for level, text in enumerate(headings, start=2):
        built = built.under(Heading(level, text, level))
    return built.captioned(caption)


def test_the_nearest_heading_counts_most_and_the_title_least() -> None:
    place = section("監視", "項目", "サーバー", document="バックアップ設計書")

    nearness = [place.nearness(words(word)) for word in ("サーバー", "項目", "監視", "バックアップ", "障害")]

    assert nearness == [3, 2, 1, 1, 0]


def test_caption_is_nearer_than_the_heading() -> None:
    place = section("定期作業", caption="週次")

    assert (place.nearness(words("週次")), place.nearness(words("定期"))) == (3, 2)


def test_latin_words_are_delimited_by_japanese_text() -> None:
    assert section("SLA定義").nearness(words(r"\bsla\b")) == 3
    assert section("translation").nearness(words(r"\bsla\b")) == 0


def test_heading_of_the_same_level_replaces_the_one_before() -> None:
    place = section("監視", "項目").under(Heading(3, "通知", 9))

    assert [heading.text for heading in place.headings] == ["監視", "通知"]
