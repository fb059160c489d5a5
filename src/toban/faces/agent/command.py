"""`toban agent`: on a host, push what it measures and the logs written there to a Toban elsewhere."""

import os
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from toban.chapters.monitoring.sources.host.source import HostConfig, HostSource
from toban.engine import loops
from toban.engine.clock import system_clock
from toban.faces.agent.client import new_client
from toban.faces.agent.files.positions import Positions, PositionsUnusable
from toban.faces.agent.files.tail import FileTail
from toban.faces.agent.journal.courier import JournalCourier
from toban.faces.agent.journal.journal import Journal, Marks
from toban.faces.agent.journal.journalctl import LACKING
from toban.faces.agent.logs import Shipper
from toban.faces.agent.readings import Agent, Spool
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import NOTHING, Message, lines, message_of

_UNUSABLE = 2
_LOGS_EVERY = 2.0
"""Seconds between two looks at the log files: the server's store prefers fewer, larger batches."""

_INVENTORIES_EVERY = 60.0
"""Seconds between two looks at whether a list is due, or has to be sent again."""

_PATIENCE = 15.0
"""Seconds that a request in progress gets to finish after SIGTERM."""


@dataclass(frozen=True, slots=True)
class AgentOrder:
    """What the operator asked for."""

    url: str
    instance: str
    every: float
    spool: Path
    keep: int
    ca_file: str | None
    logs: tuple[str, ...]
    journal: str | None
    """A folder of journal files; empty means the host's own journal, None no journal."""
    inventories: tuple[str, ...]
    """What is installed here, as `NAME` or `NAME=PATH`."""
    metrics: bool


@dataclass(frozen=True, slots=True)
class Duty:
    """One job of the agent: a step that returns what went wrong, and the interval between steps."""

    name: str
    step: Callable[[], Message]
    every: float


@click.command(
    "agent",
    epilog="Example: TOBAN_AGENT_TOKEN=… toban agent --url https://toban.example.com --instance web-1"
    " --log '/var/log/nginx/*.log'",
)
@click.option("--url", required=True, help="The Toban to send to.")
@click.option(
    "--instance", default=socket.gethostname, show_default="host name", help="What to call this host."
)
@click.option(
    "--token-file", type=click.Path(path_type=Path), help="Holds the token; else TOBAN_AGENT_TOKEN."
)
@click.option("--every", type=click.FloatRange(1, 3600), default=15.0, show_default=True, help="Seconds.")
@click.option("--spool", type=click.Path(path_type=Path), default=Path("toban-agent"), show_default=True)
@click.option(
    "--keep", type=click.IntRange(1, 100_000), default=5760, show_default=True, help="Readings kept."
)
@click.option("--ca-file", help="Certificates to trust instead of the system's.")
@click.option("--log", "logs", multiple=True, metavar="PATTERN", help="Log files to follow; may be repeated.")
@click.option(
    "--journal",
    is_flag=False,
    flag_value="",
    metavar="[FOLDER]",
    help="Follow the systemd journal: this host's, or that in FOLDER.",
)
@click.option(
    "--inventory",
    "inventories",
    multiple=True,
    metavar="NAME[=PATH]",
    help="Send what is installed, for scans: this host's packages, or a lock file, or a Python environment.",
)
@click.option("--metrics/--no-metrics", default=True, show_default=True, help="Measure this host.")
@click.option("--once", is_flag=True, help="Look and send once, and say whether it worked.")
def command(token_file: Path | None, once: bool, **asked: object) -> None:
    """Measure this host, follow its logs and list its packages, until SIGTERM; what can't be sent waits.

    It measures the CPU, memory and disks of this host. While Toban can't be reached, readings wait on the
    disk, and are sent later, the oldest first. Of the files of --log, it sends the lines that are added: no
    line is lost or sent twice, through rotation and restarts. --journal sends the systemd journal in the same
    way. --inventory sends every six hours what is installed. The toban.toml of the receiver needs
    [senders.NAME] (may = ["metrics", "logs", "inventory"]) and { kind = "pushed", … }, and files for a file
    that is neither JSON nor plain text.

    \b
    Exit status:
      0  stopped as asked; with --once: sent
      1  with --once: not sent, it waits in the spool, or in the log files
      2  there is nothing to do or no token, or the spool can't be used
    """
    speak_utf8()
    order = AgentOrder(**asked)  # type: ignore[arg-type]
    if not (order.logs or order.metrics or order.inventories or order.journal is not None):
        refuse(
            Message("agent.nothing-to-do"),
            Message("agent.choose-what-to-send"),
        )
        raise SystemExit(_UNUSABLE)
    token = _token(token_file)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as open_until_the_end:
        duties = [_metrics(order, token, stop, open_until_the_end)] if order.metrics else []
        if order.logs:
            duties.append(open_until_the_end.enter_context(_logs(order, token, stop)))
        if order.journal is not None:
            duties.append(open_until_the_end.enter_context(_journal(order, order.journal, token, stop)))
        if order.inventories:
            duties.append(_inventories(order, token, open_until_the_end))
        if once:
            raise SystemExit(_once(duties, order.instance))
        _forever(duties, stop)


def _metrics(order: AgentOrder, token: str, stop: threading.Event, until: ExitStack) -> Duty:
    try:
        waiting = Spool(order.spool, order.keep)
    except OSError as exc:
        refuse(
            Message("agent.spool-not-writable", folder=order.spool, reason=exc.strerror),
            Message("agent.choose-writable-spool"),
        )
        raise SystemExit(_UNUSABLE) from exc
    client = until.enter_context(new_client(order.url, token, order.ca_file))
    agent = Agent(HostSource(HostConfig(instance=order.instance)), waiting, client, order.instance)

    is_first = True

    def step() -> Message:
        nonlocal is_first
        if is_first:
            # CPU usage is the mean between two looks: the first reading needs an extra one.
            agent.look()
            stop.wait(1.0)
            is_first = False
        agent.look()
        why = agent.send()
        return Message("agent.readings-wait", reason=why, count=len(waiting)) if why else NOTHING

    return Duty("metrics", step, order.every)


@contextmanager
def _told_where_unusable() -> Iterator[None]:
    """End the command if the files in the spool can't be used."""
    try:
        yield
    except PositionsUnusable as exc:
        refuse(message_of(exc), exc.hint)
        raise SystemExit(_UNUSABLE) from exc


@contextmanager
def _logs(order: AgentOrder, token: str, stop: threading.Event) -> Iterator[Duty]:
    # Absolute, so that they mean the same wherever the agent is started next.
    patterns = [str(Path(pattern).absolute()) for pattern in order.logs]
    with _told_where_unusable():
        tail = FileTail(patterns, Positions(order.spool / "logs"), system_clock)
    try:
        with new_client(order.url, token, order.ca_file) as client:
            shipper = Shipper(tail, client, order.instance, is_stopped=stop.is_set)
            yield Duty("logs", shipper.step, _LOGS_EVERY)
    finally:
        tail.close()


@contextmanager
def _journal(order: AgentOrder, folder: str, token: str, stop: threading.Event) -> Iterator[Duty]:
    program = shutil.which("journalctl")
    if program is None:
        refuse(Message("agent.no-journalctl"), LACKING)
        raise SystemExit(_UNUSABLE)
    command = [program, f"--directory={Path(folder).absolute()}"] if folder else [program]
    with _told_where_unusable():
        journal = Journal(command, Marks(order.spool / "journal"), system_clock)
    try:
        with new_client(order.url, token, order.ca_file) as client:
            courier = JournalCourier(journal, client, order.instance, is_stopped=stop.is_set)
            yield Duty("journal", courier.step, _LOGS_EVERY)
    finally:
        journal.close()


def _inventories(order: AgentOrder, token: str, until: ExitStack) -> Duty:
    # What can ask other hosts as well comes with it, SSH among that: an agent for logs stays small.
    from toban.faces.agent.inventories import InventoryCourier, wanted_of  # noqa: PLC0415

    try:
        wanted = wanted_of(order.inventories)
    except ValueError as exc:
        refuse(Message("agent.inventory-without-name", written=str(exc)), Message("agent.name-the-inventory"))
        raise SystemExit(_UNUSABLE) from exc
    client = until.enter_context(new_client(order.url, token, order.ca_file))
    return Duty("inventory", InventoryCourier(wanted, client).step, _INVENTORIES_EVERY)


def _once(duties: list[Duty], instance: str) -> int:
    troubles = [why for duty in duties if (why := duty.step())]
    say(lines(*troubles) or Message("agent.sent", host=instance))
    return 1 if troubles else 0


def _forever(duties: list[Duty], stop: threading.Event) -> None:
    loops.run(
        [loops.Loop(duty.name, _telling(duty), duty.every) for duty in duties], stop, patience=_PATIENCE
    )


def _telling(duty: Duty) -> Callable[[], None]:
    """Return the duty's step, wrapped to print what went wrong when that changes."""
    last: object = NOTHING

    def step() -> None:
        nonlocal last
        why = duty.step()
        # The same problem with more readings waiting counts as the same.
        problem = why.values["reason"] if why.code == "agent.readings-wait" else why
        if problem != last:
            say(why or Message("agent.sends-again"))
        last = problem

    return step


def _token(file: Path | None) -> str:
    try:
        token = file.read_text(encoding="utf-8").strip() if file else os.environ.get("TOBAN_AGENT_TOKEN", "")
    except OSError as exc:
        refuse(
            Message("agent.token-unreadable", file=file, reason=exc.strerror),
            Message("agent.check-token-file"),
        )
        raise SystemExit(_UNUSABLE) from exc
    if not token:
        refuse(Message("agent.no-token"), Message("agent.give-token"))
        raise SystemExit(_UNUSABLE)
    return token
