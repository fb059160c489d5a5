"""The small shop that `toban up` runs when it is given no document: its processes and its bindings."""

import hashlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import click

import toban
from toban.engine.supervision.home import Home, write_whole
from toban.engine.supervision.program import Program
from toban.faces.cli.supervision.programs import toban as toban_command
from toban.message import Message

WRITTEN_PORTS = {"web": 8301, "api": 8302, "db": 8303}
"""The ports in the shop's own `toban.toml`; a port that is taken is replaced by another."""

MORE_PORTS = {"web-2": 8304, "shop": 8305, "staging": 8306, "development": 8307, "git": 8308, "caddy": 8309}
"""More of the shop's web machine, in the same file; `web` is the first instance there. See `shop.web`."""

INBOX_PORTS = {"inbox": 8310, "smtp": 8311}
"""Where its notifications arrive, in the same file: the page with the chat's webhook, and the mail server."""

HOST_PORTS = {"host": 8312}
"""Where the host that is patched is logged in to, in the same file; see `shop.host`."""

BUCKET_PORTS = {"bucket": 8313}
"""Where the bucket with its pictures is, in the same file; see `shop.bucket`."""

PORTS = WRITTEN_PORTS | MORE_PORTS | INBOX_PORTS | HOST_PORTS | BUCKET_PORTS
"""All of them."""

CHAT_WEBHOOK = "chat-webhook"
"""The file with the URL of the webhook, next to the bindings."""

DATABASE_VARIABLE = "SHOP_DATABASE_URL"
"""The variable by which the bindings find the shop's database."""

ERRORS_VARIABLE = "SHOP_ERRORS_KEY"
"""The variable by which a copy of the bindings may find the key for the shop's error reports."""

ERRORS_KEY = "errors-key"
"""The file with that key, next to the bindings: `toban errors dsn` finds it there in any shell."""

BUCKET_KEYS = ("bucket-key", "bucket-secret")
"""The files with the two parts of the key for the bucket, next to the bindings; its server takes any."""

SENDER_TOKEN = "sender-token"  # noqa: S105 - the name of a file
"""The file with the token by which the shop sends its logs and traces, next to the bindings."""

LOG_FILES = "*.log.20[2-9]*"
"""What the shop's agent sends: each day's files, and none of those with which a game day fills the folder."""


ADVISORIES = "advisories"
"""The folder with the shop's mirror of advisories, in the source tree and next to the bindings."""


@dataclass(frozen=True, slots=True)
class Webshop:
    """The shop as it is about to run."""

    folder: Path
    place: Path
    ports: dict[str, int]
    password: str
    listens: str
    """Where Toban receives the shop's reports: `127.0.0.1:8300`."""
    errors_key: str
    chat_key: str
    sender_token: str

    @property
    def design(self) -> Path:
        """The shop's operations design."""
        return self.folder / "運用設計書.md"

    @property
    def database_url(self) -> str:
        """The shop's database, with its password."""
        return f"postgresql://shop:{self.password}@127.0.0.1:{self.ports['db']}/postgres"

    @property
    def logs(self) -> Path:
        """The folder of the shop's logs."""
        return self.place / "log"

    @property
    def for_front(self) -> dict[str, str]:
        """The variables of the front's instances, whoever starts them."""
        return {"SHOP_LOGS": str(self.logs), "SHOP_LOCK": str(self.place / "web-lock"), **self.for_reports}

    @property
    def for_reports(self) -> dict[str, str]:
        """The variables by which the shop's programs report errors and traces; OTEL_* are OpenTelemetry's."""
        return {
            "SHOP_ERRORS_DSN": f"http://{self.errors_key}@{self.listens}/1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{self.listens}",
            "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{self.sender_token}",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        }

    @property
    def for_switches(self) -> dict[str, str]:
        """The variable of the API's switches, which remedies and game days turn."""
        return {"SHOP_SWITCHES": str(self.place / "switches")}

    @property
    def for_toban(self) -> dict[str, str]:
        """The variables that the shop's bindings need: its database, and its own programs as batches."""
        programs = Path(sys.executable).parent
        return {
            DATABASE_VARIABLE: self.database_url,
            ERRORS_VARIABLE: self.errors_key,
            **self.for_front,
            **self.for_switches,
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONPATH": str(self.folder),
        }

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the shop's processes, with the bindings' variable for the database."""
        return {
            "SHOP_DB_PASSWORD": self.password,
            DATABASE_VARIABLE: self.database_url,
            "SHOP_API_URL": f"http://127.0.0.1:{self.ports['api']}",
            "SHOP_WEB_URL": f"http://127.0.0.1:{self.ports.get('shop', MORE_PORTS['shop'])}",
            **self.for_front,
            **self.for_switches,
            "PATH": self.for_toban["PATH"],
            "PYTHONUNBUFFERED": "1",
        }


def folder() -> Path:
    """Return the shop's folder in the source tree; raises `ClickException` if there is none."""
    found = Path(toban.__file__).parents[2] / "examples" / "webshop"
    if not found.is_dir():
        hint = Message("supervision.run-your-own-document")
        missing = Message("engine.with-hint", said=Message("supervision.no-demo-shop"), hint=hint)
        raise click.ClickException(str(missing))
    return found


def bind_ports(bindings: str, ports: dict[str, int]) -> str:
    """Return the text of the shop's bindings with the ports it really has."""
    for part, written in PORTS.items():
        if part in ports:
            bindings = bindings.replace(f"127.0.0.1:{written}", f"127.0.0.1:{ports[part]}")
            bindings = bindings.replace(f"\nport = {written}\n", f"\nport = {ports[part]}\n")
    return bindings


def place_bindings(shop: Webshop, written: Path | None) -> Path:
    """Write the bindings (the operator's, or the shop's own) with this run's ports; return the file."""
    source = written or shop.folder / "toban.toml"
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        unreadable = Message("supervision.unreadable-bindings", file=source, why=problem)
        hint = Message("supervision.copy-the-shops-bindings", folder=shop.folder)
        raise click.ClickException(str(Message("engine.with-hint", said=unreadable, hint=hint))) from problem
    path = shop.place / "toban.toml"
    write_whole(path, bind_ports(text, shop.ports))
    return path


def open_webshop(home: Home, ports: dict[str, int], listens: str) -> Webshop:
    """Create the shop's folder in *home*; Toban listens at *listens*."""
    place = home.path / "webshop"
    place.mkdir(mode=0o700, exist_ok=True)
    # Its bindings keep backups there, and a store never creates its own folder.
    (place / "backups").mkdir(mode=0o700, exist_ok=True)
    (place / "log").mkdir(mode=0o750, exist_ok=True)
    # Toban writes the diagram there; it never creates a folder for what it writes either.
    (place / "documents").mkdir(mode=0o700, exist_ok=True)
    _pack_advisories(folder() / ADVISORIES, place / ADVISORIES)
    _write_host_keys(place / "host", ports["host"])
    # 32 hexadecimal digits, like Sentry's own keys.
    key = hashlib.sha256(home.secret("webshop-errors-key").encode()).hexdigest()[:32]
    write_whole(place / ERRORS_KEY, key)
    chat = home.secret("webshop-chat-key")
    write_whole(place / CHAT_WEBHOOK, f"http://127.0.0.1:{ports['inbox']}/chat/{chat}")
    for name in BUCKET_KEYS:
        write_whole(place / name, home.secret(f"webshop-{name}"))
    token = home.secret("webshop-sender-token")
    write_whole(place / SENDER_TOKEN, token)
    return Webshop(folder(), place, ports, home.secret("webshop-db-password"), listens, key, chat, token)


def _write_host_keys(place: Path, port: int) -> None:
    """Write the key of the host that is patched, that of the login there, and how the host is known."""
    # Only the demo needs it: loading it takes a tenth of a second.
    import asyncssh  # noqa: PLC0415

    place.mkdir(mode=0o700, exist_ok=True)
    for name in ("own", "login"):
        if not (place / name).exists():
            key = asyncssh.generate_private_key("ssh-ed25519")
            write_whole(place / f"{name}.pub", key.export_public_key().decode())
            write_whole(place / name, key.export_private_key().decode())
    write_whole(place / "known_hosts", f"[127.0.0.1]:{port} {(place / 'own.pub').read_text().strip()}\n")


def _pack_advisories(records: Path, mirror: Path) -> None:
    """Write the example's advisories as the mirror that its bindings name."""
    for ecosystem in records.iterdir():
        (mirror / ecosystem.name).mkdir(mode=0o700, parents=True, exist_ok=True)
        with ZipFile(mirror / ecosystem.name / "all.zip", "w") as archive:
            for record in sorted(ecosystem.glob("*.json")):
                archive.write(record, record.name)


def programs(shop: Webshop) -> tuple[Program, ...]:
    """Return the shop's processes, and the agent that sends its logs."""
    ports = {part: str(port) for part, port in shop.ports.items()}
    return (
        Program(
            name="shop-inbox",
            command=_part("inbox", "--port", ports["inbox"], "--smtp-port", ports["smtp"]),
            environment={"SHOP_CHAT_KEY": shop.chat_key, "PYTHONUNBUFFERED": "1"},
            directory=shop.folder,
            ready=f"http://127.0.0.1:{ports['inbox']}/healthz",
        ),
        Program(
            name="shop-db",
            command=_part("db", "--place", str(shop.place / "db"), "--port", ports["db"]),
            environment=shop.environment,
            directory=shop.folder,
            ready=f"tcp://127.0.0.1:{ports['db']}",
            # PostgreSQL's "fast" shutdown; SIGTERM would wait for every client to leave by itself.
            stop_signal=signal.SIGINT,
        ),
        Program(
            name="shop-api",
            command=_part("api", "--port", ports["api"]),
            environment=shop.environment,
            directory=shop.folder,
            ready=f"http://127.0.0.1:{ports['api']}/healthz",
            after=("shop-db",),
        ),
        Program(
            name="shop-web",
            command=_part("web", "--place", str(shop.place), *_named(ports)),
            environment=shop.environment,
            directory=shop.folder,
            ready=f"http://127.0.0.1:{ports['web']}/healthz",
            after=("shop-api",),
        ),
        Program(
            name="shop-traffic",
            command=_part("traffic"),
            environment=shop.environment,
            directory=shop.folder,
            after=("shop-web",),
        ),
        _host(shop),
        _bucket(shop),
        _agent(shop),
    )


def _bucket(shop: Webshop) -> Program:
    port = str(shop.ports["bucket"])
    return Program(
        name="shop-bucket",
        command=_part("bucket", "--port", port),
        environment={"PYTHONUNBUFFERED": "1"},
        directory=shop.folder,
        ready=f"tcp://127.0.0.1:{port}",
    )


def _host(shop: Webshop) -> Program:
    port = str(shop.ports["host"])
    return Program(
        name="shop-host",
        command=_part("host", "--place", str(shop.place / "host"), "--port", port),
        environment={"PYTHONUNBUFFERED": "1"},
        directory=shop.folder,
        ready=f"tcp://127.0.0.1:{port}",
    )


def _agent(shop: Webshop) -> Program:
    spool = str(shop.place / "agent")
    where = ("--url", f"http://{shop.listens}", "--instance", "shop", "--spool", spool)
    files = ("--no-metrics", "--log", str(shop.logs / LOG_FILES))
    return Program(
        name="shop-agent",
        command=toban_command("agent", *where, *files),
        environment={"TOBAN_AGENT_TOKEN": shop.sender_token, "PYTHONUNBUFFERED": "1"},
        # Its first look finds who takes what it sends, and what the shop has written since it opened.
        after=("shop-web", "serve"),
    )


def _named(ports: Mapping[str, str]) -> Iterator[str]:
    for part, port in ports.items():
        yield from ("--port", part, port)


def _part(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"shop.{name}", *arguments)
