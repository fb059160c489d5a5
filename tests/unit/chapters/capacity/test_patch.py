"""What is proposed for the usage table: exactly the cells that say something else than reality."""

from datetime import timedelta

import pytest
from tests.unit.chapters.capacity.known_resources import DB, DOCUMENT, GB, NOW, WEB, growing, known

from toban.chapters.capacity.patch import patch
from toban.design.clauses.capacity import ResourceUsage
from toban.design.reader import read_design

DB_ROW = "| DBストレージ | 100GB | 500GB | 20% | 使用率70%到達時 |"


def with_row(row: str) -> str:
    return DOCUMENT.replace(DB_ROW, row)


def patched(document: str, **about: object) -> str:
    found = patch(document, [known(DB, document=document, **about)], NOW)  # type: ignore[arg-type]
    return found.after


def test_use_and_share_are_proposed_and_nothing_else_changes() -> None:
    found = patch(DOCUMENT, [known(WEB, 3), known(DB, 124.2 * GB)], NOW)

    assert [
        (each.resource, each.cell.heading, each.cell.text, each.change.text) for each in found.proposals
    ] == [
        (WEB, "現在使用量", "2台", "3台"),
        (WEB, "使用率", "20%", "30%"),
        (DB, "現在使用量", "100GB", "124GB"),
        (DB, "使用率", "20%", "25%"),
    ]
    assert found.after == DOCUMENT.replace("| 2台 | 10台 | 20% |", "| 3台 | 10台 | 30% |").replace(
        "| 100GB | 500GB | 20% |", "| 124GB | 500GB | 25% |"
    )


def test_the_diff_names_the_file_and_holds_only_the_changed_rows() -> None:
    found = patch(DOCUMENT, [known(WEB, 3)], NOW)

    lines = found.diff("運用設計書.md").splitlines()

    assert lines[:2] == ["--- a/運用設計書.md", "+++ b/運用設計書.md"]
    assert [each for each in lines[2:] if each[0] in "+-"] == [
        "-| Webサーバー台数 | 2台 | 10台 | 20% | 使用率70%到達時 |",
        "+| Webサーバー台数 | 3台 | 10台 | 30% | 使用率70%到達時 |",
    ]
    assert patch(DOCUMENT, [known(WEB, 2)], NOW).diff("運用設計書.md") == ""


def test_a_diff_says_so_if_the_file_does_not_end_with_a_line() -> None:
    document = DOCUMENT[: DOCUMENT.index("\n\n### キャパシティ予測")]

    found = patch(document, [known(DB, 200 * GB, document=document)], NOW).diff("x.md")

    assert found.splitlines()[-4:] == [
        "-" + DB_ROW,
        "\\ No newline at end of file",
        "+| DBストレージ | 200GB | 500GB | 40% | 使用率70%到達時 |",
        "\\ No newline at end of file",
    ]


@pytest.mark.parametrize("used", [100 * GB, 100.4 * GB])
def test_what_the_document_says_already_is_left(used: float) -> None:
    found = patch(DOCUMENT, [known(DB, used)], NOW)

    assert (found.proposals, found.after) == ((), DOCUMENT)


@pytest.mark.parametrize(
    ("row", "used", "expected"),
    [
        ("| DBストレージ | 1TB | 5TB | 20% | |", 1.44e12, "| DBストレージ | 1.44TB | 5TB | 29% | |"),
        ("| DBストレージ | 1,200GB | 5,000GB | 24.0% | |", 2e12,
         "| DBストレージ | 2,000GB | 5,000GB | 40.0% | |"),
        ("| DBストレージ | **100GB** | 500GB | - | |", 2e11, "| DBストレージ | **200GB** | 500GB | - | |"),
        ("| DBストレージ | 20% | 500GB | 20% | |", 2e11, "| DBストレージ | 40% | 500GB | 40% | |"),
        ("| DBストレージ | 1GB | 500GB | 20% | |", 2e7, "| DBストレージ | 0.02GB | 500GB | 0% | |"),
        ("| DBストレージ | 1GB | 500GB | 20% | |", 3e4, "| DBストレージ | 0.00003GB | 500GB | 0% | |"),
        ("| DBストレージ | 0.02GB | 500GB | 0% | |", 2.1e7, "| DBストレージ | 0.02GB | 500GB | 0% | |"),
        ("| DBストレージ | 1GB | 500GB | 20% | |", 0.0, "| DBストレージ | 0GB | 500GB | 0% | |"),
        ("| DBストレージ | 93.1GiB | 500GB | 20% | |", 2e11, "| DBストレージ | 186.3GiB | 500GB | 40% | |"),
    ],
)  # fmt: skip
def test_a_cell_keeps_its_own_unit_and_marks(row: str, used: float, expected: str) -> None:
    assert patched(with_row(row), used=used) == with_row(expected)


def test_what_is_written_passes_the_documents_own_check_of_shares() -> None:
    after = patched(with_row("| DBストレージ | 1TB | 5TB | 20% | |"), used=1.44e12)

    (_, row) = read_design(after, "x.md").of(ResourceUsage)
    assert row.used is not None
    assert row.limit is not None
    assert row.utilisation is not None
    assert abs(row.used.value / row.limit.value * 100 - row.utilisation.value) <= 1


def test_the_month_in_which_the_share_is_reached_stands_behind_the_words_of_the_row() -> None:
    forecast = growing(200 * GB, GB)

    after = patched(DOCUMENT, used=200 * GB, forecast=forecast)

    assert "| 200GB | 500GB | 40% | 使用率70%到達時 (到達予測 2027-04) |" in after
    rows = read_design(DOCUMENT, "x").of(ResourceUsage), read_design(after, "x").of(ResourceUsage)
    assert rows[0][1].extend_at == rows[1][1].extend_at


def test_an_older_month_is_replaced_and_taken_away_when_nothing_is_reached_any_more() -> None:
    told = with_row(DB_ROW.replace("到達時", "到達時 (到達予測 2027-01)"))

    again = patched(told, used=100 * GB, forecast=growing(200 * GB, GB))
    away = patched(told, used=100 * GB, forecast=growing(100 * GB, 0.0))

    assert again == told.replace("2027-01", "2027-04")
    assert away == DOCUMENT


def test_a_row_that_names_no_share_gets_no_month() -> None:
    row = "| DBストレージ | 100GB | 500GB | 20% | 2027年度に検討 |"

    after = patched(with_row(row), used=200 * GB, forecast=growing(200 * GB, GB))

    assert after == with_row("| DBストレージ | 200GB | 500GB | 40% | 2027年度に検討 |")


def test_limits_are_told_apart_and_changed_only_if_wanted() -> None:
    about = [known(DB, 100 * GB, limit=400 * GB)]

    told = patch(DOCUMENT, about, NOW)
    changed = patch(DOCUMENT, about, NOW, with_limits=True)

    assert (told.proposals, told.after) == ((), DOCUMENT)
    assert [(each.cell.text, each.change.text) for each in told.limits] == [("500GB", "400GB")]
    assert changed.limits == ()
    assert changed.after == DOCUMENT.replace("| 100GB | 500GB | 20% |", "| 100GB | 400GB | 25% |")


def test_a_larger_limit_in_reality_is_told_of_storage_only() -> None:
    about = [known(WEB, 2, limit=20), known(DB, 100 * GB, limit=1000 * GB)]

    told = patch(DOCUMENT, about, NOW)
    changed = patch(DOCUMENT, about, NOW, with_limits=True)

    assert [(each.resource, each.change.text) for each in told.limits] == [(DB, "1000GB")]
    assert changed.after == DOCUMENT.replace("| 100GB | 500GB | 20% |", "| 100GB | 1000GB | 10% |")
    fewer = patch(DOCUMENT, [known(WEB, 2, limit=5)], NOW)
    assert [(each.resource, each.change.text) for each in fewer.limits] == [(WEB, "5台")]


def test_an_old_reading_proposes_nothing() -> None:
    old = known(DB, 300 * GB, read_at=NOW - timedelta(hours=2))

    assert patch(DOCUMENT, [old], NOW).after == DOCUMENT


def test_line_ends_and_the_mark_of_the_encoding_stay() -> None:
    document = "\ufeff" + DOCUMENT.replace("\n", "\r\n")

    after = patched(document, used=200 * GB)

    assert after == document.replace("| 100GB | 500GB | 20% |", "| 200GB | 500GB | 40% |")
