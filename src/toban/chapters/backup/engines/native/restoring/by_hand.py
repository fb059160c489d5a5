"""The commands that restore a native chain without Toban: PostgreSQL's programs, tar and zstd. Pure."""

from collections.abc import Iterator, Sequence

from toban.chapters.backup.drills.postgres import major
from toban.chapters.backup.engine import RestoreOrder, TakenBackup
from toban.chapters.backup.engines.native.restoring import fetch, recover
from toban.message import Message

_SEGMENT_BYTES = 16 << 20
_OLD_ORDERS = r"/^[[:space:]]*(recovery_target[a-z_]*|restore_command|recovery_end_command)[[:space:]]*=/Id"


def commands(order: RestoreOrder) -> list[Message | str]:
    """Return lines of bash that build the data directory *order* names from `./wal/` and each `./LABEL/`.

    Sealed objects must have been decrypted already.
    """
    chain = order.chain
    newest = chain[-1]
    lines: list[Message | str] = [
        Message("backup-engines.by-hand-programs", version=major(newest.server_version))
    ]
    for taken in chain:
        lines += _unpacked(taken)
    lines += _combined(chain)
    lines += [
        Message("backup-engines.by-hand-tablespaces"),
        "rm -f restored/tablespace_map restored/backup_manifest",
        # A source that was itself restored still has its own target.
        f"sed -E -i '{_OLD_ORDERS}' restored/postgresql.auto.conf",
        *_log(newest),
        *_target(order),
        Message("backup-engines.by-hand-archives-nothing"),
        *map(_setting, recover.apart_from_source(order)),
        "touch restored/recovery.signal",
        "chmod 700 restored",
        Message("backup-engines.by-hand-account"),
        Message("backup-engines.by-hand-port"),
        "pg_ctl -D restored -l restored.log -w -t 86400 start",
    ]
    return lines


def _target(order: RestoreOrder) -> Iterator[Message | str]:
    found = recover.recovery_target(order, order.to)
    if not found:
        yield Message("backup-engines.by-hand-target")
        yield f"# {_setting("recovery_target_time = '2026-11-25 01:23:00+09'")}"
        return
    if order.to is not None:
        yield Message("backup-engines.by-hand-moment", moment=f"{order.to:%Y-%m-%d %H:%M:%S %z}")
    yield Message("backup-engines.by-hand-pauses")
    yield from map(_setting, found)


def _setting(line: str) -> str:
    return f'echo "{line}" >> restored/postgresql.auto.conf'


def _unpacked(taken: TakenBackup) -> Iterator[str]:
    label, folder = taken.label, f"{taken.label}.data"
    yield f"mkdir -m 700 {folder}"
    yield f"cat {label}/base.*.tar.zst | zstd -dc | tar -x -C {folder}"
    yield f"zstd -dc {label}/backup_manifest.zst > {folder}/backup_manifest"
    for space in fetch.spaces(taken):
        place = f"{label}.{space.oid}"
        yield f"mkdir -m 700 {place}"
        yield f"cat {label}/{space.oid}.*.tar.zst | zstd -dc | tar -x -C {place}"
        yield f'ln -sfn "$PWD/{place}" {folder}/pg_tblspc/{space.oid}'


def _combined(chain: Sequence[TakenBackup]) -> Iterator[Message | str]:
    newest = chain[-1]
    if len(chain) == 1:
        yield f"mv {newest.label}.data restored"
        return
    spaces = " ".join(
        f'-T "$PWD/{newest.label}.{space.oid}=$PWD/restored.{space.oid}"' for space in fetch.spaces(newest)
    )
    yield Message("backup-engines.by-hand-compare")
    folders = " ".join(f"{taken.label}.data" for taken in chain)
    yield " ".join(filter(None, ["pg_combinebackup", spaces, "-o restored", folders]))


def _log(newest: TakenBackup) -> Iterator[Message | str]:
    size = newest.facts.get("wal_segment_size", _SEGMENT_BYTES)
    yield Message("backup-engines.by-hand-log")
    yield "mkdir -p wal"
    yield 'for f in wal/*/*.zst wal/*.history; do [ -e "$f" ] || continue; n=${f##*/}; n=${n%.zst}'
    yield "  case $n in"
    yield '    *.history) [ "$f" = "wal/$n" ] || cp "$f" "wal/$n" ;;'
    yield '    *.*) at="oflag=seek_bytes seek=$((16#${n##*.})) conv=notrunc status=none"'
    yield '      zstd -dc "$f" | dd of="wal/${n%.*}" $at'
    yield f'      truncate -s {size} "wal/${{n%.*}}" ;;'
    yield '    *) zstd -dc "$f" > "wal/$n" ;;'
    yield "  esac"
    yield "done"
    yield 'echo "restore_command = \'cp \\"$PWD/wal/%f\\" \\"%p\\"\'" >> restored/postgresql.auto.conf'
