"""`kind = "invoices"`: a period's invoices, a PDF for each customer, numbered without gaps."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from toban.design.values.schedule import Cadence
from toban.engine.runs.kinds import NotBindable, Site, WorkKind
from toban.engine.runs.parameters import Parameter
from toban.engine.runs.work import RunTurn, Step
from toban.engine.trial import Doubt
from toban.message import Message
from toban_invoices import rows
from toban_invoices.config import InvoiceBatch


def steps(config: InvoiceBatch, site: Site) -> tuple[Step, ...]:
    """Return the steps: number, render, record."""
    if site.batch.schedule.cadence is Cadence.INTERVAL:
        raise NotBindable(Message("invoices.schedule-has-no-closing", schedule=site.batch.schedule.text))
    for key, name in (("logo", config.issuer.logo), ("seal", config.issuer.seal)):
        if name and not _file(site, name).is_file():
            setting = f'{key} = "{name}"'
            raise NotBindable(Message("invoices.no-such-picture", file=site.bindings.file, setting=setting))
    return tuple(Step(name, _later(name, config, site)) for name in ("number", "render", "record"))


def _file(site: Site, name: str) -> Path:
    return site.folder / name


def _later(name: str, config: InvoiceBatch, site: Site) -> Callable[[RunTurn], object]:
    def act(turn: RunTurn) -> object:
        # Its tables need Django, which code that only reads the bindings does without.
        from toban_invoices.service import STEPS, Billing  # noqa: PLC0415

        return STEPS[name](Billing(config, site), turn)

    return act


def doubts(config: InvoiceBatch, site: Site) -> Iterator[Doubt]:
    """Check the columns of the query in the database, the font and the folder."""
    # A database driver and the PDF library: code that only reads the bindings need not wait for them.
    from toban.chapters.batch.database import SqlQuestion  # noqa: PLC0415
    from toban.engine import paper  # noqa: PLC0415

    question = SqlQuestion(config.dsn, config.query, site.bindings.system.zone, config.query_timeout, 1)
    troubles = list(question.doubts())
    yield from troubles
    if not troubles and (complaint := rows.column_complaint(question.columns())):
        yield complaint, Message("invoices.name-columns-with-as")
    try:
        paper.font()
    except paper.NoFont as error:
        yield error.why, error.HINT
    folder = _file(site, config.folder)
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield Message("invoices.folder-is-not-writable", folder=there), Message("invoices.choose-a-folder")


PARAMETERS = (Parameter("month", Message("invoices.parameter-month"), "2026-11"),)
KIND = WorkKind(InvoiceBatch, steps, doubts=doubts, parameters=PARAMETERS)
