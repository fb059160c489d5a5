from pathlib import Path

import pytest
from tests.registered import schema

from toban.chapters.logs.rules import LogRules, rules
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.telemetry.logs.words import kind_of, known_level, level_of


def of_document(*kinds: tuple[str, str]) -> LogRules:
    rows = "\n".join(f"| {name} | 内容 | Toban | {kept} |" for name, kept in kinds)
    text = f"""# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
{rows}
"""
    return rules(read_design(text, "運用設計書.md"), read_bindings("", Path("toban.toml"), schema()))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("トレース", "trace"),
        ("分散トレースログ", "trace"),
        ("traces", "trace"),
        ("エラーログ (スタックトレース)", "error"),
        ("スタックトレース", "スタックトレース"),
        ("アプリログ", "application"),
    ],
)
def test_a_kind_of_log_has_one_name(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_traces_are_retained_as_their_own_row_says() -> None:
    found = of_document(("アプリログ", "90日"), ("トレース", "14日"))

    assert str(found.retention("trace")) == "14日"
    assert found.kept_as("trace") == "trace"


def test_traces_without_a_row_are_retained_like_application_logs() -> None:
    found = of_document(("アプリログ", "90日"), ("監査ログ", "1年"))

    assert str(found.retention("trace")) == "90日"
    assert (found.kept_as("trace"), found.kept_as("audit")) == ("application", "audit")


def test_an_unknown_level_is_kept_and_marked_as_unknown() -> None:
    assert (level_of(" weird ", {}), known_level("weird", {})) == ("WEIRD", "")
    assert (level_of("warn", {}), known_level("warn", {})) == ("WARNING", "WARNING")
    assert known_level("重大", {"重大": "CRITICAL"}) == "CRITICAL"
