"""Restoring without Toban: the document's own commands with their real values, and the engine's commands.

Shown with every restore plan, and kept in the store as `RESTORE.md` for the day Toban is not available.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from toban.chapters.backup.engine import KnownByHand, TakenBackup
from toban.chapters.backup.restoring.restore import RestorePlan
from toban.chapters.backup.taking.source import BackupSource
from toban.design.clauses.backup import RestoreProcedure
from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.stores.store import folder_of
from toban.message import Message

FILE = "RESTORE.md"

_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_DATABASE = re.compile(
    r"(?:\w+_)?(?:(?:DB|PG|POSTGRES|DATABASE)_?(HOST|PORT|USER|USERNAME|NAME|DATABASE|DB)|DB|DATABASE)"
)
"""A variable about a part of the database: `DB_HOST`, `SHOP_DB_USER`, `PGDATABASE`; a bare `DB`: its name."""
_PARTS = {"HOST": "host", "PORT": "port", "USER": "user", "USERNAME": "user"}
_S3 = re.compile(r"s3://[^\s'\"]+")
_AWS = re.compile(r"\baws\s+s3\b")


def values_of(source: BackupSource) -> Mapping[str, str]:
    """Return where the database is, from the binding's `dsn`, under libpq's keywords; never a password."""
    secret = getattr(source.config, "dsn", None)
    if not isinstance(secret, Secret):
        return {}
    try:
        said: Mapping[str, Any] = conninfo_to_dict(secret.reveal())
    except (SecretUnavailable, ProgrammingError):
        return {}
    return {key: str(said[key]) for key in ("host", "port", "user", "dbname") if said.get(key)}


def options_of(store: object) -> str:
    """Return what the `aws` command must be told to reach a bucket of *store*, with a space in front."""
    said = {
        "--endpoint-url": getattr(store, "endpoint", ""),
        "--region": getattr(store, "region", ""),
        "--ca-bundle": getattr(store, "ca_file", None),
    }
    return "".join(f" {name} {quote(str(value))}" for name, value in said.items() if value)


def filled(
    commands: Sequence[str], values: Mapping[str, str], stored_at: str = "", options: str = ""
) -> list[str]:
    """Return the document's *commands* with the known variables filled in.

    *stored_at*: where a backup of one object is kept; it replaces the address in the document, and its name
    replaces the file's. *options*: those that `aws` needs there, with a space in front.
    """
    lines = [_VARIABLE.sub(lambda each: _value(each, values), line) for line in commands]
    addresses = {address for line in lines for address in _S3.findall(line)}
    if not stored_at or len(addresses) != 1:
        return lines
    (written,) = addresses
    old, new = written.rpartition("/")[2], stored_at.rpartition("/")[2]
    lines = [
        _AWS.sub(lambda _: f"aws{options} s3", line).replace(written, stored_at) if written in line else line
        for line in lines
    ]
    if old:
        lines = [line.replace(old, new).replace(_inflated(old), _inflated(new)) for line in lines]
    return lines


def _value(variable: re.Match[str], values: Mapping[str, str]) -> str:
    meant = _DATABASE.fullmatch(variable[1] or variable[2])
    return values.get(_PARTS.get(meant[1] or "", "dbname"), variable[0]) if meant else variable[0]


def _inflated(name: str) -> str:
    return re.sub(r"\.(?:gz|zst|bz2)$", "", name)


def text(source: BackupSource, planned: RestorePlan) -> str:
    """Return how to restore *planned* by hand, as Markdown."""
    newest = planned.newest
    moment = newest.restorable_to.astimezone(source.zone)
    sections = [
        f"# {Message('backup-engines.restoring-by-hand', subject=planned.subject)}",
        str(Message("backup-engines.as-of", backup=newest.label, moment=f"{moment:%Y-%m-%d %H:%M:%S %Z}")),
    ]
    with source.opened() as at_work:
        place = at_work.store.name if at_work.store is not None else ""
        by_hand: list[Message | str] = []
        if isinstance(at_work.engine, KnownByHand):
            by_hand = list(at_work.engine.by_hand(planned.order(Path("restored"))))
    for row in source.procedures:
        sections += _by_document(row, source, newest, place)
    if by_hand:
        lines = [*_fetching(planned, place, options_of(source.store_config)), *_opening(planned), *by_hand]
        sections += [f"## {Message('backup-engines.commands-without-toban')}", _fenced(lines)]
    return "\n\n".join(sections) + "\n"


def _by_document(row: RestoreProcedure, source: BackupSource, newest: TakenBackup, place: str) -> list[str]:
    is_one_file = len(newest.objects) == 1 and newest.end is None
    stored_at = f"{place}/{newest.objects[0].key}" if is_one_file else ""
    sections = [
        f"## {Message('backup-engines.procedure-of-document', origin=row.origin)}",
        _fenced(filled(row.commands, values_of(source), stored_at, options_of(source.store_config))),
    ]
    return sections if is_one_file else [*sections, str(Message("backup-engines.not-one-file"))]


def _fetching(planned: RestorePlan, place: str, options: str) -> list[str]:
    folder = folder_of(planned.subject)
    names = [taken.label for taken in planned.chain]
    wanted = [(f"{place}/{folder}/{name}", name) for name in names]
    if planned.is_physical:
        wanted.append((f"{place}/{folder}/wal/{planned.newest.system_id}", "wal"))
    if place.startswith("s3://"):
        return [
            f"aws{options} s3 cp --recursive --only-show-errors '{there}/' {here}/" for there, here in wanted
        ]
    return [f"[ ! -d '{there}' ] || cp -R '{there}' {here}" for there, here in wanted]


def _opening(planned: RestorePlan) -> list[Message | str]:
    sealed = sorted({each.sealed for taken in planned.chain for each in taken.objects if each.sealed})
    if not sealed:
        return []
    folders = " ".join([*(taken.label for taken in planned.chain), *(["wal"] if planned.is_physical else [])])
    return [
        Message("backup-engines.by-hand-decrypting", recipients=" / ".join(sealed)),
        f"find {folders} -type f | while read -r f; do",
        '  age -d -i "$KEY" -o "$f.open" "$f" && mv "$f.open" "$f"',
        "done",
    ]


def _fenced(lines: Sequence[Message | str]) -> str:
    return "\n".join(["```bash", *map(str, lines), "```"])


def keep(source: BackupSource, planned: RestorePlan) -> str:
    """Write the procedure into the store, readable without any key; return its key, empty without a store.

    Raises `StoreTrouble`.
    """
    if source.store_kind is None:
        return ""
    fields = type(source.store_config).model_fields
    # Encrypted, it would be unreadable to the people who need it.
    plain = {"encrypt_to": ()} if "encrypt_to" in fields else {}
    store = source.store_kind.build(source.store_config.model_copy(update=plain))
    key = f"{folder_of(planned.subject)}/{FILE}"
    try:
        store.put(key, text(source, planned).encode())
    finally:
        store.close()
    return key
