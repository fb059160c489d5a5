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

_UNUSABLE = 2
_LOGS_EVERY = 2.0
"""Seconds between two looks at the log files: the server's store prefers fewer, larger batches."""

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
    metrics: bool


@dataclass(frozen=True, slots=True)
class Duty:
    """One job of the agent: a step that returns what went wrong, and the interval between steps."""

    name: str
    step: Callable[[], str]
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
@click.option("--metrics/--no-metrics", default=True, show_default=True, help="Measure this host.")
@click.option("--once", is_flag=True, help="Look and send once, and say whether it worked.")
def command(token_file: Path | None, once: bool, **asked: object) -> None:
    """Measure this host and follow its logs, until SIGTERM; what can't be sent waits.

    この機械の CPU、メモリ、ディスクを測って送ります。届かない間はディスクに貯め、後で古い順に送ります。
    --log のファイルは、書き足された行を送ります。ローテーションも再起動も越えて、一行も落とさず、重ねません。
    --journal は systemd のジャーナルを、同じように送ります。
    受け取る側の toban.toml には [senders.名前] (may = ["metrics", "logs"]) と { kind = "pushed", … } を、
    ファイルの書き方が JSON や文でなければ files を書きます。

    \b
    Exit status:
      0  stopped as asked; with --once: sent
      1  with --once: not sent, it waits in the spool, or in the log files
      2  there is nothing to do or no token, or the spool can't be used
    """
    speak_utf8()
    order = AgentOrder(**asked)  # type: ignore[arg-type]
    if not (order.logs or order.metrics or order.journal is not None):
        refuse(
            "することがありません",
            "--log でログのファイルを、--journal でジャーナルを指定するか、--no-metrics を外してください",
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
        if once:
            raise SystemExit(_once(duties, order.instance))
        _forever(duties, stop)


def _metrics(order: AgentOrder, token: str, stop: threading.Event, until: ExitStack) -> Duty:
    try:
        waiting = Spool(order.spool, order.keep)
    except OSError as exc:
        refuse(
            f"{order.spool}: ここには書けません ({exc.strerror})", "書ける場所を --spool で指定してください"
        )
        raise SystemExit(_UNUSABLE) from exc
    client = until.enter_context(new_client(order.url, token, order.ca_file))
    agent = Agent(HostSource(HostConfig(instance=order.instance)), waiting, client, order.instance)

    is_first = True

    def step() -> str:
        nonlocal is_first
        if is_first:
            # CPU usage is the mean between two looks: the first reading needs an extra one.
            agent.look()
            stop.wait(1.0)
            is_first = False
        agent.look()
        why = agent.send()
        return f"{why} ({len(waiting)}件が待っています)" if why else ""

    return Duty("metrics", step, order.every)


@contextmanager
def _told_where_unusable() -> Iterator[None]:
    """End the command if the files in the spool can't be used."""
    try:
        yield
    except PositionsUnusable as exc:
        refuse(str(exc), exc.hint)
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
        refuse("journalctl がありません", LACKING)
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


def _once(duties: list[Duty], instance: str) -> int:
    troubles = [why for duty in duties if (why := duty.step())]
    say("\n".join(troubles) or f"{instance} の値とログを送りました")
    return 1 if troubles else 0


def _forever(duties: list[Duty], stop: threading.Event) -> None:
    loops.run(
        [loops.Loop(duty.name, _telling(duty), duty.every) for duty in duties], stop, patience=_PATIENCE
    )


def _telling(duty: Duty) -> Callable[[], None]:
    """Return the duty's step, wrapped to print what went wrong when that changes."""
    last = ""

    def step() -> None:
        nonlocal last
        why = duty.step()
        # The same problem with more items waiting counts as the same.
        if why.partition(" (")[0] != last.partition(" (")[0]:
            say(why or "送れるようになりました")
        last = why

    return step


def _token(file: Path | None) -> str:
    try:
        token = file.read_text(encoding="utf-8").strip() if file else os.environ.get("TOBAN_AGENT_TOKEN", "")
    except OSError as exc:
        refuse(f"{file}: 読めません ({exc.strerror})", "鍵のファイルの場所と権限を確かめてください")
        raise SystemExit(_UNUSABLE) from exc
    if not token:
        refuse("送るための鍵がありません", "TOBAN_AGENT_TOKEN か --token-file で渡してください")
        raise SystemExit(_UNUSABLE)
    return token
