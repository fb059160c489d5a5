"""`toban maintenance`: announce work that the document does not plan."""

import click

from toban.engine.clock import system_clock
from toban.engine.notify import orders
from toban.engine.notify.models import Maintenance
from toban.faces.cli.notify.periods import line, show
from toban.faces.cli.period import end as end_of
from toban.faces.cli.period import moment
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import say, speak_utf8
from toban.message import Message, listing


@click.command(
    "maintenance",
    epilog=(
        'Example: toban maintenance --target DB --from 2026-11-25T22:00 --for "1 hour" --reason "new disk"'
    ),
)
@click.option("--target", "targets", multiple=True, metavar="NAME", help="A target; none: the whole system.")
@click.option("--from", "since", metavar="TIME", help="Start time. [default: now]")
@click.option("--for", "lasting", metavar="LENGTH", help="How long: `2 hours`, `30 minutes`.")
@click.option("--until", metavar="TIME", help="Until when: 2026-11-25T18:00.")
@click.option("--reason", metavar="WORDS", default="", help="The reason: what is being done.")
@click.option(
    "--end", "ended", type=int, metavar="MAINTENANCE", help="End one now, or cancel an upcoming one."
)
@click.option("--list", "listing", is_flag=True, help="Show current and upcoming maintenance.")
@FORMAT
def command(
    targets: tuple[str, ...],
    since: str | None,
    lasting: str | None,
    until: str | None,
    reason: str,
    ended: int | None,
    listing: bool,
    form: str,
) -> None:
    """Add maintenance: alerts of its targets are not notified meanwhile and count as planned downtime.

    Problems that are still ongoing at the end are notified. The evidence records who decided it.

    \b
    Exit status:
      0  done
      1  not possible: no end, no reason, or no such maintenance
      2  the state database can't be used
    """
    speak_utf8()
    with usable_state():
        by, now = shell_user(), system_clock()
        if listing:
            _show(form)
            return
        if ended is not None:
            orders.end_maintenance(ended, by=by, now=now)
            say(Message("notify.maintenance-ended", maintenance=ended))
            return
        start = moment(since, "--from") if since is not None else now
        made = orders.announce_maintenance(
            targets, reason, starts_at=start, ends_at=end_of(start, lasting, until), by=by, now=now
        )
        say(f"{Message('notify.maintenance', maintenance=made.pk)}  {line(made, _targets(made))}")


def _show(form: str) -> None:

    found = Maintenance.objects.unended(system_clock()).order_by("starts_at")
    none = Message("notify.no-maintenance")
    show(found, form, fields=("maintenance", "targets"), about=_targets, none=none)


def _targets(planned: Maintenance) -> str:
    return str(listing(planned.targets) or Message("notify.whole-system"))
