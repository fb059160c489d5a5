"""The settings of `[deployments.NAME]` with `kind = "command"`."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from toban.chapters.release.bindings import DeploymentBinding
from toban.engine.bindings.section import beside_the_bindings, invalid
from toban.engine.bindings.values import Length
from toban.engine.runs.commands.filling import PLACE, is_argument
from toban.message import Message

PLACES = ("version", "commit", "digest", "archive", "image", "environment")
"""What the commands are told: `RELEASE_` and the name in capitals, or its place in an argument."""


class CommandDeployment(DeploymentBinding):
    """`kind = "command"`: what a team deploys with already: Capistrano, Kamal, Ansible, docker compose.

    The commands are told about the version in their environment: `RELEASE_VERSION`, `RELEASE_COMMIT`,
    `RELEASE_DIGEST`, `RELEASE_ARCHIVE` (the tar file), `RELEASE_IMAGE` and `RELEASE_ENVIRONMENT`; and by
    places in their arguments: `["kamal", "rollback", "{commit}"]`.
    """

    example: ClassVar[Mapping[str, str | Sequence[str]]] = {
        "deploy": ["cap", "production", "deploy"],
        "serving": ["bin/serving"],
    }

    deploy: tuple[str, ...] = Field(min_length=1)
    """The command that brings the version and has it served. It may be repeated after it was cut off."""
    go_back: tuple[str, ...] = ()
    """The command that goes back to the version before; without one, `deploy` brings it again."""
    serving: tuple[str, ...] = Field(min_length=1)
    """The command that writes what serves: a version, commit, digest or image.

    For several instances, a line for each: its name, a blank and the version.
    """
    serving_within: Length = timedelta(minutes=1)
    """The longest that `serving` may take."""
    folder: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """Where the commands run; None: in the folder of `toban.toml`."""
    keeps_versions: bool = False
    """Whether `go_back`, or `deploy` of a former version, needs no archive."""

    @model_validator(mode="after")
    def _places_are_safe(self) -> Self:
        for command in (self.deploy, self.go_back):
            for before, argument in zip(("", *command), command, strict=False):
                for name in filter(PLACES.__contains__, PLACE.findall(argument)):
                    if not is_argument(before, argument):
                        hint = Message(
                            "runs.read-it-from-the-environment", variable=f"RELEASE_{name.upper()}"
                        )
                        raise invalid(Message("runs.place-is-not-an-argument", name=name), hint)
        return self
