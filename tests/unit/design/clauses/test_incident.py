from collections.abc import Callable
from decimal import Decimal

import pytest

from toban.design.clauses.incident import FailurePattern, IncidentFlow, IncidentLevel
from toban.design.reader import Design
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.people import Role
from toban.design.values.severity import IncidentSeverity

type Read = Callable[..., Design]


def hours(amount: int) -> Duration:
    return Duration(Decimal(amount), TimeUnit.HOUR)


def level_of(read: Read, name: str, response: str) -> Design:
    return read(
        "## 障害レベル定義", "| レベル | 定義 | 対応時間 |", "|-|-|-|", f"| {name} | 全停止 | {response} |"
    )


@pytest.mark.parametrize(
    ("response", "respond", "immediate", "recover"),
    [
        ("即時対応 (1時間以内復旧)", None, True, hours(1)),
        ("1時間以内対応 (4時間以内復旧)", hours(1), False, hours(4)),
        ("1時間以内対応、4時間以内復旧", hours(1), False, hours(4)),
        ("4時間以内対応", hours(4), False, None),
        ("即時（24/7）", None, True, None),
        ("2時間以内（営業時間）", hours(2), False, None),
        ("1営業日以内対応", Duration(Decimal(1), TimeUnit.BUSINESS_DAY), False, None),
        ("翌営業日対応", Duration(Decimal(1), TimeUnit.BUSINESS_DAY), False, None),
        ("within 4 hours", hours(4), False, None),
    ],
)
def test_response_cell_may_promise_two_times(
    read: Read, response: str, respond: Duration | None, immediate: bool, recover: Duration | None
) -> None:
    (level,) = level_of(read, "High", response).of(IncidentLevel)

    assert (level.respond_within, level.is_immediate, level.recover_within) == (respond, immediate, recover)


def test_a_response_without_a_time_leaves_the_row_unread(read: Read) -> None:
    assert str(level_of(read, "Low", "ベストエフォート").unread[0].reason).startswith(
        "対応時間「ベストエフォート」"
    )


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("Critical", IncidentSeverity.CRITICAL),
        ("P0 - Critical", IncidentSeverity.CRITICAL),
        ("P1（緊急）", IncidentSeverity.CRITICAL),
        ("P2（重大）", IncidentSeverity.HIGH),
        ("高（主要機能停止）", IncidentSeverity.HIGH),
    ],
)
def test_a_severity_code_takes_precedence_over_a_japanese_word(
    read: Read, name: str, severity: IncidentSeverity
) -> None:
    (level,) = level_of(read, name, "即時").of(IncidentLevel)

    assert level.severity is severity


def test_a_level_may_name_who_is_notified_and_a_recovery_target(read: Read) -> None:
    header = "| レベル | 事象 | 対応 | 目標復旧時間 | 通知先 |"

    (level,) = read(
        "## 障害対応", header, "|-|-|-|-|-|", "| 高 | 受注停止 | 当番が見る | 8 時間 | 当番 |"
    ).of(IncidentLevel)

    assert (level.definition, level.respond_within, level.recover_within) == ("受注停止", None, hours(8))
    assert level.recipients == (Role("当番"),)


@pytest.mark.parametrize(
    "words",
    [
        "即座に支配人へ",
        "定期報告",
        "Track in backlog",
        "Within 30 minutes",
        "管理職 + 宿泊客",
        "翌営業日に対応",
    ],
)
def test_words_that_name_nobody_are_not_notified_and_this_is_said(read: Read, words: str) -> None:
    row = f"| 高 | 一部停止 | 2時間以内 | {words} |"

    (level,) = read("## 障害レベル", "| レベル | 定義 | 対応時間 | 通知先 |", "|-|-|-|-|", row).of(
        IncidentLevel
    )

    assert level.recipients == ()
    assert [words in str(assumption) for assumption in level.assumptions] == [True]


def test_numbered_severities_with_channels_keep_their_response_time(read: Read) -> None:
    header, row = "| 重大度 | 応答時間 | 通知先 | 通知方法 |", "| P1 | 15分以内 | 当番 | 電話 |"

    (level,) = read("## 障害対応", "### エスカレーション", header, "|-|-|-|-|", row).of(IncidentLevel)

    assert str(level.respond_within) == "15分"


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("発生日 | 重大度 | 内容 | 対応時間", "2025-01-02 | 重大 | 全停止 | 30分"),
        ("Incident | Severity | Impact | Response", "ATM outage | Critical | all branches | 15 minutes"),
    ],
)
def test_an_incident_that_has_a_level_is_not_a_level(read: Read, header: str, row: str) -> None:
    design = read("## 障害 incidents", f"| {header} |", "|-|-|-|-|", f"| {row} |")

    assert design.of(IncidentLevel) == ()
    assert len(design.unread) == 1


def test_levels_may_be_numbered_in_a_column_of_their_own(read: Read) -> None:
    header, row = "| No. | 重大度 | 定義 | 対応時間 |", "| 1 | 重大 | 全停止 | 30分以内 |"

    assert len(read("## 障害レベル", header, "|-|-|-|-|", row).of(IncidentLevel)) == 1


def test_how_a_failure_is_noticed_is_not_its_cause(read: Read) -> None:
    header, row = "| 事象 | 検知 | 対処 |", "| 鍵が開かない | 宿泊客の電話 | 手で開ける |"

    (pattern,) = read("## 既知の障害", header, "|-|-|-|", row).of(FailurePattern)

    assert (pattern.name, pattern.cause, pattern.remedies) == ("鍵が開かない", "", ("手で開ける",))


@pytest.mark.parametrize("name", ["DEBUG", "竹"])
def test_other_levels_are_not_incident_levels(read: Read, name: str) -> None:
    assert level_of(read, name, "即時").of(IncidentLevel) == ()


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("障害パターン | 原因 | 対処", "応答遅延 | 高負荷 | 台数を増やす、再起動"),
        ("問題 | 症状 | 確認事項 | 解決策", "応答遅延 | 高負荷 | ログ | 台数を増やす、再起動"),
        ("エラー種別 | 対応方法 | 通知要否 | 備考", "応答遅延 | 台数を増やす、再起動 | 要 | -"),
    ],
)
def test_known_failures_have_remedies(read: Read, header: str, row: str) -> None:
    rule = " | ".join("-" for _ in header.split("|"))

    (pattern,) = read("## トラブルシューティング", f"| {header} |", f"| {rule} |", f"| {row} |").of(
        FailurePattern
    )

    assert (pattern.name, pattern.remedies) == ("応答遅延", ("台数を増やす", "再起動"))


def test_causes_below_a_problem_become_failures_of_that_problem(read: Read) -> None:
    design = read(
        "## トラブルシューティング",
        "### 1. 入れない",
        "| 原因 | 対処法 |",
        "|-|-|",
        "| 期限切れ | 再発行 |",
        "| 誤入力 | 再入力 |",
    )

    assert [(pattern.name, pattern.cause) for pattern in design.of(FailurePattern)] == [
        ("入れない", "期限切れ"),
        ("入れない", "誤入力"),
    ]


def test_a_normal_state_is_not_a_failure(read: Read) -> None:
    design = read("## 障害", "| 事象 | 対応 |", "|-|-|", "| 🟢 正常 | 監視を続ける |", "| 停止 | 再起動 |")

    assert [pattern.name for pattern in design.of(FailurePattern)] == ["停止"]


def test_a_response_flow_is_read_from_a_list_or_a_code_block(read: Read) -> None:
    as_list = read("## 障害対応フロー", "1. 検知", "2. 切り分け")
    as_block = read("## 障害対応フロー", "```", "1. 検知", "2. 切り分け", "```")

    for design in (as_list, as_block):
        assert [flow.steps for flow in design.of(IncidentFlow)] == [("検知", "切り分け")]
        assert design.rows == 1


def test_a_diagram_of_the_flow_is_unread_with_a_hint(read: Read) -> None:
    design = read("## 障害対応フロー", "```mermaid", "graph TD", "A[検知] --> B[復旧]", "```")

    assert design.of(IncidentFlow) == ()
    assert "番号つき" in str(design.unread[0].reason)


@pytest.mark.parametrize("cell", ["即時（24時間）", "即時（24時間365日）", "即時 (24/7)"])
def test_at_any_hour_is_no_time_to_respond_in(read: Read, cell: str) -> None:
    table = ("| レベル | 定義 | 対応時間 |", "|---|---|---|", f"| P1 | 全館停止 | {cell} |")
    (level,) = read("## 障害レベル", *table).of(IncidentLevel)

    assert (level.is_immediate, level.respond_within) == (True, None)


@pytest.mark.parametrize(
    ("names", "severities"),
    [
        (("P0", "P1", "P2", "P3", "P4"), ("critical", "high", "medium", "low", "low")),
        (("SEV-0", "SEV-1", "SEV-2"), ("critical", "high", "medium")),
        (("P1", "P2", "P3", "P4"), ("critical", "high", "medium", "low")),
    ],
)
def test_a_scale_that_starts_at_0_is_counted_from_0(
    read: Read, names: tuple[str, ...], severities: tuple[str, ...]
) -> None:
    rows = [f"| {name} | 貸出の停止 | 30分以内 |" for name in names]
    design = read("## 障害レベル", "| レベル | 定義 | 対応時間 |", "|-|-|-|", *rows)

    assert tuple(level.severity for level in design.of(IncidentLevel)) == severities
    assert all(str(level.respond_within) == "30分" for level in design.of(IncidentLevel))


@pytest.mark.parametrize(
    ("cell", "respond", "recover"),
    [
        ("Page on-call within 15 min", "15分", "None"),
        ("Ticket; respond within 4 hours", "4時間", "None"),
        ("Ack in 5 min, resolve 1 hour", "5分", "1時間"),
        ("Acknowledge within 10 min / fix in 8 hours", "10分", "8時間"),
        ("Page immediately; ack in 5 min", "5分", "None"),
    ],
)
def test_a_response_may_be_an_order(read: Read, cell: str, respond: str, recover: str) -> None:
    table = ("| Severity | Definition | Response |", "|-|-|-|", f"| SEV1 | no loans | {cell} |")
    (level,) = read("## Severity levels", *table).of(IncidentLevel)

    assert (str(level.respond_within), str(level.recover_within)) == (respond, recover)
