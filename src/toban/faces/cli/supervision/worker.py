"""`toban worker`: the process that measures, judges and notifies."""

import os
import signal
import threading

import click
import structlog
from django.conf import settings
from django.db import connection

from toban.engine import loops
from toban.engine.clock import system_clock
from toban.engine.registry.parts import Parts
from toban.engine.state import tables
from toban.engine.worker import Worker
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, speak_utf8
from toban.message import Message

_PATIENCE = 2.0
"""Seconds that running steps get to finish after SIGTERM."""
_KEPT = 60
"""Seconds until a connection is opened anew, so that a database file that has been replaced is noticed."""
_UNUSABLE = 2


@click.command("worker")
@click.pass_obj
def command(parts: Parts) -> None:
    """Run the document that TOBAN_DESIGN names until SIGTERM; `toban up` starts this.

    Changed files are read again. A version that can't be read is refused, and the last one stays in force.
    """
    speak_utf8()
    with usable_state():
        tables.require_known_if_readable()
    know_the_store()
    log_as_events()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    keep_connections()
    log = structlog.get_logger("toban.worker")
    worker = Worker(parts, clock=system_clock)
    log.info("worker_started")
    all_ended = loops.run(worker.loops(), stop, patience=_PATIENCE)
    worker.close()
    log.info("worker_stopped", all_steps_ended=all_ended)


def know_the_store() -> None:
    """Have all of the worker know the store of measurements: the one that is named, else its home's."""
    if not settings.TELEMETRY_URL:
        refuse(Message("cli.no-store-named", home=settings.HOME), Message("cli.name-home-or-store"))
        raise SystemExit(_UNUSABLE)
    os.environ["TOBAN_TELEMETRY_URL"] = settings.TELEMETRY_URL


def keep_connections() -> None:
    """Let each loop keep its connection to SQLite for a while: to open one costs ten times a look.

    PostgreSQL counts its sessions, of which each loop would keep one.
    """
    if connection.vendor == "sqlite":
        connection.settings_dict["CONN_MAX_AGE"] = _KEPT


def log_as_events() -> None:
    """Log one JSON object per line: the event's name and its fields."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=_as_json),
        ],
        cache_logger_on_first_use=True,
    )


def _as_json(value: object) -> object:
    """Return a message as its code and values: a log is not read in one language."""
    return value.as_json() if isinstance(value, Message) else repr(value)
