"""`[batches.ID.parameters.NAME]`: the parameters that the user's own command takes, and how it is given them.

A value reaches the command in its environment, or as a whole argument or the end of one: never as a part of a
text that a shell or an interpreter reads. A secret reaches it in its environment only.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section, invalid
from toban.engine.runs.commands.filling import PLACE, Act, ParameterizedCommand, is_argument
from toban.engine.runs.kinds import BatchBinding
from toban.engine.runs.parameters import Parameter, ParameterKind, Parameters, allowed, is_valid
from toban.message import Message, plain

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TAKEN = ("run", "due_at")
"""`BATCH_RUN` and `BATCH_DUE_AT` are what Toban itself tells."""


def _as_text(written: object) -> object:
    """Take numbers and days of TOML as they are written."""
    is_plain = isinstance(written, int | float | date) and not isinstance(written, bool)
    return str(written) if is_plain else written


type _Text = Annotated[str, BeforeValidator(_as_text)]


class ParameterBinding(Section):
    """`[batches.ID.parameters.NAME]`."""

    kind: Literal["text", "number", "date", "choice", "secret"] = "text"
    purpose: str = ""
    """What it is for, for those who order."""
    choices: tuple[_Text, ...] = ()
    """The values of a choice."""
    secrets: Mapping[str, Secret] = {}
    """A name → the place of the secret. Only the name is ordered, shown and kept."""
    least: _Text = ""
    most: _Text = ""
    default: _Text = ""
    """The value of a run that is given none, as those of the schedule are."""
    required: bool = False

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        needs = {"choice": ("choices",), "secret": ("secrets",), "number": ()}.get(self.kind, ())
        may = {"number": ("least", "most")}.get(self.kind, needs)
        for key in ("choices", "secrets", "least", "most"):
            if bool(getattr(self, key)) and key not in may:
                raise invalid(Message("runs.key-is-for-another-kind", key=key, kind=self.kind))
            if key in needs and not getattr(self, key):
                raise invalid(Message("runs.kind-needs-a-key", key=key, kind=self.kind))
        self._limits_are_numbers()
        if self.default and not is_valid(as_parameter("default", self), self.default):
            said = Message("runs.default-is-not-allowed", default=self.default)
            raise invalid(said, allowed(as_parameter("default", self)))
        return self

    def _limits_are_numbers(self) -> None:
        number = Parameter("", plain(""), kind=ParameterKind.NUMBER)
        if not all(is_valid(number, each) for each in (self.least, self.most) if each):
            raise invalid(Message("runs.limit-is-no-number"))


_EXAMPLES = {"date": "2026-11-28", "number": "1"}


def as_parameter(name: str, binding: ParameterBinding) -> Parameter:
    """Return the parameter *name* as *binding* declares it."""
    return Parameter(
        name,
        plain(binding.purpose),
        binding.default or next(iter((*binding.choices, *binding.secrets)), _EXAMPLES.get(binding.kind, "")),
        ParameterKind(binding.kind),
        binding.choices or tuple(binding.secrets),
        binding.least,
        binding.most,
        binding.default,
        binding.required,
    )


def _named(written: Mapping[str, ParameterBinding]) -> Mapping[str, ParameterBinding]:
    for name in written:
        if not _NAME.fullmatch(name) or name in _TAKEN:
            raise invalid(Message("runs.not-a-parameter-name", name=name, taken=_TAKEN))
    return written


class CommandBinding(BatchBinding):
    """The keys of every kind that runs the user's own command."""

    command: tuple[str, ...] = Field(min_length=1)
    """The program and its arguments; no shell reads them. `{NAME}` stands for the value of a parameter."""
    parameters: Annotated[Mapping[str, ParameterBinding], AfterValidator(_named)] = {}
    """The parameters of a run; without any, an order may give any name."""

    @model_validator(mode="after")
    def _places_are_safe(self) -> Self:
        for before, argument in zip(("", *self.command), self.command, strict=False):
            for name in filter(self.parameters.__contains__, PLACE.findall(argument)):
                self._demand_safe(name, before, argument)
        return self

    def _demand_safe(self, name: str, before: str, argument: str) -> None:
        if not is_argument(before, argument):
            hint = Message("runs.read-it-from-the-environment", variable=f"BATCH_{name.upper()}")
            raise invalid(Message("runs.place-is-not-an-argument", name=name), hint)
        bound = self.parameters[name]
        if bound.kind == "secret":
            hint = Message("runs.read-it-from-the-environment", variable=f"BATCH_{name.upper()}")
            raise invalid(Message("runs.secret-as-argument", name=name), hint)
        if not bound.default and not bound.required:
            raise invalid(Message("runs.place-may-stay-empty", name=name))


def declared(config: CommandBinding) -> Parameters:
    """Return the parameters that *config* declares; None, any name, if it declares none."""
    return tuple(as_parameter(*each) for each in config.parameters.items()) or None


def with_parameters(config: CommandBinding, command: Callable[[tuple[str, ...]], Act]) -> Act:
    """Return what runs the command of *config* with the parameters of its run.

    *command* returns what runs an argument list.
    """
    if not config.parameters:
        return command(config.command)
    secrets = {name: each.secrets for name, each in config.parameters.items() if each.kind == "secret"}
    return ParameterizedCommand(config.command, command, frozenset(config.parameters), secrets)
