"""A charge belongs to one item at most."""

import pytest

from toban.chapters.cost.charge import ChargeKey
from toban.chapters.cost.spending.items import Items
from toban.design.clauses.cost import Budget
from toban.design.reader import read_design

TABLE = """# 運用設計書
## 11. コスト管理
### コスト監視
| 項目 | 月額予算 | アラートしきい値 |
|------|---------|---------------|
| 合計 | ¥500,000 | ¥550,000 |
| EC2 | ¥1 | ¥2 |
| S3 | ¥1 | ¥2 |
| S3 Glacier | ¥1 | ¥2 |
| データベース | ¥1 | ¥2 |
"""


@pytest.fixture(scope="module")
def budgets() -> tuple[Budget, ...]:
    return tuple(row for row in read_design(TABLE, "d.md").of(Budget) if not row.is_total)


@pytest.mark.parametrize(
    ("service", "item"),
    [
        ("Amazon Elastic Compute Cloud", "EC2"),
        ("AmazonEC2", "EC2"),
        ("Amazon Elastic Compute Cloud - Compute", "EC2"),
        ("EC2 - Other", "EC2"),
        ("Amazon Simple Storage Service", "S3"),
        ("Amazon S3 Glacier", "S3 Glacier"),
        ("Amazon S3 Tables", "S3"),
        ("AmazonS3X", None),
        ("Amazon Relational Database Service", None),
    ],
)
def test_services_belong_to_the_item_of_their_name(
    service: str, item: str | None, budgets: tuple[Budget, ...]
) -> None:
    found = Items(budgets, {}).of(ChargeKey(service))

    assert (found.item if found is not None else None) == item


def test_what_the_bindings_say_replaces_the_name(budgets: tuple[Budget, ...]) -> None:
    items = Items(budgets, {"データベース": ["Amazon Relational Database Service"], "EC2": ["prod"]})

    of = [
        items.of(ChargeKey("amazon relational database service")),
        items.of(ChargeKey("Amazon Elastic Compute Cloud")),
        items.of(ChargeKey("Amazon Elastic Compute Cloud", tag="prod")),
        items.of(ChargeKey("AWS Lambda", account="prod")),
    ]

    assert [each.item if each else None for each in of] == ["データベース", None, "EC2", "EC2"]
