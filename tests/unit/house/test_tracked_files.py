"""What may be in the repository: no trace of the author's machine, no download location."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# Split, so that this file itself may be tracked.
REGISTRIES = ("pypi" + ".org", "files." + "pythonhosted", "registry." + "npmjs", "registry." + "yarnpkg")
MACHINE_PATHS = re.compile(r"(?<![\w./-])/(?:root|home/\w+|Users/\w+|work|opt/wheels)(?=/|\s|$)")


def tracked() -> dict[str, str]:
    """Return the tracked text files by name."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: there is no list of tracked files")
    names = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - whichever git the developer has
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    texts = {}
    for name in filter(None, names):
        try:
            texts[name] = (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
    return texts


def test_no_tracked_file_names_a_package_registry() -> None:
    named = [
        f"{name}: {registry}"
        for name, text in tracked().items()
        for registry in REGISTRIES
        if registry in text
    ]

    assert named == []


def test_no_tracked_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    named = [
        f"{name}:{number}: {line.strip()}"
        for name, text in tracked().items()
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATHS.search(line)
    ]

    assert named == []


@pytest.mark.parametrize("name", ["runtime", "demo", "dev", "build", "uv"])
def test_a_python_lock_file_has_a_hash_for_every_package_and_no_url(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")

    packages = re.split(r"\n(?=\S)", text.strip())

    assert [package for package in packages if "==" not in package or "--hash=sha256:" not in package] == []
    assert "://" not in text


def test_no_lock_file_contains_urls() -> None:
    assert "uv.lock" not in tracked()


def test_the_npm_lock_file_contains_no_urls() -> None:
    lock = ROOT / "package-lock.json"
    if not lock.exists():
        pytest.skip("no npm package is used")
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]

    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_the_build_requirements_are_all_in_the_lock_file() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    locked = (ROOT / "requirements" / "build.txt").read_text(encoding="utf-8")

    names = [re.match(r"[\w-]+", requirement) for requirement in build]

    assert [name[0] for name in names if name and f"{name[0]}==" not in locked] == []
