"""Server settings that would prevent backups or make them less useful, each with a way out."""

from collections.abc import Iterator
from datetime import timedelta

from toban.chapters.backup.engines.native.protocol.server import ReplicationSlot, ServerLook, ServerState

_SHORTEST_MEMORY = timedelta(hours=36)
"""A daily full backup may be late: increments on the previous one must be possible for at least this long."""
_NEARLY = 0.8
"""The share of its limit from which on a slot is a warning."""

_MUCH = 4 << 30
"""Bytes that a slot without a limit may keep before it is a warning."""


def server_doubts(found: ServerLook, *, streams: bool, slot: str) -> Iterator[str]:
    """Yield the problems found; *streams* says whether the log is to be kept through *slot*."""
    server = found.server
    if server.is_too_old:
        yield (
            f"PostgreSQL {server.version} は増分バックアップを知りません（17 以降が必要です）\n"
            'HINT: kind = "pgbackrest" か kind = "pg_dump" を使ってください'
        )
        return
    yield from _permission(server)
    yield from _increments(server)
    if not server.has_checksums:
        yield (
            "data_checksums が off なので、壊れたページに気づかないまま写すことになります\n"
            "HINT: サーバーを止めて pg_checksums --enable を実行してください"
        )
    if streams:
        yield from _streaming(server, found.slot, slot)


def slot_trouble(slot: ReplicationSlot) -> str | None:
    """Return why a slot is in danger or lost; None if it is fine."""
    kept = f"{slot.retained_bytes / 2**20:,.0f} MiB"
    if slot.status == "lost":
        return "スロットが失われました: 送る前のログをサーバーが消しています"
    if slot.status == "unreserved":
        return f"スロットが失われる寸前です: ログを {kept} 溜めて、上限を超えました"
    if slot.safe_bytes is None:
        # The server sets no limit of its own: the next limit is its disk.
        return f"スロットのログが {kept} 溜まりました（上限がない）" if slot.retained_bytes >= _MUCH else None
    limit = slot.retained_bytes + max(slot.safe_bytes, 0)
    if limit and slot.retained_bytes >= limit * _NEARLY:
        return (
            f"スロットのためにサーバーがログを {kept} 溜めています（あと {slot.safe_bytes / 2**20:,.0f} MiB）"
        )
    return None


def _permission(server: ServerState) -> Iterator[str]:
    if not server.may_replicate:
        yield "役割に REPLICATION がありません\nHINT: ALTER ROLE 役割 REPLICATION;"
    if server.settings["wal_level"] == "minimal":
        yield (
            "wal_level が minimal です\nHINT: ALTER SYSTEM SET wal_level = replica; のあと再起動してください"
        )
    senders, slots = int(server.settings["max_wal_senders"]), int(server.settings["max_replication_slots"])
    if senders - server.walsenders < 1:
        yield (
            f"max_wal_senders の {senders} がすべて使われています\n"
            "HINT: ALTER SYSTEM SET max_wal_senders = 10; のあと再起動してください"
        )
    if slots == 0:
        yield "max_replication_slots が 0 です\nHINT: 10 などにして再起動してください"


def _increments(server: ServerState) -> Iterator[str]:
    if not server.summarizes:
        yield (
            "summarize_wal が off なので、増分を作れません（フルバックアップだけになります）\n"
            "HINT: ALTER SYSTEM SET summarize_wal = on; SELECT pg_reload_conf();"
        )
    elif server.summaries_kept is not None and server.summaries_kept < _SHORTEST_MEMORY:
        hours = server.summaries_kept / timedelta(hours=1)
        yield (
            f"wal_summary_keep_time が {hours:g} 時間です。"
            "フルバックアップの間隔より長くないと増分を作れません\n"
            "HINT: ALTER SYSTEM SET wal_summary_keep_time = '10d'; SELECT pg_reload_conf();"
        )


def _streaming(server: ServerState, slot: ReplicationSlot | None, name: str) -> Iterator[str]:
    if server.slot_limit is None:
        yield (
            "max_slot_wal_keep_size に上限がないので、Toban が長く止まると、"
            f"スロット {name} のログでディスクが一杯になります\n"
            "HINT: ALTER SYSTEM SET max_slot_wal_keep_size = '20GB'; SELECT pg_reload_conf();"
        )
    if slot is None:
        return
    if not slot.is_physical:
        yield f'スロット {name} は論理レプリケーションのものです\nHINT: slot = "…" に別の名前を書いてください'
    elif trouble := slot_trouble(slot):
        yield f"{name}: {trouble}"
