"""`toban up`: run the document with all the processes it needs, until told to stop."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from toban.engine.supervision.home import Home, HomeUnusable, take, write_whole
from toban.engine.supervision.program import Program
from toban.engine.supervision.readiness import serves
from toban.engine.supervision.supervisor import Supervisor, run_until_signalled
from toban.engine.supervision.tether import tethered
from toban.faces.cli.supervision import programs, webshop
from toban.faces.cli.supervision.programs import Instance, OwnStore
from toban.faces.demo.unfinished import is_unfinished
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message, message_of

NEEDED_BYTES = 1024**3
"""With less free space, the telemetry store soon refuses samples: checked before anything runs."""

DEFAULT_PORT = 8300
_CLAIMS: list[socket.socket] = []
"""The ports of the demo that this process has chosen."""
_UNUSABLE = 2


@dataclass(frozen=True, slots=True)
class UpOrder:
    """What the operator asked for."""

    design: Path | None
    bindings: Path | None
    home: Path
    host: str
    port: int
    public_url: str | None
    month: bool = False
    """Whether the demo begins with a month of example data."""


@click.command(
    "up",
    epilog="Example: toban up --design design.md --bindings toban.toml",
)
@click.option("--design", type=click.Path(path_type=Path), help="Without one, a small demo shop's runs.")
@click.option("--bindings", type=click.Path(path_type=Path), help="Default: toban.toml next to the design.")
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var"),
    show_default=True,
    envvar="TOBAN_HOME",
    help="Where state, telemetry, secrets and logs are kept.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve the page on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0: a free one."
)
@click.option(
    "--public-url", envvar="TOBAN_PUBLIC_URL", help="How people reach the page, for links in notifications."
)
@click.option("--demo-month", is_flag=True, help="Begin the demo with a month of example data behind it.")
def command(
    design: Path | None,
    bindings: Path | None,
    home: Path,
    host: str,
    port: int,
    public_url: str | None,
    demo_month: bool,
) -> None:
    """Run an operations design until Ctrl-C: measure, judge, notify, and show it alive.

    Without a design, it runs a small demo shop by the shop's own design.

    \b
    Exit status:
      0  stopped as asked
      2  could not start: the reason and a HINT stand on the error stream
    """
    speak_utf8()
    try:
        _run(UpOrder(design, bindings, home.absolute(), host, port, public_url, demo_month))
    except HomeUnusable as exc:
        refuse(message_of(exc), exc.hint)
        raise SystemExit(_UNUSABLE) from exc


def _run(order: UpOrder) -> None:
    if order.month and order.design is not None:
        raise HomeUnusable(Message("demo.only-with-demo"), Message("demo.leave-out-design"))
    home = take(order.home)
    if is_unfinished(home.path):
        raise HomeUnusable(Message("demo.interrupted"), Message("demo.begin-anew"))
    _require_room(home.path)
    if not os.environ.get("TOBAN_SECRET_KEY"):
        home.secret("secret-key")  # for the pages; toban.settings reads it
    began = time.monotonic()
    port = order.port or free_port()
    _require_free(order.host, port)
    instance, shop = _plan(order, home, port)
    say(Message("supervision.runs", design=instance.design, bindings=instance.bindings, home=home.path))
    _forget_counters(instance.metrics)
    home.secret("metrics-token")  # needed to scrape /metrics
    write_whole(home.path / "telemetry-url", instance.telemetry_url)  # other commands look there
    if order.month:
        _live_through_month(instance)
    _prepare(instance)
    started = (*shop, *programs.programs(instance))
    supervisor = Supervisor(
        started,
        home,
        url=instance.public_url,
        say=lambda line: say(f"[{time.monotonic() - began:6.1f}s] {line}"),
    )
    say(Message("supervision.starting", programs=[each.name for each in started]))
    run_until_signalled(supervisor)
    say(Message("supervision.stopped"))


def _plan(order: UpOrder, home: Home, port: int) -> tuple[Instance, tuple[Program, ...]]:
    shop: tuple[Program, ...] = ()
    environment: dict[str, str] = {}
    design, bindings = order.design, order.bindings
    if design is None:
        taken = {part: _first_free(written) for part, written in webshop.PORTS.items()}
        demo = webshop.open_webshop(home, taken, f"{programs.reachable(order.host)}:{port}")
        design, bindings = _briefly(demo.design), webshop.place_bindings(demo, bindings)
        shop, environment = webshop.programs(demo), demo.for_toban
    instance = Instance(
        home=home.path,
        # As given: citations use this name, and every process runs in this same directory.
        design=design,
        bindings=bindings or design.with_name("toban.toml"),
        host=order.host,
        port=port,
        public_url=order.public_url or f"http://{programs.reachable(order.host)}:{port}",
        store=os.environ.get("TOBAN_TELEMETRY_URL") or OwnStore(free_port(), home.secret("telemetry-secret")),
        more=environment,
        judged=tuple(each.name for each in shop if each.ready),
    )
    return instance, shop


def _briefly(path: Path) -> Path:
    """Return *path* relative to the current folder if it is inside: citations should be short."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _prepare(instance: Instance) -> None:
    """Check what the operator wrote and bring the state up to date, in a process of its own.

    This keeps what it needs (Django, the reader) out of the present process, which lives long and should stay
    small.
    """
    done = subprocess.run(programs.toban("prepare"), env=programs.surroundings(instance), check=False)
    if done.returncode != 0:
        raise SystemExit(_UNUSABLE)


def _live_through_month(instance: Instance) -> None:
    """Fill the home with a month of example data, with nothing but the store running."""
    with ExitStack() as running:
        for store in (each for each in programs.programs(instance) if each.name == "store"):
            running.enter_context(_running(store, instance.home))
        command = tethered(list(programs.toban("demo")), parent=os.getpid())
        done = subprocess.run(command, env=programs.surroundings(instance), check=False)
    if done.returncode != 0:
        raise SystemExit(_UNUSABLE)


@contextmanager
def _running(program: Program, home: Path) -> Iterator[None]:
    """Keep *program* running, which is ready before the block begins."""
    with (home / f"{program.name}.log").open("ab") as log:
        surroundings = {**os.environ, **program.environment}
        command = tethered(list(program.command), parent=os.getpid())
        process = subprocess.Popen(command, env=surroundings, stdout=log, stderr=log)
        try:
            while process.poll() is None and not serves(program.ready):
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait()


def _forget_counters(folder: Path) -> None:
    """Remove old counters: like any process's, they restart with Toban. Old files would add up."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def _require_room(path: Path) -> None:
    free = shutil.disk_usage(path).free
    if free < NEEDED_BYTES:
        raise HomeUnusable(
            Message(
                "supervision.too-little-room", path=path, free=free // 1024**2, needed=NEEDED_BYTES // 1024**2
            ),
            Message("supervision.make-room"),
        )


def _require_free(host: str, port: int) -> None:
    """Refuse a port that is taken now; otherwise only the log of the page's process would say so."""
    try:
        with closing(_bound(host, port)):
            pass
    except OSError as exc:
        raise HomeUnusable(
            Message("supervision.cannot-listen", host=host, port=str(port), why=exc.strerror),
            Message("supervision.name-another-port"),
        ) from exc


def free_port() -> int:
    """Return a loopback port that nobody listens on at this moment."""
    with closing(_bound("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _first_free(port: int) -> int:
    """Return *port* if nobody listens there, and no other `toban up` is about to; otherwise a free one.

    Whoever chose it listens only seconds later: the name of a socket tells others until then, and is free
    again when this process ends.
    """
    claim = socket.socket(socket.AF_UNIX)
    try:
        if sys.platform == "linux":
            claim.bind(f"\0toban-up-{port}")
        _bound("127.0.0.1", port).close()
    except OSError:
        claim.close()
        return free_port()
    _CLAIMS.append(claim)
    return port


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # As servers do: closing connections of an earlier run don't count.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
