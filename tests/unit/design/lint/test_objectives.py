"""Targets compared with planned maintenance and with their own figures."""

from collections.abc import Callable

import pytest

from toban.design.finding import Finding

type Find = Callable[[str, str], list[Finding]]


def document(target: str, maintenance: str, more: str = "") -> str:
    return f"""# 運用設計書

## 運用方針

### 運用目標
| 項目 | 目標値 |
|------|-------|
| 稼働率 | {target} |

### サービス提供時間
- **稼働時間**: 24時間365日
- **メンテナンス**: {maintenance}

{more}
"""


@pytest.mark.parametrize(
    ("maintenance", "count"),
    [
        ("毎月第2日曜日 2:00-2:40 (計画メンテナンス)", 0),  # 8.0 h of the 8.76 h
        ("毎月第2日曜日 2:00-2:45 (計画メンテナンス)", 1),  # 9.0 h
    ],
)
def test_maintenance_is_found_only_if_it_exceeds_the_remaining_downtime(
    find: Find, maintenance: str, count: int
) -> None:
    assert len(find("OB001", document("99.9%", maintenance))) == count


@pytest.mark.parametrize(
    "words",
    [
        "計画メンテナンスは稼働率に含まない。",
        "Planned maintenance is excluded from availability.",
        "稼働率の計算から除く時間: 計画メンテナンス",
    ],
)
def test_maintenance_that_does_not_count_is_not_a_contradiction(find: Find, words: str) -> None:
    assert find("OB001", document("99.9%", "毎月第2日曜日 2:00-4:00 (計画メンテナンス)", words)) == []


@pytest.mark.parametrize(
    "target",
    [
        "99.9% (計画メンテナンスを除く)",
        "99.9%（計画メンテナンスは含まない）",
        "99.9% (年間ダウンタイム8.76時間以内、計画メンテナンスを除く)",
        "99.9% (計画メンテナンスを除く、年間ダウンタイム8.76時間以内)",
        "99.9% (年間ダウンタイム8.76時間以内)、計画停止の時間を除く",
        "99.9% (excluding planned maintenance)",
    ],
)
def test_a_target_may_state_that_maintenance_does_not_count(find: Find, target: str) -> None:
    text = document(target, "毎月第2日曜日 2:00-4:00 (計画メンテナンス)")

    assert [find(code, text) for code in ("OB001", "OB002", "XX006")] == [[], [], []]


def test_the_finding_says_that_the_document_counts_maintenance(find: Find) -> None:
    text = document(
        "99.9%", "毎月第2日曜日 2:00-4:00 (計画メンテナンス)", "計画メンテナンスも停止時間に含む。"
    )

    (finding,) = find("OB001", text)

    assert "数えると書かれています" in str(finding.message)


@pytest.mark.parametrize(
    "target",
    [
        "99.9% (年間ダウンタイム8.76時間以内)",
        "99.9% (年間ダウンタイム8.77時間以内)",
        "99.9% (月間ダウンタイム43分以内)",
        "99.9% (月間ダウンタイム43.2分以内)",
        "99.9% (月間ダウンタイム44分以内)",
        "99.5% (月間ダウンタイム3.6時間以内)",
    ],
)
def test_figures_for_any_month_or_year_length_raise_no_finding(find: Find, target: str) -> None:
    assert find("OB002", document(target, "なし")) == []


@pytest.mark.parametrize(
    "target", ["99.9% (年間ダウンタイム8.5時間以内)", "99.9% (月間ダウンタイム8.76時間以内)"]
)
def test_a_figure_of_another_target_raises_a_finding(find: Find, target: str) -> None:
    assert len(find("OB002", document(target, "なし"))) == 1
