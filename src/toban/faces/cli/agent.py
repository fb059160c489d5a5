"""`toban agent`: on a host, push what it measures to a Toban elsewhere."""

import os
import signal
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toban.faces.cli.terminal import refuse, say, speak_utf8

if TYPE_CHECKING:
    from toban.faces.agent import Agent, Spool

_UNUSABLE = 2


@click.command(
    "agent",
    short_help="Push this host's CPU, memory and disks (この機械の値を送る).",
    epilog="Example: TOBAN_AGENT_TOKEN=… toban agent --url https://toban.example.com --instance web-1",
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
@click.option("--once", is_flag=True, help="Look and send once, and say whether it worked.")
def command(
    url: str,
    instance: str,
    token_file: Path | None,
    every: float,
    spool: Path,
    keep: int,
    ca_file: str | None,
    once: bool,
) -> None:
    """Measure this host and push it, until SIGTERM; what can't be sent waits in the spool.

    この機械の CPU、メモリ、ディスクを測って送ります。届かない間はディスクに貯め、後で古い順に送ります。
    受け取る側の toban.toml には [senders.名前] (may = ["metrics"]) と { kind = "pushed", … } を書きます。

    \b
    Exit status:
      0  stopped as asked; with --once: sent
      1  with --once: not sent, it waits in the spool
      2  there is no token, or the spool can't be written
    """
    speak_utf8()
    token = _token(token_file)
    from toban.chapters.monitoring.sources.host.source import HostConfig, HostSource  # noqa: PLC0415
    from toban.engine.clock import system_clock  # noqa: PLC0415
    from toban.faces.agent import Agent, Spool, new_client  # noqa: PLC0415

    try:
        waiting = Spool(spool, keep)
    except OSError as exc:
        refuse(f"{spool}: ここには書けません ({exc.strerror})", "書ける場所を --spool で指定してください")
        raise SystemExit(_UNUSABLE) from exc
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with new_client(url, token, ca_file) as client:
        agent = Agent(HostSource(HostConfig(instance=instance)), waiting, client, instance)
        # Its CPU usage is the mean between two looks.
        agent.look(system_clock())
        stop.wait(1.0 if once else every)
        if once:
            raise SystemExit(_once(agent, instance))
        _forever(agent, waiting, every, stop)


def _once(agent: "Agent", instance: str) -> int:
    from toban.engine.clock import system_clock  # noqa: PLC0415

    agent.look(system_clock())
    why = agent.send()
    say(why or f"{instance} の値を送りました")
    return 1 if why else 0


def _forever(agent: "Agent", waiting: "Spool", every: float, stop: threading.Event) -> None:
    from toban.engine.clock import system_clock  # noqa: PLC0415

    last = ""
    while not stop.is_set():
        agent.look(system_clock())
        why = agent.send()
        if why != last:
            say(f"{why} ({len(waiting)}件が待っています)" if why else "送れるようになりました")
        last = why
        stop.wait(every)


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
