"""`toban backup self`: back up Toban's own state to a store, and restore it."""

import os
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import click
from django.conf import settings

from toban.chapters.backup import own_state
from toban.chapters.backup.own_state import OwnBackup, OwnStateNotPossible
from toban.engine.amounts import size
from toban.engine.bindings.load import UnreadableBindings, load_bindings
from toban.engine.bindings.model import Bindings
from toban.engine.clock import system_clock
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.registry.parts import Parts
from toban.engine.state.copying import STATE_DUMP
from toban.engine.stores.directory import DirectoryConfig
from toban.engine.stores.sealed import SealedConfig
from toban.engine.stores.store import STORE_KINDS, Store, StoreTrouble
from toban.engine.supervision.home import in_force_folder
from toban.faces.cli.backup.lacking import tell_missing
from toban.faces.cli.screen import Screen
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say
from toban.message import Message, message_of

_REFUSED = 1
_UNUSABLE = 2


@click.command("self", epilog="Example: toban backup self --store S3")
@click.option(
    "--store", "store_name", metavar="NAME", help="A store of [stores.NAME]; not needed if there is only one."
)
@click.option("--keep", default=30, show_default=True, help="How many to keep; older ones are removed.")
@click.option("--telemetry", is_flag=True, help="Include the measurements; their store must be stopped.")
@click.option(
    "--unencrypted", is_flag=True, help="Allow a store without encrypt_to; the backup contains keys."
)
@click.option("--list", "lists", is_flag=True, help="List the backups, and exit.")
@click.option(
    "--restore",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Unpack one into a new FOLDER: the home directory of a new Toban.",
)
@click.option("--label", default="", help="With --restore: which one; the newest without it.")
@click.pass_obj
def back_up_self(
    parts: Parts,
    store_name: str | None,
    keep: int,
    telemetry: bool,
    unencrypted: bool,
    lists: bool,
    folder: Path | None,
    label: str,
) -> None:
    """Back up Toban's own state: state database with the evidence, keys, document and bindings in force.

    Toban may run meanwhile, except with --telemetry. To restore, unpack a backup into an empty folder, point
    TOBAN_HOME there, and run toban up.

    \b
    Exit status:
      0  done
      1  not possible as things stand, or the store did not do it
      2  the bindings or the state database can't be used
    """
    try:
        if lists or folder is not None:
            store, _ = _store(parts, store_name)
            _show(store) if folder is None else _restore(store, folder, label)
            return
        with usable_state():
            store, is_sealed = _store(parts, store_name)
            _require_sealed(is_sealed or unencrypted)
            _back_up(store, _folders(_bindings(parts)), telemetry=telemetry, keep=keep)
    except OwnStateNotPossible as error:
        refuse(message_of(error), error.hint)
        raise SystemExit(_REFUSED) from error
    except StoreTrouble as error:
        refuse(message_of(error), Message("backup.try-the-store"))
        raise SystemExit(_REFUSED) from error


def _require_sealed(is_allowed: bool) -> None:
    if not is_allowed:
        raise OwnStateNotPossible(
            Message("backup.store-does-not-encrypt"), Message("backup.encrypt-or-accept")
        )


def _back_up(store: Store, folders: Sequence[Path], *, telemetry: bool, keep: int) -> None:
    last = LedgerEntry.objects.order_by("-sequence").first()
    here = own_state.OwnToban(
        home=settings.HOME,
        state=settings.DATABASES["default"],
        version=version("toban"),
        evidence=f"{last.sequence}:{last.digest}" if last else "",
        has_telemetry=telemetry,
        stores=folders,
    )
    with Screen() as screen:
        own = own_state.back_up(here, store, system_clock(), screen)
    content = {"event": "own-state-backed-up", "label": own.label, "store": store.name}
    kept = ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=shell_user())
    ledger.append(kept, now=system_clock())
    say(_line(own))
    for gone in own_state.forget(store, keep, system_clock()):
        say(Message("backup.old-own-removed", label=gone))


def _show(store: Store) -> None:
    found = own_state.listed(store)
    say("\n".join(str(_line(own)) for own in reversed(found)) or Message("backup.no-own-yet"))


def _restore(store: Store, folder: Path, label: str) -> None:
    own = own_state.named(own_state.listed(store), label)
    with Screen() as screen:
        own_state.bring_back(own, store, folder, screen)
    say(_line(own))
    say("\n".join(_next_steps(own, folder.absolute())))


def _next_steps(own: OwnBackup, folder: Path) -> Iterator[str]:
    yield str(Message("backup.own-restored", folder=folder))
    if own.state == "postgresql":
        yield f"  {Message('backup.restore-the-state', dump=folder / STATE_DUMP)}"
        yield f"  {Message('backup.name-the-state')}"
    yield f"  export TOBAN_HOME={folder}"
    if own.evidence:
        yield f"  toban evidence verify --known {own.evidence}"
    kept = in_force_folder(folder)
    yield f"  toban up --home {folder} --design {kept / 'design.md'} --bindings {kept / 'toban.toml'}"


def _line(own: OwnBackup) -> Message:
    return Message(
        "backup.own-with-telemetry" if own.has_telemetry else "backup.own",
        label=own.label,
        version=own.version,
        size=size(own.archive.size),
        count=int(own.evidence.partition(":")[0] or 0),
    )


def _store(parts: Parts, name: str | None) -> tuple[Store, bool]:
    """Return the store, and whether it encrypts. Only the bindings are read: the document may be lost."""
    bindings = _bindings(parts)
    if name is None and len(bindings.stores) == 1:
        name = next(iter(bindings.stores))
    bound = bindings.stores.get(name or "")
    if bound is None:
        said = Message("backup.no-such-store", store=name) if name else Message("backup.store-not-chosen")
        hint = Message("backup.no-stores-bound", file=bindings.file)
        if bindings.stores:
            hint = Message("backup.choose-a-store", file=bindings.file, stores=list(bindings.stores))
        raise OwnStateNotPossible(said, hint)
    config = bound.config
    tell_missing(name or "", (config,))
    is_sealed = isinstance(config, SealedConfig) and bool(config.encrypt_to)
    return parts.kinds.of(STORE_KINDS)[bound.kind].build(config), is_sealed


def _folders(bindings: Bindings) -> Sequence[Path]:
    configs = (bound.config for bound in bindings.stores.values())
    return [config.path for config in configs if isinstance(config, DirectoryConfig)]


def _bindings(parts: Parts) -> Bindings:
    design = Path(os.environ.get("TOBAN_DESIGN", "運用設計書.md"))
    path = Path(os.environ.get("TOBAN_BINDINGS") or design.with_name("toban.toml"))
    try:
        return load_bindings(path, parts.schema)
    except UnreadableBindings as error:
        refuse(message_of(error), Message("backup.name-the-bindings"))
        raise SystemExit(_UNUSABLE) from error
