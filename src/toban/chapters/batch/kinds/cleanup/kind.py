"""`kind = "cleanup"`: removes log files that the document no longer wants kept."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from toban.chapters.batch.kinds.cleanup import files
from toban.chapters.batch.kinds.cleanup.config import CleanupBatch, Orders
from toban.chapters.batch.kinds.cleanup.patterns import BadPattern, Pattern, read_pattern
from toban.chapters.batch.kinds.cleanup.rules import RetentionLimit, read_room
from toban.design.clauses.logs import LogKind
from toban.engine.runs.kinds import NotBindable, Site, WorkKind
from toban.engine.runs.parameters import Parameter
from toban.engine.runs.work import RunTurn, Step
from toban.engine.trial import Doubt
from toban.message import Message, message_of, plain


def steps(config: CleanupBatch, site: Site) -> tuple[Step, ...]:
    """Return the steps: find, remove, room."""
    patterns, limits = _patterns(config, site), _limits(config, site)
    archive = site.folder / config.archive if config.archive else None
    if archive is not None and (inside := _around(archive, patterns)):
        raise NotBindable(Message("batch.archive-is-inside", archive=archive, folder=inside))
    orders = Orders(site, patterns, limits, archive, read_room(config.free_at_least))
    return tuple(Step(name, _later(name, orders)) for name in ("find", "remove", "room"))


def _later(name: str, orders: Orders) -> Callable[[RunTurn], object]:
    def act(turn: RunTurn) -> object:
        # Imported late: the evidence needs Django, which reading the bindings does not.
        from toban.chapters.batch.kinds.cleanup.service import STEPS  # noqa: PLC0415

        return STEPS[name](orders, turn)

    return act


def _patterns(config: CleanupBatch, site: Site) -> dict[str, tuple[Pattern, ...]]:
    try:
        return {
            name: tuple(read_pattern(each, site.folder) for each in written)
            for name, written in config.paths.items()
        }
    except BadPattern as error:
        reason = Message("batch.paths-are-wrong", file=site.bindings.file, reason=message_of(error))
        raise NotBindable(reason) from error


def _limits(config: CleanupBatch, site: Site) -> dict[str, RetentionLimit]:
    rows = list(site.design.of(LogKind))
    found = {
        name: RetentionLimit(name, tuple(row for row in rows if row.name == name)) for name in config.paths
    }
    unknown = [name for name, limit in found.items() if not limit.rows]
    if unknown:
        known = tuple(dict.fromkeys(row.name for row in rows)) or Message("batch.none-yet")
        raise NotBindable(Message("batch.kind-of-log-is-unknown", name=unknown[0], known=known))
    silent = [row for limit in found.values() for row in limit.rows if row.retention is None]
    if silent:
        row = silent[0]
        raise NotBindable(Message("batch.row-has-no-retention", citation=row.origin, name=row.name))
    return found


def _around(archive: Path, patterns: dict[str, tuple[Pattern, ...]]) -> Path | None:
    folders = (each.folder for several in patterns.values() for each in several)
    return next((folder for folder in folders if archive.resolve().is_relative_to(folder.resolve())), None)


def doubts(config: CleanupBatch, site: Site) -> Iterator[Doubt]:
    """Yield which folders can't be read or cleared, and which patterns match nothing now."""
    for name, several in _patterns(config, site).items():
        for pattern in several:
            hint = Message("batch.check-place-of-files", name=name)
            try:
                found = next(files.find(pattern), None)
            except OSError as error:
                yield (plain(f"{error.filename or pattern.folder}: {error.strerror}"), hint)
                continue
            if not os.access(pattern.folder, os.W_OK | os.X_OK):
                yield (Message("batch.may-not-remove-files", folder=pattern.folder), hint)
            elif found is None:
                yield (Message("batch.pattern-matches-nothing", pattern=pattern.written), hint)


PARAMETERS = (Parameter("dry_run", Message("batch.parameter-dry-run"), "yes"),)
KIND = WorkKind(CleanupBatch, steps, doubts=doubts, parameters=PARAMETERS)
