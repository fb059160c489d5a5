"""Chapter 3: the kinds of log against the levels that production writes, and against one place for all."""

import re
from collections.abc import Iterator

from toban.design.clauses.decisions import Decision, elsewhere
from toban.design.clauses.logs import LogKind, LogLevel
from toban.design.finding import FindingLevel
from toban.design.lint.rule import Inspection, Remark, rule
from toban.design.lint.wording import cite
from toban.message import Message

# 全レベル（DEBUGを除く）: the level is named because it is not kept.
_LEFT_OUT = re.compile(
    r"(?i)除[くいき外]|以外|含ま(?:ない|ず)|(?:出力|記録|保存)(?:しない|せず)|except|exclud|without|not "
)


@rule("LG001", FindingLevel.ERROR)
def silenced_level_is_to_be_kept(on: Inspection) -> Iterator[Remark]:
    """A kind of log requires a level that production does not write: there is nothing to keep."""
    silenced = [(level, _word(level.name)) for level in on.of(LogLevel) if level.in_production is False]
    for kind in on.of(LogKind):
        if kind.retention is None:
            continue
        for level, word in silenced:
            said = f"{kind.name} {kind.content}"
            if word.search(said) and not _LEFT_OUT.search(said):
                yield Remark.on(
                    kind,
                    Message(
                        "design.silenced-level-is-kept", log=kind.name, level=level.name, lines=cite(level)
                    ),
                    Message("design.silenced-level-is-kept-hint", level=level.name),
                )


@rule("LG002", FindingLevel.WARNING)
def logs_go_elsewhere_than_decided(on: Inspection) -> Iterator[Remark]:
    """A design decision wants all logs in one place, and the log chapter sends some to another."""
    for decision in on.of(Decision):
        if away := elsewhere(decision, on.of(LogKind)):
            yield Remark.on(
                decision,
                Message(
                    "design.logs-go-elsewhere",
                    place=decision.place,
                    lines=cite(*away),
                    logs=[row.name for row in away],
                ),
                Message("design.logs-go-elsewhere-hint"),
            )


def _word(name: str) -> re.Pattern[str]:
    # Not \b: Japanese letters next to the level's name count as word characters.
    return re.compile(rf"(?i)(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])")
