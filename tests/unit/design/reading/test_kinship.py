"""No document of another trade passes for an operations design, and no operations design is refused."""

from pathlib import Path

import pytest

from toban.design.document_file import UnreadableDocument
from toban.design.reader import load_design

DOCUMENTS = Path(__file__).parent / "documents"
OTHER_TRADES = sorted(DOCUMENTS.glob("other_trades/*.md"))
SYSTEMS = sorted(DOCUMENTS.glob("systems/*.md"))


@pytest.mark.parametrize("path", OTHER_TRADES, ids=lambda path: path.stem)
def test_a_document_of_another_trade_is_refused_however_many_words_it_borrows(path: Path) -> None:
    with pytest.raises(UnreadableDocument) as refusal:
        load_design(path)

    message = refusal.value.args[0]
    assert (message.code, message.values["why"].code) == ("design.not-a-design", "design.no-system")
    assert refusal.value.hint.code == "design.name-a-document-about-operations"


@pytest.mark.parametrize("path", SYSTEMS, ids=lambda path: path.stem)
def test_a_system_of_any_trade_is_read(path: Path) -> None:
    design = load_design(path)

    assert design.read >= design.rows / 3


def test_a_business_with_one_chapter_about_its_system_is_refused(tmp_path: Path) -> None:
    business = [
        f"## {name}\n\n" + "- 方針を四半期ごとに見直す\n" * 6 for name in ("集客", "料金体系", "営業", "広告")
    ]
    system = "## 技術と障害対応\n\n- API: 応答時間 2秒以内\n- DB: 毎日バックアップ\n- デプロイ: 毎週木曜\n"
    path = tmp_path / "事業.md"
    path.write_text("\n".join((*business, system)), "utf-8")

    with pytest.raises(UnreadableDocument) as refusal:
        load_design(path)

    assert refusal.value.args[0].values["why"].code == "design.other-subject"


def test_the_terms_of_a_trade_do_not_refuse_a_system(tmp_path: Path) -> None:
    rows = "".join(f"| 銘柄{n}の配信 | レスポンスタイム | 2秒 | 5秒 |\n" for n in range(30))
    header = "| 対象 | 監視項目 | 警告 | 異常 |\n|---|---|---|---|\n"
    path = tmp_path / "配信.md"
    path.write_text(f"## 投資\n\n## 銘柄\n\n## 相場\n\n## 監視\n\n{header}{rows}", "utf-8")

    assert load_design(path).read == 30


LEVELS = (
    "## 障害レベル\n\n| レベル | 定義 | 対応時間 |\n|---|---|---|\n| SEV1 | サーバー停止 | 15分以内 |\n\n"
    "## 監視\n\n- CPU使用率: 警告 80%\n\n"
)


@pytest.mark.parametrize(
    "headings",
    [
        ("この章で学ぶこと", "前提知識", "演習問題"),
        ("Learning objectives", "Exercises", "Further reading"),
    ],
)
def test_a_textbook_about_operations_is_nobodys_design(tmp_path: Path, headings: tuple[str, ...]) -> None:
    path = tmp_path / "lesson.md"
    path.write_text("# 障害対応\n\n" + LEVELS + "".join(f"## {heading}\n\n本文\n\n" for heading in headings))

    with pytest.raises(UnreadableDocument) as refusal:
        load_design(path)

    assert refusal.value.args[0].values["why"].code == "design.a-lesson"


def test_a_design_may_have_what_one_must_know_before(tmp_path: Path) -> None:
    path = tmp_path / "運用設計書.md"
    path.write_text("# 障害対応\n\n## 前提知識\n\n本文\n\n## 参考: further reading\n\n本文\n\n" + LEVELS)

    assert load_design(path).read == 2


@pytest.mark.parametrize(
    "text",
    [
        "# 牧場の手引き\n\n## 毎日の作業\n\n- 牛舎の清掃\n- 水の確認\n",
        "# Kitchen rules\n\n## Daily tasks\n\n- Wipe the counters\n- Check the fridge\n",
    ],
)
def test_a_short_document_without_a_word_of_operations_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "short.md"
    path.write_text(text, "utf-8")

    with pytest.raises(UnreadableDocument) as refusal:
        load_design(path)

    assert refusal.value.args[0].values["why"].code == "design.no-system"


@pytest.mark.parametrize("line", ["バックアップ: 毎日 2:00", "Uptime: 99.9%", "当番: 森 03-1111-2222"])
def test_a_short_document_with_one_is_read(tmp_path: Path, line: str) -> None:
    path = tmp_path / "short.md"
    path.write_text(f"# 手引き\n\n## 定期作業\n\n- {line}\n- 棚卸: 毎月\n", "utf-8")

    assert load_design(path).rows
