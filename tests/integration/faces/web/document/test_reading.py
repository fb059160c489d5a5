"""The page of tables that were not read: what could be declared, tried before it is pasted."""

from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import Fixed
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition

DOCUMENT = """# 運用設計書

## 監視

### 見るもの
| 品 | こと | 危険 |
|---|---|---|
| Web | CPU使用率 | 90%以上 |
"""
COMMENT = "<!-- toban: 監視項目 対象=品 項目=こと 異常=危険 -->"


def put_in_force(in_force: Fixed, text: str = DOCUMENT, bound: str = "") -> None:
    bindings = read_bindings(bound, Path("toban.toml"), schema())
    in_force.edition = Edition(read_design(text, "運用設計書.md", bindings.readings), bindings)


def page(viewer: Client, address: str = "/reading/", **asked: str) -> str:
    return unescape(viewer.get(address, asked).content.decode())


def test_a_table_has_its_proposals_with_the_rows_and_what_to_paste(viewer: Client, in_force: Fixed) -> None:
    put_in_force(in_force)

    shown = page(viewer)

    assert "監視項目: 対象: Web、監視項目: CPU使用率、異常: 90%以上" in shown
    assert f"<pre>{COMMENT}</pre>" in shown
    assert 'heading = ["監視", "見るもの"]\ntable = ["品", "こと", "危険"]\n' in shown
    assert 'href="/reading/"' in page(viewer, "/")


def test_other_words_are_tried_and_nothing_is_kept(viewer: Client, in_force: Fixed) -> None:
    put_in_force(in_force)

    good = page(viewer, line="6", declares="監視 項目=品 警告=危険")
    wrong = page(viewer, line="6", declares='監視 項目=ない "><script>')

    assert "監視項目: 監視項目: Web、警告: 90%以上" in good
    assert "「ない" in wrong
    assert "という列はありません" in wrong
    assert "<script>" not in viewer.get("/reading/", {"line": "6", "declares": "<script>"}).content.decode()
    assert "警告: 90%以上" not in page(viewer)


@pytest.mark.parametrize("line", ["", "0", "7", "x", "9" * 500])
def test_a_line_that_is_no_table_is_not_asked_about(viewer: Client, in_force: Fixed, line: str) -> None:
    put_in_force(in_force)

    assert "警告: 90%以上" not in page(viewer, line=line, declares="監視 項目=品 警告=危険")


def test_the_document_says_where_a_row_was_declared(viewer: Client, in_force: Fixed) -> None:
    put_in_force(in_force, DOCUMENT.replace("| 品", f"{COMMENT}\n| 品"))
    by_comment = page(viewer, "/")
    put_in_force(
        in_force, bound='[[reading]]\nheading = "見るもの"\ndeclares = "監視 対象=品 項目=こと 異常=危険"\n'
    )
    by_bindings = page(viewer, "/")

    assert "<b>宣言</b> 6行目の宣言" in by_comment
    assert "<b>宣言</b> toban.toml:1の宣言" in by_bindings
    assert "どの表も読めています" in page(viewer)


def test_the_page_is_in_english_too(viewer: Client, in_force: Fixed) -> None:
    put_in_force(in_force)
    viewer.cookies["django_language"] = "en"

    shown = page(viewer)

    assert "Tables that were not read" in shown
    assert "<!-- toban: Monitor subject=品 item=こと critical=危険 -->" in shown


def test_nobody_sees_it_without_signing_in(client: Client, in_force: Fixed) -> None:
    put_in_force(in_force)

    assert client.get("/reading/").status_code == 302
