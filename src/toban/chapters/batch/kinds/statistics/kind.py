"""`kind = "statistics"`: figures of each day, from a database and from what Toban measured."""

from collections.abc import Iterator

from toban.chapters.batch.kinds.statistics.config import StatisticsBatch
from toban.engine.runs.kinds import NotBindable, Site, WorkKind
from toban.engine.runs.parameters import Parameter
from toban.engine.runs.work import RunTurn, Step


def steps(config: StatisticsBatch, site: Site) -> tuple[Step, ...]:
    """Return the one step; repeating it gives the same figures."""
    unknown = [each.target for each in config.measured if each.target not in site.bindings.targets]
    if unknown:
        known = "、".join(site.bindings.targets) or "まだありません"
        raise NotBindable(
            f"measured の「{unknown[0]}」という対象が {site.bindings.file} にありません。あるのは {known}"
        )

    names = [each.name for each in config.measured]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise NotBindable(f"{site.bindings.file} の measured に、名前「{twice[0]}」の数が二つあります")

    def add_up(turn: RunTurn) -> object:
        # Imported late: its table needs Django, which reading the bindings does not.
        from toban.chapters.batch.kinds.statistics.service import add_up  # noqa: PLC0415

        return add_up(config, site, turn)

    return (Step("add-up", add_up),)


def doubts(config: StatisticsBatch, site: Site) -> Iterator[str]:
    """Have the database plan the query for today, if there is one."""
    if config.dsn is None:
        return
    # Imported late: it loads the database driver, which reading the bindings does not need.
    from toban.chapters.batch.database import SqlQuestion  # noqa: PLC0415

    zone = site.bindings.system.zone
    yield from SqlQuestion(config.dsn, config.query, zone, config.query_timeout, 1).doubts()


PARAMETERS = (
    Parameter("date", "集計し直す日", "the day to add up", "2026-11-24"),
    Parameter("from", "この日から集計し直す", "add up from this day on", "2026-11-01"),
    Parameter(
        "to",
        "この日まで。なければ、終わった最後の日まで",
        "up to this day, or the last whole one",
        "2026-11-20",
    ),
)
KIND = WorkKind(StatisticsBatch, steps, doubts=doubts, parameters=PARAMETERS)
