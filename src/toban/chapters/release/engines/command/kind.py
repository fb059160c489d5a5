"""What a team deploys with already: `kind = "command"`."""

from collections.abc import Iterator, Sequence

from toban.chapters.release.engine import DeployEngine, DeployFailed, DeploySite, EngineKind
from toban.chapters.release.engines.command.config import CommandDeployment
from toban.engine.trial import Doubt


def _open(config: CommandDeployment, site: DeploySite) -> DeployEngine:
    # Imported late: it asks the state database, which reading the bindings must not need.
    from toban.chapters.release.engines.command.engine import CommandEngine  # noqa: PLC0415

    return CommandEngine(config, site)


def _doubts(config: CommandDeployment, site: DeploySite) -> Iterator[Doubt]:
    from toban.engine.runs.commands.programs import unusable  # noqa: PLC0415

    folder = config.folder or site.folder
    programs = dict.fromkeys(each[0] for each in (config.deploy, config.go_back, config.serving) if each)
    found = [doubt for program in programs for doubt in unusable(program, folder)]
    yield from found
    if not found:
        try:
            _open(config, site).serving()
        except DeployFailed as error:
            yield error.doubt


def _bound(config: CommandDeployment) -> Sequence[str]:
    return (" ".join(config.deploy),)


KIND = EngineKind(CommandDeployment, _open, _doubts, _bound)
