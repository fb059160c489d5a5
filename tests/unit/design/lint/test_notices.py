"""Whether the matrix reaches somebody at all service hours."""

from collections.abc import Callable

import pytest

from toban.design.finding import Finding

type Find = Callable[[str, str], list[Finding]]


def document(recipients: str, service: str = "24時間365日", contact: str = "緊急連絡先") -> str:
    return f"""# 運用設計書

## 運用方針

### 運用体制
| 役割 | 担当 | 対応時間 |
|------|------|---------|
| 運用責任者 | 山田 | 平日9:00-18:00 |
| {contact} | 委託先 | 24時間365日 |

### サービス提供時間
- **稼働時間**: {service}

## 監視

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|-------|-------|---------|----------|
| 異常 (Critical) | {recipients} | メール | 即時 |
"""


def test_office_hours_do_not_cover_a_service_around_the_clock(find: Find) -> None:
    (finding,) = find("MN005", document("運用責任者"))

    assert "週に123時間" in str(finding.message)
    assert "「緊急連絡先」（9行目）" in str(finding.hint)


@pytest.mark.parametrize(
    "text",
    [
        document("運用責任者、緊急連絡先"),
        document("運用責任者", service="平日9:00-18:00"),
        document("情報システム部"),  # its hours are unknown
        document("Slack#alerts"),
    ],
)
def test_covered_and_unknown_hours_raise_no_finding(find: Find, text: str) -> None:
    assert find("MN005", text) == []


def test_a_service_one_hour_longer_than_the_duty_is_found(find: Find) -> None:
    (finding,) = find("MN005", document("運用責任者", service="平日9:00-19:00"))

    assert "週に5時間" in str(finding.message)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (document("運用責任者"), 1),
        (document("運用責任者、緊急連絡先"), 0),
        (document("運用責任者、オンコール担当", contact="オンコール"), 0),
        (document("Slack#alerts"), 0),  # who reads the channel is unknown
    ],
)
def test_a_round_the_clock_contact_must_be_named_in_the_matrix(find: Find, text: str, count: int) -> None:
    assert len(find("MN006", text)) == count
