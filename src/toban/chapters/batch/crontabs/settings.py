"""When cron starts the batches of the document, beside what their rows say. See `COMPARED_SETTINGS`."""

from collections.abc import Iterator
from functools import partial

from toban.chapters.batch.crontabs.bindings import CRONTABS
from toban.chapters.batch.crontabs.reading import CrontabUnknown, ReadCrontab, fields_of
from toban.design.clauses.batch import Batch
from toban.design.stated.schedules import cron_line
from toban.design.stated.values import BATCH_SCHEDULE
from toban.engine.drift.setting import ComparedSetting, SettingUnknown
from toban.engine.editions.edition import Edition
from toban.engine.runs.kinds import key_of
from toban.engine.trial import Doubt, Trial, TrialCode, place_of
from toban.message import Message, message_of


def settings(edition: Edition) -> Iterator[ComparedSetting]:
    """Yield the line of every bound crontab that may start a batch of the document."""
    zone = edition.bindings.system.timezone
    for name, config in CRONTABS.of(edition.bindings).items():
        crontab = ReadCrontab(name, config)
        for batch in edition.design.of(Batch):
            yield ComparedSetting(
                row=batch,
                value=BATCH_SCHEDULE,
                place=Message("batch.crontab-of", name=name, place=crontab.place),
                look=partial(_line, crontab, batch, zone),
            )


def trials(edition: Edition) -> Iterator[Trial]:
    """Yield a trial of every bound crontab: it can be read, and its named lines are there."""
    for name, config in CRONTABS.of(edition.bindings).items():
        yield Trial(
            TrialCode.BATCH,
            Message("batch.crontab-named", name=name),
            place_of(edition.bindings, "crontabs", name),
            f"[crontabs.{name}]",
            partial(_doubts, ReadCrontab(name, config), edition.design.of(Batch)),
            Message("batch.check-the-crontab"),
        )


def _doubts(crontab: ReadCrontab, batches: tuple[Batch, ...]) -> Iterator[Doubt]:
    known = {key_of(each) for each in batches}
    for key in crontab.config.jobs:
        if key not in known:
            named, reason = Message("batch.named", key=key), Message("batch.no-such-row")
            yield Message("batch.of-batch", batch=named, reason=reason)
    said = set[str]()
    for batch in batches:
        try:
            crontab.job_of(batch)
        except CrontabUnknown as unknown:
            # A crontab that can't be read is said once.
            if (why := message_of(unknown)) and str(why) not in said:
                said.add(str(why))
                yield why


def _line(crontab: ReadCrontab, batch: Batch, zone: str) -> str | None:
    try:
        job = crontab.job_of(batch)
        if job is None:
            return None
        fields = fields_of(job)
    except CrontabUnknown as unknown:
        raise SettingUnknown(message_of(unknown)) from unknown
    own = job.zone or crontab.config.timezone or zone
    return cron_line(fields, "" if own == zone else own)
