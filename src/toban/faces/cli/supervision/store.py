"""`toban store`: the telemetry store's process, started by the supervisor."""

import os
from pathlib import Path

import click

from toban.engine.telemetry.child.engine_settings import EngineLimits
from toban.faces.terminal import say
from toban.message import Message, message_of


@click.command()
@click.option("--data", "directory", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.", show_default=True
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=8,
    help="Questions at a time; inserts mostly wait together.",
    show_default=True,
)
@click.option("--memory", type=click.IntRange(512), default=2048, help="MiB at most.", show_default=True)
@click.option("--keep-free", type=click.IntRange(0), default=512, help="MiB of disk.", show_default=True)
def command(directory: Path, port: int, threads: int, memory: int, keep_free: int) -> None:
    """Serve the telemetry store in a directory over ClickHouse's HTTP protocol, on loopback only.

    The secret comes in TOBAN_STORE_SECRET. One line, the URL, is printed when the store takes requests.
    """
    secret = os.environ.pop("TOBAN_STORE_SECRET", "")
    if not secret:
        raise _refusal(Message("telemetry.no-secret"), Message("telemetry.set-the-secret"))
    # Not imported at the top: chDB loads half a gigabyte of library, which only the serving child needs.
    from toban.engine.telemetry.child.process import Occupied, Unopenable, serve  # noqa: PLC0415

    limits = EngineLimits(memory_bytes=memory * 1024**2, free_bytes=keep_free * 1024**2)
    try:
        serve(directory, port=port, secret=secret, limits=limits, threads=threads, announce=say)
    except Occupied as exc:
        raise _refusal(message_of(exc), Message("telemetry.stop-the-other-up")) from exc
    except Unopenable as exc:
        raise _refusal(message_of(exc), Message("telemetry.move-the-directory-away")) from exc
    except OSError as exc:
        unusable = Message(
            "telemetry.store-cannot-use", port=str(port), directory=directory, why=exc.strerror
        )
        raise click.ClickException(str(unusable)) from exc


def _refusal(said: Message, hint: Message) -> click.ClickException:
    return click.ClickException(str(Message("engine.with-hint", said=said, hint=hint)))
