"""The README's walk through chapter 5 on the real `toban up`: what the rows say after each part of it."""

import subprocess
from collections.abc import Iterator

import pytest
from tests.e2e.rows.releasing import await_verdicts, await_version, look, release, said, serving
from tests.e2e.running import SHOP, Toban, enterable_folder
from tests.integration.chapters.release.git_host import GIT
from tests.integration.chapters.release.shop import PRODUCTION, STAGING

pytestmark = pytest.mark.slow

FLOW, DEVELOPMENT, TO_STAGING, TO_PRODUCTION, PATCH, BACK = 129, 141, 142, 143, 149, 152


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


def branch(demo: Toban, *arguments: str) -> None:
    repository = demo.home / "webshop" / "git" / "shop.git"
    subprocess.run([GIT, "-C", str(repository), "branch", *arguments], check=True)


def test_the_walk_of_the_readme_is_seen_in_the_rows(demo: Toban) -> None:
    for environment in ("開発環境", STAGING, PRODUCTION):
        await_version(demo, environment, "v1.0.0")

    branch(demo, "release/1.1", "v1.1.0")
    said(demo, "account", "kai")
    await_version(demo, STAGING, "v1.1.0")
    await_verdicts(demo, {TO_STAGING: "conforming"})
    look(demo, STAGING)
    release(demo, "v1.1.0", "障害 #1 おすすめが出ない")
    await_verdicts(demo, {FLOW: "conforming", TO_PRODUCTION: "conforming", PATCH: "conforming"})

    branch(demo, "release/1.2", "v1.2.0")
    await_version(demo, STAGING, "v1.2.0")
    release(demo, "v1.2.0", "障害 #2 来店が数えられない")
    # Nobody has signed the look at it.
    await_verdicts(demo, {FLOW: "deviating"})
    await_version(demo, PRODUCTION, "v1.1.0")
    await_verdicts(demo, {BACK: "conforming"})

    said(demo, "release", "rollback", PRODUCTION, "--reason", "練習", "--as", "admin", "--yes", "--follow")
    assert serving(demo, PRODUCTION) == "v1.0.0"
    await_verdicts(demo, {BACK: "conforming"})

    branch(demo, "--force", "main", "v1.1.0")
    await_version(demo, "開発環境", "v1.1.0")
    await_verdicts(demo, {DEVELOPMENT: "conforming"})
