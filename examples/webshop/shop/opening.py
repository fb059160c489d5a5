"""Switch the shop's web machine on: what served there serves again. `python -m shop.opening --place DIR`.

The very first time, version 1.0.0 of the front is installed in every environment: the shop was open before
Toban came. Later it is what Toban released last.
"""

import subprocess
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import click

from shop.history import VERSIONS
from toban.chapters.release.engine import Artifact, DeployFailed, DeploySite
from toban.chapters.release.engines.proxy.config import ProxyDeployment
from toban.chapters.release.engines.proxy.engine import QUIET, ProxyEngine
from toban.chapters.release.engines.proxy.opening import open_engine
from toban.chapters.release.places import folder_of
from toban.chapters.release.running.packing import pack

_PROXY_WITHIN = 15.0
"""Seconds in which Caddy can be asked."""


def packed(repository: Path, folder: Path) -> Artifact:
    """Make the first version's artefact in *folder*, as Toban makes it of the same commit."""
    first = VERSIONS[0]
    tree = folder / "tree"
    tree.mkdir()
    for name, content in first.files.items():
        (tree / name).write_bytes(content)
    archive = folder / "first.tar"
    command = ["git", "-C", str(repository), "rev-parse", f"{first.tag}^{{commit}}"]
    commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return Artifact("shop", pack(tree, archive), commit, first.tag, archive)


def engines(place: Path) -> list[ProxyEngine]:
    """Return the engines of the environments that the bindings put behind the shop's proxy."""
    written = tomllib.loads((place / "toban.toml").read_text(encoding="utf-8"))
    found = []
    for name, table in written.get("deployments", {}).items():
        if table.pop("kind", "") == "proxy":
            config = ProxyDeployment.model_validate(table, context={"base": place})
            home = folder_of(place.parent, "deployments", name)
            site = DeploySite(name, config.environment or name, config.service or "shop", place, home)
            found.append(open_engine(config, site))
    return found


def switch_on(engine: ProxyEngine, first: Callable[[], Artifact]) -> None:
    """Have it serve what it served, or the first version."""
    until = time.monotonic() + _PROXY_WITHIN
    while True:
        try:
            engine.ensure()
            if not engine.serving():
                artifact = first()
                engine.install(artifact, QUIET)
                engine.switch(artifact, QUIET)
        except DeployFailed:
            if time.monotonic() >= until:
                raise
            time.sleep(0.2)
        else:
            return


@click.command()
@click.option("--place", type=click.Path(path_type=Path, file_okay=False), required=True)
def main(place: Path) -> None:
    """Switch on all environments."""
    with tempfile.TemporaryDirectory() as folder:
        made: list[Artifact] = []

        def first() -> Artifact:
            if not made:
                made.append(packed(place / "git" / "shop.git", Path(folder)))
            return made[0]

        # Production stands last in the bindings, and customers wait for it.
        for engine in reversed(engines(place)):
            switch_on(engine, first)


if __name__ == "__main__":
    main()
