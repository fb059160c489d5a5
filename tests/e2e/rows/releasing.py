"""What people order about releases by `toban`, and what they wait for."""

import json
from collections.abc import Mapping
from typing import Any

from tests.e2e.rows.looking import rows
from tests.e2e.running import Toban, wait_for
from tests.integration.chapters.release.shop import PRODUCTION

_WITHIN = 180.0


def said(toban: Toban, *command: str) -> str:
    done = toban.run(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def serving(toban: Toban, environment: str) -> str:
    found: dict[str, Any] = json.loads(said(toban, "release", "status", "--format", "json"))
    return str(found["serving"][environment])


def await_version(toban: Toban, environment: str, version: str) -> None:
    wait_for(lambda: serving(toban, environment) == version, within=_WITHIN)


def await_verdicts(toban: Toban, wanted: Mapping[int, str]) -> None:
    """Wait until the row on each line has its verdict."""

    def found() -> dict[int, str]:
        shown = rows(toban)
        return {line: shown[line]["verdict"] for line in wanted}

    wait_for(lambda: found() == wanted, within=_WITHIN, lacks=found)


def release(toban: Toban, version: str, cause: str) -> None:
    """Have kai order it and admin approve it, once its artefact is there to be approved."""
    start = ("release", "start", PRODUCTION, "--version", version, "--for", cause, "--as", "kai", "--yes")
    said(toban, *start)
    newest = json.loads(said(toban, "release", "status", "--format", "json"))["releases"][0]
    approve = ("release", "approve", str(newest["release"]), "--as", "admin", "--yes")
    wait_for(lambda: toban.run(*approve).returncode == 0, within=60, lacks=lambda: toban.run(*approve).stderr)
    await_version(toban, PRODUCTION, version)


def _looks_at(toban: Toban, environment: str) -> list[dict[str, Any]]:
    """Return the tasks of kai to look at what serves there."""
    listed = json.loads(said(toban, "tasks", "list", "--as", "kai", "--format", "json"))
    return [each for each in listed if each["work"] == f"check/{environment}"]


def look(toban: Toban, environment: str) -> None:
    """Have kai sign off the look at what serves there."""
    (task,) = wait_for(lambda: _looks_at(toban, environment), within=60)
    said(toban, "tasks", "sign", str(task["task"]), "--shown", task["shown"], "--as", "kai")
