"""`toban run BATCH`: orders to a Toban that is running."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.clock import system_clock
from toban.engine.registry.parts import Parts
from toban.engine.runs import orders
from toban.engine.runs.approval import request_of
from toban.engine.runs.models import Run
from toban.engine.runs.orders import ApprovalOrder, planned
from toban.engine.runs.parameters import allowed, choices, read
from toban.faces.cli.acting import account_acting
from toban.faces.cli.kept import edition_of
from toban.faces.cli.runs.follow import follow
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import usable_state
from toban.faces.terminal import confirm, say, speak_utf8
from toban.faces.words.run_parameters import NoParameter, read_parameters
from toban.message import Message

_ENDED_BADLY = 3

type _Order = Callable[[datetime], Run]
"""Gives the order at that time."""


@click.command(
    "run",
    epilog="Example: toban run B004 --set date=2026-11-24",
)
@click.argument("batch")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the run.")
@click.option("--parameters", is_flag=True, help="List what --set may give, and order nothing.")
@click.option("--cancel", is_flag=True, help="Cancel the waiting or running run.")
@click.option("--skip", metavar="REASON", help="Skip the waiting run, or the next scheduled one.")
@click.option(
    "--again", type=int, metavar="RUN", help="Rerun an ended run, from the step after the last finished one."
)
@click.option("--from", "from_step", metavar="STEP", help="With --again: rerun from this step.")
@click.option("--approve", type=int, metavar="RUN", help="Approve the step that the run waits for.")
@click.option("--refuse", "refused", type=int, metavar="RUN", help="Reject that step; the run ends.")
@click.option(
    "--break-glass",
    type=int,
    metavar="RUN",
    help="In an emergency: begin that step without approval. Everybody concerned is told.",
)
@click.option("--reason", default="", metavar="WORDS", help="With --approve, --refuse, --break-glass: why.")
@click.option("--as", "account", metavar="ACCOUNT", help="The account in Toban that gives this order.")
@click.option("--follow", is_flag=True, help="Print what the run writes until it has ended.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_obj
def command(parts: Parts, /, batch: str, *, parameters: bool, follow: bool, yes: bool, **given: Any) -> None:
    """Order BATCH to be run now, by the worker of the Toban whose state TOBAN_HOME holds.

    The evidence records who ordered and who approved a run. Approving takes an account that holds the role
    now; so does ordering a batch that needs approval. This command asks for no password: whoever may run it
    could write into the state database, too. So the evidence also names the user of this shell, the account's
    person is told, and what can't be undone is approved on the page only.

    \b
    Exit status:
      0  ordered, or listed; with --follow: ended well
      1  not possible as things stand, or not confirmed
      2  the state database can't be used
      3  with --follow: the run ended otherwise
    """
    speak_utf8()
    if parameters:
        with usable_state():
            _list_parameters(batch)
        return
    given["settings"] = _parameters(given["settings"])
    asked = RunArguments(batch, **given)
    asked.check()
    with usable_state():
        run = _carried_out(parts, asked, yes=yes)
        if follow and not _followed(run):
            raise SystemExit(_ENDED_BADLY)


@dataclass(frozen=True, slots=True)
class RunArguments:
    """What the command line asks for."""

    batch: str
    settings: Mapping[str, str]
    cancel: bool
    skip: str | None
    again: int | None
    from_step: str | None
    approve: int | None
    refused: int | None
    break_glass: int | None
    reason: str
    account: str | None

    def check(self) -> None:
        """Raise `UsageError` for options that can't be combined."""
        acts = (self.cancel, self.skip is not None, *(each is not None for each in self._runs))
        if sum(acts) > 1 or (self.from_step and self.again is None):
            raise click.UsageError(str(Message("runs.one-order-at-a-time")))
        if (self.refused or self.break_glass) is not None and not self.reason:
            raise click.UsageError(str(Message("runs.refuse-with-a-reason")))

    @property
    def _runs(self) -> tuple[int | None, ...]:
        return self.again, self.approve, self.refused, self.break_glass

    @property
    def answered(self) -> int | None:
        """The run whose request for approval is answered."""
        return next((each for each in self._runs[1:] if each is not None), None)

    @property
    def run(self) -> int | None:
        """The run that the order is about, if it names one."""
        return next((each for each in self._runs if each is not None), None)

    def order(self, by: Giver) -> tuple[str, _Order]:
        """Return what is to be done: its name, as in `runs.confirm-run`, and a call."""
        batch, name = self.batch, by.account.username if by.account else by.shell_user
        given: Any = {"by": name, "shell_user": by.shell_user}
        if self.cancel:
            return "cancel", lambda now: orders.cancel(batch, now=now, **given)
        if (skip := self.skip) is not None:
            return "skip", lambda now: orders.skip(batch, skip, now=now, **given)
        given["account"] = by.account
        if (again := self.again) is not None:
            start = self.from_step
            return "again", lambda now: orders.again(batch, again, start, now=now, **given)
        return "run", lambda now: orders.order(batch, self.settings, now=now, **given)

    def answer(self, given: Callable[[], ApprovalOrder]) -> tuple[str, _Order]:
        """Return how the request for approval is answered, like `order`."""
        if self.approve is not None:
            return "approve", lambda now: orders.approve(given(), now)
        if self.refused is not None:
            return "refuse", lambda now: orders.refuse(given(), now)
        return "break-glass", lambda now: orders.break_glass(given(), now)


def _carried_out(parts: Parts, asked: RunArguments, *, yes: bool) -> Run:
    work, by = planned(asked.batch), _giver(asked.account)
    act, order = _answer(parts, asked, by, yes=yes) if asked.answered else asked.order(by)
    if act == "run":
        # Before the question: nobody agrees to what can't be.
        orders.accepted(work, asked.settings)
    if not yes:
        question = Message(f"runs.confirm-{act}", batch=asked.batch, rule=work.timing, run=asked.run)
        confirm(question)
    # Not before the question: the role and the request's end count when somebody says yes.
    run = order(system_clock())
    say(Message("runs.ordered", batch=run.work, run=run.pk))
    return run


def _answer(parts: Parts, asked: RunArguments, by: Giver, *, yes: bool) -> tuple[str, _Order]:
    run = Run.objects.filter(pk=asked.answered or 0).first()
    request = request_of(run) if run is not None else None
    if request is not None and not yes:
        for label, value in request.facts_said():
            say(f"{label}: {value}")
    # Without a request, the order itself says what is wrong.
    shown = request.digest if request is not None else ""

    def given() -> ApprovalOrder:
        return ApprovalOrder(asked.answered or 0, shown, by, edition_of(parts), asked.reason, asked.batch)

    return asked.answer(given)


def _giver(name: str | None) -> Giver:
    user = shell_user()
    if name is None:
        return Giver(None, ApprovalAnswer.Via.SHELL, user)
    return Giver(account_acting(name), ApprovalAnswer.Via.SHELL, user)


def _list_parameters(batch: str) -> None:
    takes = read(planned(batch).parameters)
    if not takes:
        say(choices(takes))
        return
    width = max(len(each.name) for each in takes)
    for each in takes:
        words = "  ".join(filter(None, (str(each.purpose), str(allowed(each)))))
        say(f"{each.name:<{width}}  {words}  --set {each.name}={each.example}")


def _followed(run: Run) -> bool:
    try:
        return follow(run)
    except KeyboardInterrupt:
        say(Message("runs.no-longer-followed", run=run.pk))
        return True


def _parameters(settings: tuple[str, ...]) -> dict[str, str]:
    try:
        return read_parameters(settings)
    except NoParameter as exc:
        raise click.BadParameter(str(exc.said), param_hint="--set") from exc
