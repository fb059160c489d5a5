"""`kind = "statistics"`: figures of each day, from a database and from what Toban measured."""

from collections.abc import Iterator

from toban.chapters.batch.kinds.statistics.config import StatisticsBatch
from toban.engine.runs.kinds import NotBindable, Site, WorkKind
from toban.engine.runs.parameters import Parameter
from toban.engine.runs.work import RunTurn, Step
from toban.engine.trial import Doubt
from toban.message import Message


def steps(config: StatisticsBatch, site: Site) -> tuple[Step, ...]:
    """Return the one step; repeating it gives the same figures."""
    unknown = [each.target for each in config.measured if each.target not in site.bindings.targets]
    if unknown:
        known = tuple(site.bindings.targets) or Message("batch.none-yet")
        file = site.bindings.file
        raise NotBindable(Message("batch.target-is-unknown", name=unknown[0], file=file, known=known))

    names = [each.name for each in config.measured]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise NotBindable(Message("batch.figure-is-named-twice", file=site.bindings.file, name=twice[0]))

    def add_up(turn: RunTurn) -> object:
        # Imported late: its table needs Django, which reading the bindings does not.
        from toban.chapters.batch.kinds.statistics.service import add_up  # noqa: PLC0415

        return add_up(config, site, turn)

    return (Step("add-up", add_up),)


def doubts(config: StatisticsBatch, site: Site) -> Iterator[Doubt]:
    """Have the database plan the query for today, if there is one."""
    if config.dsn is None:
        return
    # Imported late: it loads the database driver, which reading the bindings does not need.
    from toban.chapters.batch.database import SqlQuestion  # noqa: PLC0415

    zone = site.bindings.system.zone
    yield from SqlQuestion(config.dsn, config.query, zone, config.query_timeout, 1).doubts()


PARAMETERS = (
    Parameter("date", Message("batch.parameter-date"), "2026-11-24"),
    Parameter("from", Message("batch.parameter-from"), "2026-11-01"),
    Parameter("to", Message("batch.parameter-to"), "2026-11-20"),
)
KIND = WorkKind(StatisticsBatch, steps, doubts=doubts, parameters=PARAMETERS)
