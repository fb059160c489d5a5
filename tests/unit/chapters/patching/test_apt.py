"""What apt and dpkg print, as they printed it."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from tests.manual import page

from toban.chapters.patching.hosts.scripts import WHICH_BOOT, read_boot, script
from toban.chapters.patching.manager import AnswerUnreadable
from toban.chapters.patching.managers.apt import Apt
from toban.chapters.patching.upgrade import Upgrade

APT = Apt()
LOOK = """
@@ update
Hit:1 http://deb.debian.org/debian-security bookworm-security InRelease
Reading package lists...

@@ update 0

@@ audit

@@ held
nginx

@@ upgrade
NOTE: This is only a simulation!
Reading package lists...
Building dependency tree...
Reading state information...
Calculating upgrade...
The following packages have been kept back:
   nginx (1.22.1-9 => 1.22.1-9+deb12u1)
The following packages will be upgraded:
   curl (7.88.1-10+deb12u4 => 7.88.1-10+deb12u7)
   libcurl4 (7.88.1-10+deb12u4 => 7.88.1-10+deb12u7)
   tzdata (2024a-0+deb12u1 => 2024b-0+deb12u1)
3 upgraded, 0 newly installed, 0 to remove and 1 not upgraded.
Inst curl [7.88.1-10+deb12u4] (7.88.1-10+deb12u7 Debian-Security:12/stable-security [amd64]) []
Inst libcurl4 [7.88.1-10+deb12u4] (7.88.1-10+deb12u7 Debian-Security:12/stable-security [amd64])
Inst tzdata [2024a-0+deb12u1] (2024b-0+deb12u1 Debian:12.9/stable [all])
Conf libcurl4 (7.88.1-10+deb12u7 Debian-Security:12/stable-security [amd64])

@@ upgrade 0

@@ versions
curl/stable-security 7.88.1-10+deb12u7 amd64 [upgradable from: 7.88.1-10+deb12u4]
curl/stable 7.88.1-10+deb12u5 amd64
curl/now 7.88.1-10+deb12u4 amd64 [installed,upgradable to: 7.88.1-10+deb12u7]

nginx/stable-security 1.22.1-9+deb12u1 amd64 [upgradable from: 1.22.1-9]
nginx/stable,now 1.22.1-9 amd64 [installed,upgradable to: 1.22.1-9+deb12u1]

tzdata/stable 2024b-0+deb12u1 all [upgradable from: 2024a-0+deb12u1]
tzdata/stable-security,now 2024a-0+deb12u1 all [installed,upgradable to: 2024b-0+deb12u1]

@@ versions 0

@@ reboot

@@ restarts
NEEDRESTART-VER: 3.6
NEEDRESTART-KCUR: 6.1.0-18-amd64
NEEDRESTART-KEXP: 6.1.0-28-amd64
NEEDRESTART-KSTA: 3
NEEDRESTART-SVC: cron.service
NEEDRESTART-SVC: nginx.service

@@ boot
fbbb5b8b-2b5e-49d5-87d1-45ca990cbd51 24
"""


def test_available_upgrades_are_read_with_where_they_come_from() -> None:
    seen = APT.read_look(LOOK)

    assert seen.available == (
        Upgrade("curl", "7.88.1-10+deb12u4", "7.88.1-10+deb12u7", is_security=True),
        Upgrade("libcurl4", "7.88.1-10+deb12u4", "7.88.1-10+deb12u7", is_security=True),
        Upgrade("tzdata", "2024a-0+deb12u1", "2024b-0+deb12u1", is_security=False),
    )
    assert seen.held == ("nginx",)
    assert seen.kept_back == (Upgrade("nginx", "1.22.1-9", "1.22.1-9+deb12u1"),)
    assert seen.restarts == ("cron.service", "nginx.service")
    assert seen.needs_reboot
    assert seen.boot == "fbbb5b8b-2b5e-49d5-87d1-45ca990cbd51 24"
    assert not seen.unfinished


def test_a_fix_below_a_newer_version_of_another_archive_is_one() -> None:
    overtaken = """tzdata/stable 2024b-0+deb12u1 all [upgradable from: 2024a-0+deb12u1]
tzdata/stable-security 2024a-1+deb12u1 all
"""
    newest = "tzdata/stable 2024b-0+deb12u1 all [upgradable from: 2024a-0+deb12u1]\n"

    assert APT.read_look(LOOK.replace(newest, overtaken)).available[2].is_security
    pinned = LOOK.replace(newest, "tzdata/stable-security 2025a-1 all\n" + newest)
    assert not APT.read_look(pinned).available[2].is_security
    with pytest.raises(AnswerUnreadable):
        APT.read_look(LOOK.replace("@@ versions 0", "@@ versions 127"))


@pytest.mark.parametrize("state", ["0", "1"])
def test_a_kernel_that_runs_as_installed_needs_no_restart(state: str) -> None:
    assert not APT.read_look(LOOK.replace("KSTA: 3", f"KSTA: {state}")).needs_reboot


def test_ubuntu_marks_a_needed_restart_itself() -> None:
    seen = APT.read_look(LOOK.replace("KSTA: 3", "KSTA: 1").replace("@@ reboot\n", "@@ reboot\nneeded\n"))

    assert seen.needs_reboot


def test_a_list_that_could_not_be_fetched_is_no_list() -> None:
    written = LOOK.replace("@@ update 0", "E: Failed to fetch http://deb.debian.org\n@@ update 100")

    with pytest.raises(AnswerUnreadable, match="Failed to fetch"):
        APT.read_look(written)


def test_an_answer_that_breaks_off_is_no_answer() -> None:
    with pytest.raises(AnswerUnreadable):
        APT.read_look(LOOK.partition("@@ upgrade 0")[0])


def test_what_an_interrupted_installation_left_is_named() -> None:
    audit = """@@ audit
The following packages are only half configured, probably due to problems
configuring them the first time.  The configuration should be retried using
dpkg --configure <package> or the configure menu option in dselect:
 libssl3              Secure Sockets Layer toolkit
"""

    assert APT.read_look(LOOK.replace("@@ audit\n", audit)).unfinished == "libssl3"


def test_a_simulation_says_what_is_new_and_what_would_go() -> None:
    written = """
@@ install
The following packages will be REMOVED:
  exim4
Remv exim4 [4.96-15]
Inst postfix (3.7.11-0+deb12u1 Debian:12.9/stable [amd64])
E: Packages need to be removed but remove is disabled.

@@ install 100

@@ services
postfix.service
"""

    simulated = APT.read_simulation(written)

    assert simulated.removed == ("exim4",)
    assert simulated.upgrades == (Upgrade("postfix", "", "3.7.11-0+deb12u1", is_security=False),)
    assert simulated.services == ("postfix.service",)


def test_a_simulation_that_fails_is_said() -> None:
    with pytest.raises(AnswerUnreadable, match="was not found"):
        APT.read_simulation("@@ install\nE: Version '1.9' for 'curl' was not found\n\n@@ install 100\n")


def test_only_what_is_wholly_installed_counts() -> None:
    written = "@@ installed\ninstalled curl 1.1\nhalf-configured openssl 1.1\ninstalled libc6:amd64 2.36\n"
    written += "dpkg-query: no packages found matching odd\n\n@@ installed 1\n"

    found = APT.read_installed(written)

    assert found == {"curl": "1.1", "libc6": "2.36", "libc6:amd64": "2.36"}


def test_names_and_versions_are_words_of_the_shell() -> None:
    script = APT.apply("", [Upgrade("curl;reboot", "1", "2 $(id)")])

    assert "'curl;reboot=2 $(id)'" in script


def asked_boot(folder: Path, status: str = "0") -> str:
    path = f"{folder}:{os.environ['PATH']}"
    environment = {"PATH": path, "STATUS": status}
    said = subprocess.run([*script(WHICH_BOOT)], env=environment, capture_output=True, text=True, check=True)
    return read_boot(said.stdout)


def test_a_host_that_does_not_say_which_start_it_is_is_known_by_none(tmp_path: Path) -> None:
    (tmp_path / "cat").write_text("#!/bin/sh\nexit ${STATUS:-0}\n")
    (tmp_path / "cat").chmod(0o755)

    for status in ("0", "1"):
        assert asked_boot(tmp_path, status) == ""


def test_a_start_is_known_by_the_kernel_and_by_its_first_process_and_by_no_clock(tmp_path: Path) -> None:
    for name in ("date", "uptime"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    began = Path("/proc/1/stat").read_text().rpartition(") ")[2].split()[19]

    known = asked_boot(tmp_path)

    assert known == f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {began}"


def test_an_order_without_packages_is_not_given() -> None:
    script = APT.apply("sudo -n ", [])

    assert "apt-get" not in script
    assert "sudo -n dpkg --force-confdef --force-confold --configure -a" in script


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_lines_of_sudoers_in_the_manual_allow_exactly_these_commands(language: str) -> None:
    block = next(each for each in re.findall(r"```text\n(.*?)```", page(language, "patches.md"), re.DOTALL))
    rules = [rule for line in block.splitlines() if "NOPASSWD: " in line for rule in _rules(line)]
    wanted = [Upgrade("libc6:amd64", "2.36-9", "2.36-9+deb12u9"), Upgrade("curl", "1", "1:7.88~rc1-10")]
    scripts = APT.look("SUDO ", refreshes=True) + APT.apply("SUDO ", wanted) + "SUDO systemctl reboot\n"
    commands = [re.split(r" 2>|;| \|\||\n", each)[0].strip() for each in scripts.split("SUDO ")[1:]]

    assert len(commands) == 6
    for command in commands:
        program, _, arguments = " ".join(shlex.split(command)).partition(" ")
        assert any(rule.fullmatch(program, arguments) for rule in rules), command
    assert not any(
        rule.fullmatch("apt-get", "-q -y install curl=1 -o Dpkg::Pre-Invoke::=id") for rule in rules
    )
    assert not any(
        rule.fullmatch("apt-get", commands[3].partition(" ")[2] + " -o DPkg::Pre-Invoke::=id")
        for rule in rules
    )


class _Rule:
    """A command of sudoers: with fixed arguments, or by a regular expression. sudoers(5)."""

    def __init__(self, written: str) -> None:
        path, _, self._arguments = written.partition(" ")
        self._program = Path(path).name

    def fullmatch(self, program: str, arguments: str) -> bool:
        if self._arguments.startswith("^"):
            matches = re.fullmatch(self._arguments, arguments) is not None
        else:
            matches = re.sub(r"\\([:=,])", r"\1", self._arguments) == arguments
        return program == self._program and matches


def _rules(line: str) -> list[_Rule]:
    return [_Rule(each) for each in line.partition("NOPASSWD: ")[2].split(", ")]
