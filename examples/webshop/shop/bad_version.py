"""A bad version of the front, shipped as the document orders releases, and taken back.

It is made of what serves in production. Only its page of products is broken: it passes its tests, starts, is
healthy, and fails every customer. `kai` orders it and `admin` approves it, as in the demo's first steps.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

PRODUCTION, STAGING = "本番環境", "ステージング環境"
ORDERED_BY, APPROVED_BY = "kai", "admin"
CAUSE = "障害 #0 ゲームデー"
_WITHIN = 120.0
_MESSAGE = "ゲームデー: 棚が開かない版\n\nReviewed-by: 江藤 かい <kai@example.com>\n"
_BROKEN = """

_whole = shelves


def shelves(products):
    # A game day's version: it fails with more products than it is tested with.
    if len(products) > 2:
        raise Broken("game day")
    return _whole(products)
"""


def ship() -> None:
    """Have production serve a bad version."""
    name = f"game-day-{os.environ.get('GAME_DAY_RUN', '0')}"
    # A shop that has just been opened serves what Toban has not looked at yet.
    _until(lambda: bool(_serving(PRODUCTION)), f"{PRODUCTION} serves nothing that Toban knows")
    if _serving(PRODUCTION) == name:
        return
    _make(name, _serving(PRODUCTION))
    _until(lambda: _serving(STAGING) == name, f"{STAGING} does not serve {name}")
    if _planned(name) is None:
        order = ("start", PRODUCTION, "--version", name, "--for", CAUSE, "--as", ORDERED_BY, "--yes")
        _release(*order)
    if (number := _planned(name)) is None:
        raise click.ClickException("the release of the bad version was not planned")
    _release("approve", str(number), "--as", APPROVED_BY, "--yes")
    _until(lambda: _serving(PRODUCTION) == name, f"{PRODUCTION} does not serve {name}")


def take_back() -> None:
    """Have no environment serve a bad version; production may have gone back before."""
    for environment in (PRODUCTION, STAGING):
        if _serving(environment).startswith("game-day-"):
            words = ("--reason", "game day", "--as", APPROVED_BY, "--yes", "--follow")
            _release("rollback", environment, *words)
    for branch in _git("branch", "--list", "--format=%(refname:short)", "release/game-day-*").split():
        _git("branch", "--quiet", "-D", branch)


def _make(name: str, after: str) -> None:
    """Make the version in the repository: a commit, a tag, and a branch that orders it to staging."""
    if _git("tag", "--list", name):
        return
    index = {"GIT_INDEX_FILE": str(Path("git").absolute() / f".{name}.index")}
    pages = _git("show", f"{after}:pages.py") + _BROKEN
    blob = _git("hash-object", "-w", "--stdin", content=pages)
    _git("read-tree", after, **index)
    _git("update-index", "--cacheinfo", f"100644,{blob},pages.py", **index)
    tree = _git("write-tree", **index)
    Path(index["GIT_INDEX_FILE"]).unlink(missing_ok=True)
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _WHO.items()}
    commit = _git("commit-tree", tree, "-p", after, content=_MESSAGE, **who)
    _git("tag", name, commit)
    _git("branch", f"release/{name}", commit)


_WHO = {"NAME": "比嘉 さくら", "EMAIL": "sakura@example.com"}


def _planned(name: str) -> int | None:
    found = json.loads(_release("status", "--format", "json"))["releases"]
    return next(
        (
            int(each["release"])
            for each in found
            if each["deployment"] == PRODUCTION and each["version"] == name and each["state"] == "planned"
        ),
        None,
    )


def _serving(environment: str) -> str:
    return str(json.loads(_release("status", "--format", "json"))["serving"].get(environment) or "")


def _until(question: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + _WITHIN
    while not question():
        if time.monotonic() > end:
            raise click.ClickException(f"{otherwise} within {_WITHIN:.0f} seconds")
        time.sleep(1)


def _release(*arguments: str) -> str:
    # The folder of the shop's bindings is in Toban's home, which commands are not told.
    told = {**os.environ, "TOBAN_HOME": str(Path.cwd().parent), "TOBAN_LANGUAGE": "en"}
    done = subprocess.run(
        [sys.executable, "-m", "toban", "release", *arguments],
        env=told,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        hint = f"toban account {ORDERED_BY}"
        raise click.ClickException(f"toban release {arguments[0]}: {done.stderr.strip()}\nHINT: {hint}")
    return done.stdout


def _git(*arguments: str, content: str = "", **environment: str) -> str:
    alone = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", **environment}
    command = ["git", "-C", "git/shop.git", *arguments]
    done = subprocess.run(
        command, input=content, env={**os.environ, **alone}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise click.ClickException(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout if arguments[0] == "show" else done.stdout.strip()
