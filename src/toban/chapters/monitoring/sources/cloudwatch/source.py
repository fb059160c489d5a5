"""One AWS resource by its CloudWatch metrics, and what RDS itself says about an instance."""

from collections.abc import Sequence
from datetime import datetime

from toban.chapters.monitoring.source import Measurement, Unmeasurable
from toban.chapters.monitoring.sources.cloudwatch.config import CloudWatchConfig
from toban.chapters.monitoring.sources.cloudwatch.desk import connect, desk_of, withheld
from toban.chapters.monitoring.sources.cloudwatch.values import (
    Answers,
    Database,
    absent,
    asked_for,
    questions,
    readings,
)
from toban.chapters.monitoring.sources.paced import PacedApi, Withheld
from toban.chapters.monitoring.wording import metric_name
from toban.design.values.metric import Metric
from toban.engine import aws
from toban.engine.amounts import length
from toban.message import NOTHING, Message, message_of


class CloudWatchSource:
    """One resource. CloudWatch's newest value is used until the next, for at most `within`.

    If AWS returns nothing, that does not mean the resource is down.
    """

    def __init__(self, config: CloudWatchConfig) -> None:
        self._config = config
        self._database = PacedApi[Database](config.every)
        self._desk = desk_of(config)
        # Before the first query: it then covers all sources together.
        self._desk.want(self, questions(config, None))

    @property
    def instance(self) -> str:
        return self._config.place

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Return the newest values; if some are missing, `Unmeasurable` carries the others."""
        try:
            database, complaint = self._described(now)
            asked = questions(self._config, database)
            self._desk.want(self, asked)
            answers = self._desk.answers(asked, now)
        except Withheld as refusal:
            raise Unmeasurable(self._placed(message_of(refusal))) from refusal
        mine = {question: answers[question] for question in asked}
        found = [
            Measurement(each.metric, self.instance, now, each.value, each.note)
            for each in readings(self._config, mine, database)
        ]
        complaint = complaint or self._complaint(mine, {each.metric for each in found}, database)
        if complaint:
            raise Unmeasurable(self._placed(complaint), found)
        return found

    def close(self) -> None:
        """Stop asking; nothing is open between two queries."""
        self._desk.leave(self)

    def _placed(self, why: Message) -> Message:
        return Message("monitoring.at-place", place=self.instance, said=why)

    def _described(self, now: datetime) -> tuple[Database | None, Message]:
        """Return what RDS says about the instance, or a complaint: the metrics are available without it."""
        if not self._config.rds:
            return None, NOTHING
        try:
            return self._database.read(self._describe, now), NOTHING
        except Withheld as refusal:
            return None, message_of(refusal)

    def _describe(self) -> Database:
        client = connect("rds", self._config)
        try:
            (found,) = client.describe_db_instances(DBInstanceIdentifier=self._config.rds)["DBInstances"]
        except aws.FAULTS as error:
            raise withheld(error, "RDS") from error
        finally:
            client.close()
        grows = str(found["Engine"]).startswith("aurora")
        return Database(
            str(found["DBInstanceStatus"]),
            0 if grows else int(found["AllocatedStorage"]),
            is_replica=bool(found.get("ReadReplicaSourceDBInstanceIdentifier")),
        )

    def _complaint(self, answers: Answers, measured: set[Metric], database: Database | None) -> Message:
        """Return what is wrong with the answers."""
        faults = sorted(f"{asked.name} {series.fault}" for asked, series in answers.items() if series.fault)
        if faults:
            return Message("monitoring.cloudwatch-incomplete", faults=faults)
        missing = asked_for(self._config) - measured - absent(database)
        if not missing:
            return NOTHING
        metrics, span = [metric_name(each) for each in sorted(missing)], length(self._config.within)
        return Message("monitoring.values-missing", service="CloudWatch", span=span, metrics=metrics)
