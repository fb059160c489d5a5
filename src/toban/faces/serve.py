"""`toban serve`: the process that shows the living document and takes in what is sent, both in one server."""

import os
from collections.abc import Callable, Mapping
from types import FrameType
from typing import TYPE_CHECKING, override

import click
import uvicorn

from toban.engine.parts import Parts
from toban.faces.terminal import refuse, speak_utf8

if TYPE_CHECKING:
    from toban.engine.bindings.edition import Edition
    from toban.engine.bindings.inforce import InForce
    from toban.engine.runs.work import Work

_UNUSABLE = 2
_PATIENCE = 2
"""Seconds that requests in hand have to end after SIGTERM; streams are ended at once."""


@click.command("serve", short_help="Serve the living document (生きている文書を見せる).")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8300, show_default=True)
@click.pass_obj
def command(parts: Parts, host: str, port: int) -> None:
    """Serve the document that TOBAN_DESIGN names until SIGTERM; `toban up` starts this.

    toban up が起動します。文書か接続表が変わると読み直し、読めない版は採らずに前の版で続けます。

    \b
    Exit status:
      0  stopped as asked
      2  there is no secret key in TOBAN_HOME
    """
    speak_utf8()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toban.settings")
    # Django wants its settings before anything of it is loaded.
    import django  # noqa: PLC0415

    django.setup()
    _require_secret_key()
    from toban.engine.bindings import present  # noqa: PLC0415
    from toban.engine.clock import system_clock  # noqa: PLC0415
    from toban.faces.ingest.app import application  # noqa: PLC0415
    from toban.faces.ingest.hub import Hub  # noqa: PLC0415
    from toban.faces.ingest.runs.pings import Pings  # noqa: PLC0415
    from toban.faces.web import assets  # noqa: PLC0415

    in_force = parts.in_force()

    def refresh() -> str:
        in_force.refresh()
        return in_force.edition.design.digest if in_force.edition else ""

    present.use(in_force)
    hub = Hub(refresh)
    config = uvicorn.Config(
        application(hub, Pings(_works_of(parts, in_force), system_clock), assets.DIRECTORIES),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        # There are none here, and Django would raise for each that a stranger tries.
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=_PATIENCE,
        # Whoever sits in front is trusted only where the operator says so (FORWARDED_ALLOW_IPS).
        proxy_headers=True,
    )
    _Server(config, before_exit=hub.stop).run()


def _works_of(parts: Parts, in_force: "InForce") -> "Callable[[], Mapping[str, Work]]":
    """Return what gives the works of the edition in force, the same object for the same edition."""
    from toban.engine.operation import operations_of, works_of  # noqa: PLC0415

    operations = operations_of(parts.extensions)
    known: list[tuple[Edition | None, Mapping[str, Work]]] = [(None, {})]

    def works() -> "Mapping[str, Work]":
        edition = in_force.edition
        if edition is not None and edition is not known[0][0]:
            known[0] = edition, works_of(edition, operations)
        return known[0][1]

    return works


class _Server(uvicorn.Server):
    """Ends the live streams when told to stop: they would wait for news for ever."""

    def __init__(self, config: uvicorn.Config, *, before_exit: Callable[[], None]) -> None:
        super().__init__(config)
        self._before_exit = before_exit

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._before_exit()
        super().handle_exit(sig, frame)


def _require_secret_key() -> None:
    """Serve nobody with the key that stands in the source, where everybody may read it."""
    from django.conf import settings  # noqa: PLC0415

    path = settings.HOME / "secret-key"
    if not path.is_file() or not path.read_text().strip():
        refuse(
            f"{path}: ページの秘密鍵がありません",
            "toban up で起動してください。鍵は起動のときに作られます",
        )
        raise SystemExit(_UNUSABLE)
