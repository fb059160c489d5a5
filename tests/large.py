"""A document of many monitors, for tests and benchmarks of what many rows do."""

HEAD = """# 運用設計書
## 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
"""


def document_of(rows: int) -> str:
    """Return a document with *rows* monitors, each of a target of its own."""
    return HEAD + "".join(
        f"| host-{each:04} | CPU使用率 | 0-60% | 70% | 85% | 1分 |\n" for each in range(rows)
    )


def clauses_of(rows: int) -> list[str]:
    """Return the ids of its monitors, in their order."""
    return [f"monitoring/monitor/host-{each:04}/CPU使用率" for each in range(rows)]
