"""What `[patching]` accepts."""

import subprocess
from pathlib import Path

import pytest
from tests.registered import PARTS

from toban.chapters.patching.hosts.looking import PatchGroup
from toban.chapters.patching.hosts.scripts import script
from toban.chapters.patching.manager import PATCHING
from toban.chapters.patching.managers.apt import KIND
from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.bindings.model import Bindings

TEXT = """
[patching.web]
kind = "apt"
hosts = ["web-1"]
user = "toban"
key = "env:NONE"
known_hosts = "known_hosts"
"""


def bound(text: str) -> Bindings:
    return read_bindings(text, Path("toban.toml"), PARTS.schema)


def test_each_word_of_become_reaches_the_host_as_it_is() -> None:
    word = """NOTE=a b; $(touch x) 'c'"""
    bindings = bound(TEXT + f'become = ["env", "{word}"]\n')
    group = PatchGroup("web", PATCHING.of(bindings)["web"].config, KIND)

    said = subprocess.run(
        [*script(f"{group.become}printenv NOTE")], capture_output=True, text=True, check=True
    )

    assert said.stdout == "a b; $(touch x) 'c'\n"


def test_a_login_with_the_rights_needs_no_words() -> None:
    group = PatchGroup("web", PATCHING.of(bound(TEXT + "become = []\n"))["web"].config, KIND)

    assert group.become == ""


@pytest.mark.parametrize(
    "line",
    [
        'become = ["sudo -n"]',
        'become = [""]',
        'become = ["sudo", "-n\\n"]',
        'become = ["$(id)"]',
        'reboot_command = ["systemctl reboot"]',
        "reboot_command = []",
    ],
)
def test_what_is_no_command_is_refused(line: str) -> None:
    with pytest.raises(UnreadableBindings):
        bound(TEXT + line + "\n")
