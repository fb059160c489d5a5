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


def steps(config: CleanupBatch, site: Site) -> tuple[Step, ...]:
    """Return the steps: find, remove, room."""
    patterns, limits = _patterns(config, site), _limits(config, site)
    archive = site.folder / config.archive if config.archive else None
    if archive is not None and (inside := _around(archive, patterns)):
        raise NotBindable(
            f"archive の {archive} は、片付ける {inside} の中にあります: 外の場所にしてください"
        )
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
        raise NotBindable(f"{site.bindings.file} の paths: {error}") from error


def _limits(config: CleanupBatch, site: Site) -> dict[str, RetentionLimit]:
    rows = list(site.design.of(LogKind))
    found = {
        name: RetentionLimit(name, tuple(row for row in rows if row.name == name)) for name in config.paths
    }
    unknown = [name for name, limit in found.items() if not limit.rows]
    if unknown:
        known = "、".join(dict.fromkeys(row.name for row in rows)) or "まだありません"
        raise NotBindable(f"paths の「{unknown[0]}」というログ種別が文書にありません。あるのは {known}")
    silent = [row for limit in found.values() for row in limit.rows if row.retention is None]
    if silent:
        raise NotBindable(
            f"{silent[0].origin} の「{silent[0].name}」に保存期間がありません: 文書に書いてください"
        )
    return found


def _around(archive: Path, patterns: dict[str, tuple[Pattern, ...]]) -> Path | None:
    folders = (each.folder for several in patterns.values() for each in several)
    return next((folder for folder in folders if archive.resolve().is_relative_to(folder.resolve())), None)


def doubts(config: CleanupBatch, site: Site) -> Iterator[str]:
    """Yield which folders can't be read or cleared, and which patterns match nothing now."""
    for name, several in _patterns(config, site).items():
        for pattern in several:
            hint = f"HINT: {name} のファイルの場所を確かめてください"
            try:
                found = next(files.find(pattern), None)
            except OSError as error:
                yield f"{error.filename or pattern.folder}: {error.strerror}\n{hint}"
                continue
            if not os.access(pattern.folder, os.W_OK | os.X_OK):
                yield f"{pattern.folder} のファイルを消す権限がありません\n{hint}"
            elif found is None:
                yield f"「{pattern.written}」に当たるファイルがいまは一つもありません\n{hint}"


PARAMETERS = (
    Parameter("dry_run", "yes なら、片付けずに挙げるだけ", '"yes": list the files, remove none', "yes"),
)
KIND = WorkKind(CleanupBatch, steps, doubts=doubts, parameters=PARAMETERS)
