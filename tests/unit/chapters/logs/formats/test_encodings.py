"""Lines in other encodings become the same text in UTF-8."""

import pytest

from toban.chapters.logs.formats.encodings import in_utf8
from toban.engine.bindings.senders import LogEncoding

TEXT = "2026-11-26 09:00:00 ERROR ソース表示に失敗 ①\n在庫《なし》\n"


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        (None, "utf-8"),
        ("utf-8", "utf-8"),
        ("shift_jis", "cp932"),
        ("euc-jp", "euc_jis_2004"),
        ("utf-16le", "utf-16-le"),
        ("utf-16be", "utf-16-be"),
        ("utf-16", "utf-16"),
    ],
)
def test_a_text_is_the_same_in_every_encoding(encoding: LogEncoding | None, codec: str) -> None:
    assert in_utf8(TEXT.encode(codec), encoding).decode() == TEXT


@pytest.mark.parametrize("codec", ["utf-16", "utf-8-sig"])
def test_a_byte_order_mark_says_more_than_the_bindings(codec: str) -> None:
    assert in_utf8(TEXT.encode(codec), "shift_jis").decode("utf-8-sig") == TEXT


@pytest.mark.parametrize("encoding", ["shift_jis", "euc-jp"])
def test_half_a_character_does_not_take_the_end_of_its_line_along(encoding: LogEncoding) -> None:
    assert in_utf8(b"a\xa4\nb\x83\nc\xff\n", encoding).decode().count("\n") == 3
