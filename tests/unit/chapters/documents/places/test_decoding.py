"""Files as people save them, and files that are no text."""

import pytest

from toban.chapters.documents.places.decoding import decoded

TEXT = "障害対応手順書\r\nWebサーバーを再起動する。\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp", "iso2022_jp"])
def test_text_is_read_in_every_encoding_that_is_in_use(encoding: str) -> None:
    assert decoded(TEXT.encode(encoding)) == TEXT


def test_the_encoding_that_a_place_names_is_tried_first() -> None:
    assert decoded("é".encode("latin-1"), "iso-8859-1") == "é"
    assert decoded(TEXT.encode(), "no-such-encoding") == TEXT


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"PK\x03\x04 docx",
        b"%PDF-1.7\ntext",
        b"\xff\xfeabc",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n",
        b"\x81\xff\xfe\x80",
    ],
)
def test_what_is_no_text_is_not_shown_as_text(data: bytes) -> None:
    assert decoded(data) is None
