"""The files for running Toban as services or in containers name what exists."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from tests.manual import page
from tests.registered import PARTS

from toban import wiring
from toban.state_url import database

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("systemd/*.service"))
PROGRAM = "/opt/toban/bin/toban"
PROCESSES = {"serve", "worker", "store", "agent"}
EXPOSED_AT_MOST = 20
"""Tenths of `systemd-analyze security`: of 0 to 10, up to 2.9 is "OK"."""


def unit(path: Path) -> Mapping[str, Sequence[str]]:
    """Return the settings of a unit; one name may stand several times."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "containers/compose.yaml").read_text(encoding="utf-8"))
    return found


def image() -> dict[str, list[str]]:
    """Return the instructions of the Containerfile."""
    text = (DEPLOY / "containers/Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition(" ")
            found.setdefault(name, []).append(value.strip())
    return found


def commands() -> list[list[str]]:
    """Return the words after `toban` of every command in the files."""
    of_units = [
        shlex.split(line)
        for path in UNITS
        for name in ("ExecStart", "ExecStartPre")
        for line in unit(path).get(name, ())
    ]
    assert all(words[0] == PROGRAM for words in of_units)
    of_image = [json.loads(each) for each in image()["CMD"]]
    of_compose = [each["command"] for each in compose()["services"].values() if "command" in each]
    return [*(words[1:] for words in of_units), *of_image, *of_compose]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_exists_and_takes_its_options(words: list[str]) -> None:
    group = wiring.command(PARTS)
    found = group.get_command(click.Context(group), words[0])

    assert found is not None
    # Parsed and checked as when it is run, without running it.
    found.make_context(words[0], words[1:], obj=PARTS)


def test_units_and_containers_run_the_same_processes() -> None:
    assert {path.stem.removeprefix("toban-") for path in UNITS} == PROCESSES
    assert compose()["services"].keys() == {*PROCESSES, "prepare", "db"}
    assert json.loads(image()["ENTRYPOINT"][0]) == [PROGRAM]


def test_every_setting_in_the_files_is_one_of_toban() -> None:
    known = set(re.findall(r"`(TOBAN_\w+)`", page("en", "settings.md")))
    written = {
        name
        for path in DEPLOY.rglob("*")
        if path.is_file()
        for name in re.findall(r"\bTOBAN_\w+", path.read_text(encoding="utf-8"))
    }

    assert written >= {"TOBAN_HOME", "TOBAN_STATE_URL", "TOBAN_TELEMETRY_URL", "TOBAN_SECRET_KEY"}
    assert written - known == set()


def test_the_shared_settings_are_usable_once_the_passwords_stand_in_them() -> None:
    lines = (DEPLOY / "toban.env").read_text(encoding="utf-8").splitlines()
    settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    state = database(settings["TOBAN_STATE_URL"])

    assert (state["HOST"], state["NAME"], state["OPTIONS"]) == (
        "db.example.com",
        "toban",
        {"sslmode": "require"},
    )
    assert settings["TOBAN_TELEMETRY_URL"].count("CHANGE-ME") == 1


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_runs_with_few_rights_and_is_restarted(path: Path) -> None:
    found = unit(path)

    assert found["NoNewPrivileges"] == ["yes"]
    assert found["ProtectSystem"] == ["strict"]
    assert found["CapabilityBoundingSet"] == [""]
    assert found["Restart"] == ["always"]
    assert found.get("User") == ["toban"] or found.get("DynamicUser") == ["yes"]
    assert "root" not in found.get("User", ())


@pytest.mark.parametrize("name", ["serve", "worker"])
def test_the_key_is_a_credential_and_stands_in_no_environment(name: str) -> None:
    found = unit(DEPLOY / f"systemd/toban-{name}.service")

    assert found["LoadCredential"] == ["secret-key:/etc/toban/secret-key"]
    assert "TOBAN_SECRET_KEY=file:%d/secret-key" in found["Environment"]


@pytest.fixture
def analyze() -> list[str]:
    """The command of systemd's own check, of the system or as fetched by ./check."""
    unpacked = ROOT / ".boot/debian/usr/bin/systemd-analyze"
    program = shutil.which("systemd-analyze") or (str(unpacked) if unpacked.exists() else None)
    if program is None:
        pytest.skip("needs systemd-analyze (Debian: apt-get install systemd)")
    return [program]


def environment() -> dict[str, str]:
    libraries = ":".join(map(str, ROOT.glob(".boot/debian/usr/lib/*-linux-gnu/systemd")))
    return {**os.environ, "LD_LIBRARY_PATH": libraries, "SYSTEMD_COLORS": "0"}


def test_systemd_itself_finds_nothing_wrong(analyze: list[str], tmp_path: Path) -> None:
    # It looks for the programs, too: here they are those of this test.
    program = tmp_path / "toban"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for path in UNITS:
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8").replace(PROGRAM, str(program)))
    files = [str(tmp_path / path.name) for path in UNITS]

    verified = subprocess.run(
        [*analyze, "verify", *files], env=environment(), capture_output=True, text=True, check=False
    )

    ours = [line for line in verified.stderr.splitlines() if "toban-" in line]
    assert (verified.returncode, ours) == (0, [])


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_rates_a_unit_as_little_exposed(analyze: list[str], path: Path) -> None:
    rated = subprocess.run(
        [*analyze, "security", "--offline=yes", f"--threshold={EXPOSED_AT_MOST}", str(path)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert rated.returncode == 0, rated.stdout[-300:] + rated.stderr
