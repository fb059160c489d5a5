"""The keys of the kinds that scale by commands of the team's own, here or on another host."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from toban.chapters.capacity.bindings import ScalingBinding
from toban.engine.bindings.section import invalid
from toban.engine.bindings.values import Length
from toban.engine.runs.commands.filling import PLACE, is_argument
from toban.message import Message

TO = "to"
"""The place of the number in `resize`."""


class ByCommand(ScalingBinding):
    """A command that changes the size, and one that tells it; no shell reads either."""

    resize: tuple[str, ...] = Field(min_length=1)
    """The command that brings the group to `{to}` instances. It may be repeated after it was cut off."""
    count: tuple[str, ...] = Field(min_length=1)
    """The command that writes how many instances do their work, as a number on its last line."""
    count_within: Length = timedelta(minutes=1)
    """The longest that `count` may take."""

    @model_validator(mode="after")
    def _number_has_its_place(self) -> Self:
        found = [
            is_argument(before, argument)
            for before, argument in zip(("", *self.resize), self.resize, strict=False)
            if TO in PLACE.findall(argument)
        ]
        if not found:
            raise invalid(Message("capacity-scalers.no-place"), Message("capacity-scalers.write-the-place"))
        if not all(found):
            hint = Message("runs.read-it-from-the-environment", variable="BATCH_TO")
            raise invalid(Message("runs.place-is-not-an-argument", name=TO), hint)
        return self


def filled(command: tuple[str, ...], to: int) -> tuple[str, ...]:
    """Return *command* with the number in its place. Pure."""
    return tuple(PLACE.sub(lambda place: str(to) if place[1] == TO else place[0], each) for each in command)
