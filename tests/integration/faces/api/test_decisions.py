"""Decisions by the API: their subject, their verdict, and what breaks them."""

import pytest
from tests.integration.chapters.decisions.judging import edition_of, judge
from tests.integration.faces.api.conftest import READING, Programs
from tests.integration.faces.web.conftest import Fixed

from toban.engine.clock import system_clock
from toban.engine.people.models import OperatorRole

DOCUMENT = """# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| 監査ログ | 重要操作履歴 | S3 | 1年 |
## 13. 重要な設計判断
### 監視戦略
- **ログ集約**: CloudWatch Logs で一元管理
- **可用性**: マルチAZ構成
"""


@pytest.fixture(autouse=True)
def judged(in_force: Fixed) -> None:
    in_force.edition = edition_of(DOCUMENT)
    judge(in_force.edition, system_clock())


def test_decisions_are_listed_with_what_breaks_them(program: Programs) -> None:
    reader = program(OperatorRole.VIEWER, *READING, name="mira")

    first = reader.get("/decisions", limit=1)
    second = reader.get("/decisions", limit=1, cursor=first["next"])

    (logs,), (availability,) = first["items"], second["items"]
    assert (logs["subject"], logs["verdict"]) == ("central-logs", "deviating")
    (each,) = logs["against"]
    assert each["text"]["code"] == "logs.kind-elsewhere"
    assert each["page"] == "/clauses/logs/log-kind/%E7%9B%A3%E6%9F%BB%E3%83%AD%E3%82%B0"
    assert (availability["subject"], availability["against"], second["next"]) == (None, [], None)
