"""`toban silence`: stop notifications about something, for a time and with a reason."""

from collections.abc import Sequence

import click

from toban.engine.clock import system_clock
from toban.engine.notify import orders
from toban.engine.notify.models import Silence
from toban.faces.cli.notify.periods import show
from toban.faces.cli.period import end as end_of
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import say, speak_utf8
from toban.message import Message


@click.command(
    "silence",
    epilog='Example: toban silence --target DB --item cpu --for "2 hours" --reason "adding memory"',
)
@click.option("--clause", metavar="ID", help="The row, by its id in the evidence.")
@click.option("--target", metavar="NAME", help="The document's target: DB.")
@click.option("--item", metavar="METRIC", help="What is measured: cpu, memory, latency.")
@click.option("--instance", metavar="NAME", help="One of the target's instances: db-1.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any other label: batch=B003, sender=grafana, label.team=payments.",
)
@click.option("--for", "lasting", metavar="LENGTH", help="How long: `2 hours`, `30 minutes`.")
@click.option("--until", metavar="TIME", help="Until when: 2026-11-25T18:00.")
@click.option("--reason", metavar="WORDS", default="", help="Why, for those who look at it later.")
@click.option("--end", "ended", type=int, metavar="SILENCE", help="End one now.")
@click.option("--list", "listing", is_flag=True, help="Show the active silences.")
@FORMAT
def command(
    clause: str | None,
    target: str | None,
    item: str | None,
    instance: str | None,
    labels: tuple[str, ...],
    lasting: str | None,
    until: str | None,
    reason: str,
    ended: int | None,
    listing: bool,
    form: str,
) -> None:
    """Silence the alerts that match all of --clause, --target, --item, --instance and --label.

    A silence needs an end. Problems that are still ongoing then are notified again. The evidence records
    who silenced them.

    \b
    Exit status:
      0  done
      1  not possible: no end, no reason, nothing named, or no such silence
      2  the state database can't be used
    """
    speak_utf8()
    wanted = {"clause": clause, "target": target, "item": item, "instance": instance}
    matchers = {name: value for name, value in wanted.items() if value} | _labels(labels)
    with usable_state():
        by, now = shell_user(), system_clock()
        if listing:
            _show(form)
            return
        if ended is not None:
            orders.end_silence(ended, by=by, now=now)
            say(Message("notify.silence-ended", silence=ended))
            return
        made = orders.silence(matchers, reason, ends_at=end_of(now, lasting, until), by=by, now=now)
        until = f"{made.ends_at.astimezone():%Y-%m-%d %H:%M}"
        say(Message("notify.silenced-until", silence=made.pk, at=until))


def _labels(written: Sequence[str]) -> dict[str, str]:
    found = {}
    for each in written:
        name, is_pair, value = each.partition("=")
        if not is_pair:
            raise click.BadParameter(str(Message("notify.not-a-pair", text=each)), param_hint="--label")
        found[name.strip()] = value.strip()
    return found


def _show(form: str) -> None:

    found = Silence.objects.unended(system_clock()).order_by("ends_at")
    show(found, form, fields=("silence", "matchers"), about=_about, none=Message("notify.no-silences"))


def _about(silence: Silence) -> str:
    return " ".join(f"{name}={value}" for name, value in silence.matchers.items())
