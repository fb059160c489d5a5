"""Every value that is compared with the setting of a system. Adding one touches this list. Pure."""

from collections.abc import Mapping
from typing import Any

from toban.design.clauses.backup import BackupPolicy
from toban.design.clauses.batch import Batch
from toban.design.clauses.capacity import ResourceUsage
from toban.design.clauses.cost import Budget
from toban.design.clauses.logs import LogKind
from toban.design.stated import amounts, schedules
from toban.design.stated.value import StatedValue
from toban.design.values.duration import Generations, Retention, read_generations, read_retention
from toban.design.values.money import Money, read_money
from toban.design.values.quantity import Quantity, read_quantity

LOG_RETENTION = StatedValue[Retention](
    name="log-retention",
    kind=LogKind,
    of=lambda row: row.retention,
    read=read_retention,
    said=amounts.said_retention,
    is_same=amounts.same_retention,
    words=amounts.retention_words,
)
BACKUP_RETENTION = StatedValue[Retention](
    name="backup-retention",
    kind=BackupPolicy,
    of=lambda row: row.retention,
    read=read_retention,
    said=amounts.said_retention,
    is_same=amounts.same_retention,
    words=amounts.retention_words,
)
BACKUP_GENERATIONS = StatedValue[Generations](
    name="backup-generations",
    kind=BackupPolicy,
    of=lambda row: row.generations,
    read=read_generations,
    said=amounts.said_generations,
    is_same=amounts.same_generations,
    words=amounts.generation_words,
)
RESOURCE_LIMIT = StatedValue[Quantity](
    name="resource-limit",
    kind=ResourceUsage,
    of=lambda row: row.limit,
    read=read_quantity,
    said=amounts.said_quantity,
    is_same=amounts.same_quantity,
    words=amounts.quantity_words,
)
BATCH_SCHEDULE = StatedValue[schedules.Schedules](
    name="batch-schedule",
    kind=Batch,
    of=lambda row: row.schedule.each if row.schedule.is_timed else None,
    read=schedules.read_cron_line,
    said=schedules.said_times,
    is_same=schedules.same_times,
    words=schedules.schedule_words,
)
MONTHLY_BUDGET = StatedValue[Money](
    name="monthly-budget",
    kind=Budget,
    of=lambda row: row.monthly,
    read=read_money,
    said=amounts.said_money,
    is_same=amounts.same_money,
    words=amounts.money_words,
)

STATED: Mapping[str, StatedValue[Any]] = {
    each.name: each
    for each in (
        LOG_RETENTION,
        BACKUP_RETENTION,
        BACKUP_GENERATIONS,
        RESOURCE_LIMIT,
        BATCH_SCHEDULE,
        MONTHLY_BUDGET,
    )
}
"""By name."""
