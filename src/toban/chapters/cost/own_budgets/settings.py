"""What AWS Budgets has been told, beside the budgets of the rows. See `COMPARED_SETTINGS`.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_DescribeBudget.html
"""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from functools import partial

from toban.chapters.cost.own_budgets.bindings import AWS_BUDGETS, AwsBudgetBinding
from toban.design.clauses.cost import Budget
from toban.design.stated.values import MONTHLY_BUDGET
from toban.design.values.money import Money
from toban.engine.bindings import toml
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.drift.setting import ComparedSetting, SettingUnknown
from toban.engine.editions.edition import Edition
from toban.engine.trial import Doubt, Trial, TrialCode, place_of
from toban.message import Message, message_of

_TIMEOUT = 10.0
_ATTEMPTS = 3


def settings(edition: Edition) -> Iterator[ComparedSetting]:
    """Yield the bound budget of each row."""
    bound = AWS_BUDGETS.of(edition.bindings)
    for row in edition.design.of(Budget):
        config = bound.get(row.item)
        if config is not None:
            yield ComparedSetting(
                row=row,
                value=MONTHLY_BUDGET,
                place=Message("cost.aws-budget", budget=config.budget, account=config.account),
                look=partial(_amount, config, row.monthly),
            )


def trials(edition: Edition) -> Iterator[Trial]:
    """Yield a trial of every bound budget."""
    for name, config in AWS_BUDGETS.of(edition.bindings).items():
        yield Trial(
            TrialCode.BILL,
            Message("cost.aws-budget-named", name=name),
            place_of(edition.bindings, "aws_budgets", name),
            f"[aws_budgets.{toml.key(name)}]",
            partial(_doubts, config),
            Message("cost.check-aws-budget"),
        )


def _doubts(config: AwsBudgetBinding) -> Iterator[Doubt]:
    try:
        _limit(config)
    except SettingUnknown as unknown:
        yield message_of(unknown)


def _amount(config: AwsBudgetBinding, stated: Money | None) -> str:
    limit = _limit(config)
    if stated is not None and limit.currency != stated.currency:
        said = Message("cost.budget-in-another-currency", real=str(limit), stated=str(stated))
        raise SettingUnknown(said)
    return str(limit)


def _limit(config: AwsBudgetBinding) -> Money:
    # This loads AWS's library, which code that only reads the bindings need not wait for.
    from toban.engine import aws  # noqa: PLC0415

    try:
        client = aws.client("budgets", config, read_timeout=_TIMEOUT, attempts=_ATTEMPTS)
        with closing(client):
            found = client.describe_budget(AccountId=config.account, BudgetName=config.budget)["Budget"]
    except SecretUnavailable as missing:
        raise SettingUnknown(message_of(missing)) from missing
    except aws.FAULTS as error:
        raise SettingUnknown(aws.fault_of(error, "AWS Budgets").words) from error
    if found.get("TimeUnit") != "MONTHLY" or "BudgetLimit" not in found:
        raise SettingUnknown(Message("cost.no-monthly-budget", budget=config.budget))
    limit = found["BudgetLimit"]
    return Money(Decimal(limit["Amount"]), limit["Unit"])
