"""The proposals for the audit log and for archived logs in a first `toban.toml`."""

import re
from pathlib import Path

import pytest
from tests.registered import PARTS

from toban.chapters.logs.bindings import LOGS
from toban.chapters.logs.proposals import open_tables
from toban.design.reader import read_design
from toban.engine.bindings.draft import draft
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import Bindings

HEAD = """# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
"""
APPLICATION = "| アプリログ | 処理 | CloudWatch Logs | 90日 |\n"
AUDIT = "| 監査ログ | 重要操作 | S3 | 1年 |\n"


def drafted(text: str) -> str:
    design = read_design(HEAD + text, "運用設計書.md")
    return draft(design, open_tables(design, PARTS.kinds))


def in_force(text: str) -> Bindings:
    """Uncomment the proposals, like an operator does."""
    return read_bindings(re.sub(r"(?m)^#(?! )", "", text), Path("toban.toml"), PARTS.schema)


def test_a_document_with_an_audit_log_gets_a_proposal_for_shipping_it() -> None:
    text = drafted(APPLICATION + AUDIT)

    assert "# 運用設計書.md:7 監査ログ | 重要操作 | S3 | 1年" in text
    assert "オブジェクトロックのあるバケットなら" in text
    bound = in_force(text)
    assert bound.evidence is not None
    assert bound.evidence.store in bound.stores
    assert LOGS.of(bound).archive is None
    assert in_force("").evidence is None


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        ("| アクセスログ | HTTP | S3 | 90日 |\n", ("アクセスログ",)),
        ("| アプリログ | 処理 | CloudWatch (のち Glacier) | 90日 |\n", ("アプリログ",)),
        (APPLICATION + "### ログの保管\n- 90日を過ぎたログはS3にアーカイブする\n", ()),
    ],
)
def test_a_document_that_archives_logs_gets_a_proposal_for_the_archive(
    rows: str, kinds: tuple[str, ...]
) -> None:
    text = drafted(rows)

    assert "書かなければ、移さずに消えます" in text
    bound = in_force(text)
    archive = LOGS.of(bound).archive
    assert archive is not None
    assert archive.store in bound.stores
    assert archive.kinds == kinds
    assert bound.evidence is None


def test_a_sentence_that_requires_an_archive_is_cited() -> None:
    text = drafted(APPLICATION + "### ログの保管\n- 90日を過ぎたログはS3にアーカイブする\n")

    assert "# 運用設計書.md:8 90日を過ぎたログはS3にアーカイブする" in text


def test_a_document_that_requires_neither_gets_no_proposal() -> None:
    text = drafted(APPLICATION)

    assert "evidence" not in text
    assert "archive" not in text


def test_the_only_kind_of_log_is_that_of_lines_that_name_none() -> None:
    only = in_force(drafted("| アクセスログ | HTTP | ファイル | 90日 |\n")).senders["app"]
    both = in_force(
        drafted("| アクセスログ | HTTP | ファイル | 90日 |\n| エラーログ | 例外 | ファイル | 90日 |\n")
    ).senders["app"]

    assert (only.log, both.log) == ("アクセスログ", "")
