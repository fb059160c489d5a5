"""The budget that AWS Budgets (simulated by moto's server) has been told, beside that of the row."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.integration.moto import moto_server
from tests.registered import PARTS

from toban.chapters.cost.operation import OPERATION
from toban.chapters.cost.own_budgets.settings import settings, trials
from toban.design.reader import read_design
from toban.design.stated.value import TimeReckoning
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.drift.setting import ComparedSetting, SettingUnknown, reckoning_of
from toban.engine.editions.edition import Edition

ACCOUNT = "123456789012"
DOCUMENT = """# 運用設計書
## 11. コスト管理
### コスト監視
| 項目 | 月額予算 | アラートしきい値 | 確認頻度 |
|---|---|---|---|
| EC2 | $2,000 | $2,200 | 日次 |
| RDS | ¥150,000 | ¥165,000 | 日次 |
"""


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto_server(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture
def aws(moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATOBANTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-tests")
    client = boto3.client("budgets", region_name="us-east-1", endpoint_url=moto)
    yield client
    for each in client.describe_budgets(AccountId=ACCOUNT).get("Budgets", ()):
        client.delete_budget(AccountId=ACCOUNT, BudgetName=each["BudgetName"])


def told(client: Any, name: str, amount: str, unit: str = "USD", time: str = "MONTHLY") -> None:
    limit = {"Amount": amount, "Unit": unit}
    budget = {"BudgetName": name, "BudgetLimit": limit, "TimeUnit": time, "BudgetType": "COST"}
    client.create_budget(AccountId=ACCOUNT, Budget=budget)


def edition(moto: str, item: str = "EC2") -> Edition:
    text = f"""
[aws_budgets.{item}]
region = "us-east-1"
endpoint_url = "{moto}"
account = "{ACCOUNT}"
budget = "shop"
"""
    bindings = read_bindings(text, Path("toban.toml"), PARTS.schema)
    return Edition(read_design(DOCUMENT, "x.md"), bindings, PARTS.kinds)


def only(found: Edition) -> ComparedSetting:
    (setting,) = settings(found)
    return setting


def is_same(setting: ComparedSetting, reckoning: TimeReckoning) -> bool:
    real = setting.value.read(setting.look() or "")
    assert real is not None
    return setting.value.is_same(setting.stated, real, reckoning)


def test_the_same_amount_is_the_same(moto: str, aws: Any) -> None:
    told(aws, "shop", "2000.0")
    found = edition(moto)

    assert is_same(only(found), reckoning_of(found))
    assert [each for trial in trials(found) for each in trial.doubts()] == []


def test_another_amount_is_another(moto: str, aws: Any) -> None:
    told(aws, "shop", "2500.5")
    found = edition(moto)

    assert only(found).look() == "$2,500.5"
    assert not is_same(only(found), reckoning_of(found))


def test_another_currency_is_unknown_and_not_converted(moto: str, aws: Any) -> None:
    told(aws, "shop", "1000")

    with pytest.raises(SettingUnknown, match=r"\$1,000"):
        only(edition(moto, "RDS")).look()


def test_a_budget_of_a_year_is_no_monthly_one(moto: str, aws: Any) -> None:
    told(aws, "shop", "24000", time="ANNUALLY")

    with pytest.raises(SettingUnknown, match="shop"):
        only(edition(moto)).look()


def test_a_budget_that_is_not_there_is_unknown_and_a_finding(moto: str, aws: Any) -> None:
    found = edition(moto)

    with pytest.raises(SettingUnknown):
        only(found).look()
    assert [each for trial in OPERATION.trials(found, system_clock()) for each in trial.doubts()]
