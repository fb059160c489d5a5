"""A system with incidents, and people with accounts, for the commands."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from tests.integration.chapters.incident.place import Place
from tests.registered import PARTS

from toban.engine.clock import system_clock
from toban.engine.people.models import Operator, OperatorRole
from toban.faces.cli.incident import figures, incident, measures, report, timeline

type Run = Callable[..., Result]


@pytest.fixture
def kept(db: None, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A document in force for every command, managers nami and ren, and mira, who only looks."""
    for name in ("nami", "ren"):
        Operator.objects.create_user(name, operator_role=OperatorRole.MANAGER)
    Operator.objects.create_user("mira", operator_role=OperatorRole.VIEWER)
    made = Place(now=system_clock() - timedelta(minutes=10))
    for module in (figures, incident, measures, report, timeline):
        if hasattr(module, "edition_of"):
            monkeypatch.setattr(module, "edition_of", lambda _parts: made.edition)
    return made


@pytest.fixture
def toban() -> Run:
    """Run `toban incident` with words."""

    def run(*words: str, status: int = 0) -> Result:
        result = CliRunner().invoke(incident.command, words, obj=PARTS)
        assert result.exit_code == status, f"{result.output}\n{result.exception!r}"
        return result

    return run
