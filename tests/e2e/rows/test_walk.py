"""The README's walk through chapter 5 on the real `toban up`: what the rows say after each part of it."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e.rows.looking import rows
from tests.e2e.running import SHOP, Toban, enterable_folder, wait_for
from tests.integration.chapters.release.git_host import GIT
from tests.integration.chapters.release.shop import PRODUCTION, STAGING

pytestmark = pytest.mark.slow

FLOW, DEVELOPMENT, TO_STAGING, TO_PRODUCTION, PATCH, BACK = 124, 136, 137, 138, 144, 147
_WITHIN = 180.0


@pytest.fixture
def demo() -> Iterator[Toban]:
    """The demo with its own bindings and an empty home."""
    with enterable_folder() as folder:
        running = Toban(folder / "home", SHOP / "toban.toml")
        try:
            running.start()
            yield running
        finally:
            running.leave()


def said(demo: Toban, *command: str) -> str:
    done = demo.run(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def serving(demo: Toban, environment: str) -> str:
    found: dict[str, Any] = json.loads(said(demo, "release", "status", "--format", "json"))
    return str(found["serving"][environment])


def await_version(demo: Toban, environment: str, version: str) -> None:
    wait_for(lambda: serving(demo, environment) == version, within=_WITHIN)


def await_verdicts(demo: Toban, **wanted: str) -> None:
    """Wait until each row, by its name above, has its verdict."""
    lines = {globals()[name]: verdict for name, verdict in wanted.items()}
    wait_for(lambda: {line: rows(demo)[line]["verdict"] for line in lines} == lines, within=_WITHIN)


def branch(demo: Toban, *arguments: str) -> None:
    repository = demo.home / "webshop" / "git" / "shop.git"
    subprocess.run([GIT, "-C", str(repository), "branch", *arguments], check=True)


def release(demo: Toban, version: str, cause: str) -> None:
    """Have kai order it and admin approve it, once its artefact is there to be approved."""
    start = ("release", "start", PRODUCTION, "--version", version, "--for", cause, "--as", "kai", "--yes")
    said(demo, *start)
    newest = json.loads(said(demo, "release", "status", "--format", "json"))["releases"][0]
    approve = ("release", "approve", str(newest["release"]), "--as", "admin", "--yes")
    wait_for(lambda: demo.run(*approve).returncode == 0, within=60)
    await_version(demo, PRODUCTION, version)


def looks_at(demo: Toban, environment: str) -> list[dict[str, Any]]:
    """Return the tasks of kai to look at what serves there."""
    listed = json.loads(said(demo, "tasks", "list", "--as", "kai", "--format", "json"))
    return [each for each in listed if each["work"] == f"check/{environment}"]


def test_the_walk_of_the_readme_is_seen_in_the_rows(demo: Toban) -> None:
    for environment in ("開発環境", STAGING, PRODUCTION):
        await_version(demo, environment, "v1.0.0")

    branch(demo, "release/1.1", "v1.1.0")
    said(demo, "account", "kai")
    await_version(demo, STAGING, "v1.1.0")
    await_verdicts(demo, TO_STAGING="conforming")
    (task,) = wait_for(lambda: looks_at(demo, STAGING), within=60)
    said(demo, "tasks", "sign", str(task["task"]), "--shown", task["shown"], "--as", "kai")
    release(demo, "v1.1.0", "障害 #1 おすすめが出ない")
    await_verdicts(demo, FLOW="conforming", TO_PRODUCTION="conforming", PATCH="conforming")

    branch(demo, "release/1.2", "v1.2.0")
    await_version(demo, STAGING, "v1.2.0")
    release(demo, "v1.2.0", "障害 #2 来店が数えられない")
    # Nobody has signed the look at it.
    await_verdicts(demo, FLOW="deviating")
    await_version(demo, PRODUCTION, "v1.1.0")
    await_verdicts(demo, BACK="conforming")

    said(demo, "release", "rollback", PRODUCTION, "--reason", "練習", "--as", "admin", "--yes", "--follow")
    assert serving(demo, PRODUCTION) == "v1.0.0"
    await_verdicts(demo, BACK="conforming")

    branch(demo, "--force", "main", "v1.1.0")
    await_version(demo, "開発環境", "v1.1.0")
    await_verdicts(demo, DEVELOPMENT="conforming")
