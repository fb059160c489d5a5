"""`toban run BATCH`: orders to a Toban that is running."""

import getpass
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from toban.faces.cli.state import opened_state
from toban.faces.cli.terminal import refuse, say, speak_utf8
from toban.faces.run_parameters import NoParameter, read_parameters

if TYPE_CHECKING:
    from toban.engine.runs.models import Run

_REFUSED = 1


@click.command(
    "run",
    short_help="Run a batch now, cancel, skip or repeat it (バッチを今すぐ実行する).",
    epilog="Example: toban run B004 --set date=2026-11-24",
)
@click.argument("batch")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the run.")
@click.option("--cancel", is_flag=True, help="End the run that waits or goes on.")
@click.option("--skip", metavar="REASON", help="Leave out the waiting run, or the next due time.")
@click.option("--again", type=int, metavar="RUN", help="Take up an ended run after its last finished step.")
@click.option("--from", "from_step", metavar="STEP", help="With --again: from this step on.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def command(
    batch: str,
    settings: tuple[str, ...],
    cancel: bool,
    skip: str | None,
    again: int | None,
    from_step: str | None,
    yes: bool,
) -> None:
    """Order BATCH to be run now, by the worker of the Toban whose state TOBAN_HOME holds.

    バッチを今すぐ実行するよう、動いている Toban に頼みます。だれが頼んだかは証跡に残ります。

    \b
    Exit status:
      0  ordered
      1  not possible as things stand, or not confirmed
      2  the state database can't be used
    """
    speak_utf8()
    if sum((cancel, skip is not None, again is not None)) > 1 or (from_step and again is None):
        raise click.UsageError(
            "--cancel、--skip、--again は一つだけ選んでください。--from は --again と使います"
        )
    parameters = _parameters(settings)
    with opened_state():
        from toban.engine.clock import system_clock  # noqa: PLC0415
        from toban.engine.runs import orders  # noqa: PLC0415

        by, now = getpass.getuser(), system_clock()
        if cancel:
            _carry_out("中止します", yes, batch, lambda: orders.cancel(batch, by=by, now=now))
        elif skip is not None:
            _carry_out("次を見送ります", yes, batch, lambda: orders.skip(batch, skip, by=by, now=now))
        elif again is not None:
            words = f"実行 {again} をやり直します"
            _carry_out(words, yes, batch, lambda: orders.again(batch, again, from_step, by=by, now=now))
        else:
            order = lambda: orders.order(batch, parameters, by=by, now=now)  # noqa: E731
            _carry_out("今すぐ実行します", yes, batch, order)


def _carry_out(words: str, yes: bool, batch: str, order: Callable[[], "Run"]) -> None:
    from toban.engine.runs.orders import NotPossible, planned  # noqa: PLC0415

    try:
        work = planned(batch)
        if not yes:
            click.confirm(f"{batch} ({work.rule}) を{words}。よろしいですか", abort=True)
        run = order()
    except NotPossible as exc:
        refuse(str(exc), exc.hint)
        raise SystemExit(_REFUSED) from exc
    say(f"{batch} の実行 {run.pk}: 受け付けました。経過は toban why {batch}")


def _parameters(settings: tuple[str, ...]) -> dict[str, str]:
    try:
        return read_parameters(settings)
    except NoParameter as exc:
        raise click.BadParameter(str(exc), param_hint="--set") from exc
