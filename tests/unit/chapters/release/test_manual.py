"""The manual's page on releases can't drift from the code."""

import re

import pytest
from pydantic import BaseModel
from tests.manual import BOTH, page, section

from toban.chapters.release.bindings import DeploymentBinding, FreezeBinding, HealthBinding, ReleaseBinding
from toban.chapters.release.models import Release
from toban.chapters.release.sources.git.config import GitSourceConfig
from toban.chapters.release.sources.github.config import GitHubSourceConfig
from toban.faces.cli.release.release import command
from toban.faces.web.release.tags import state_mark


@BOTH
@pytest.mark.parametrize(
    ("heading", "models"),
    [
        ("`[releases.", [ReleaseBinding]),
        ('`kind = "git"`', [GitSourceConfig]),
        ('`kind = "github"`', [GitHubSourceConfig]),
        ('`[deployments."', [DeploymentBinding, HealthBinding]),
    ],
    ids=["releases", "git", "github", "deployments"],
)
def test_every_key_is_in_the_manual(language: str, heading: str, models: list[type[BaseModel]]) -> None:
    text = section(page(language, "releases.md"), heading)
    keys = {key for model in models for key in model.model_fields}
    common = ReleaseBinding.model_fields if heading.startswith("`kind") else ()

    named = set(re.findall(r"`([a-z_]+)`", "\n".join(re.findall(r"^\| (`[^|]*)", text, re.MULTILINE))))
    assert named - {"kind"} == keys - set(common)


@BOTH
def test_every_key_of_a_freeze_every_state_and_every_command_are_in_the_manual(language: str) -> None:
    text = page(language, "releases.md")

    assert [key for key in ("from", "until", "reason") if f"{key} = " not in text] == []
    assert {each.alias or name for name, each in FreezeBinding.model_fields.items()} == {
        "from", "until", "reason"
    }  # fmt: skip
    assert [state for state in Release.State if f"| {state_mark(Release(state=state))} " not in text] == []
    assert [
        name for name in command.commands if f"`toban release {name}" not in text and name != "unlock"
    ] == []
