"""The engine's configuration: text for chDB's configuration files, made from a few figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toban.engine.telemetry.tables import BY_MERGES, DURABLE

DATABASE = "toban"


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """What the store may use of the machine."""

    memory_bytes: int = 2 * 1024**3
    query_seconds: int = 60
    free_bytes: int = 512 * 1024**2
    """Inserts are refused if the disk has less left: a full disk would take down the state database, too."""

    @property
    def as_settings(self) -> Mapping[str, str]:
        """The engine settings with which a connection begins."""
        return {"max_execution_time": str(self.query_seconds)}


def write_configuration(directory: Path, limits: EngineLimits) -> Path:
    """Write the engine's two configuration files into *directory*; return the one to start it with."""
    users = directory / "users.xml"
    users.write_text(_users(limits))
    engine = directory / "engine.xml"
    engine.write_text(_engine(limits, users))
    return engine


def _engine(limits: EngineLimits, users: Path) -> str:
    durable = "".join(f"<{name}>{value}</{name}>" for name, value in DURABLE.items())
    return f"""<clickhouse>
  <max_server_memory_usage>{limits.memory_bytes}</max_server_memory_usage>
  <merge_tree>{durable}</merge_tree>
  <users_config>{users}</users_config>
</clickhouse>
"""


def _users(limits: EngineLimits) -> str:
    """Return a configuration that grants only what Toban's tables need: no files, no URLs, no other servers.

    KILL QUERY is for the child itself, which stops a query if its client has gone.

    The newest hundred rows are read of each column in small pieces, which the machine's page cache mostly
    has: handing each piece to another thread costs more than reading it, and reading on in each part (to have
    rows at hand when its turn comes) fetches thousands of which a hundred are wanted.
    """
    return f"""<clickhouse>
  <profiles><default>
    <async_insert>0</async_insert>
    <local_filesystem_read_method>pread</local_filesystem_read_method>
    <read_in_order_use_buffering>0</read_in_order_use_buffering>
    <exclude_materialize_skip_indexes_on_insert>{",".join(BY_MERGES)}</exclude_materialize_skip_indexes_on_insert>
    <max_execution_time>{limits.query_seconds}</max_execution_time>
    <constraints>
      <max_execution_time><min>1</min><max>{limits.query_seconds}</max></max_execution_time>
      <async_insert><const/></async_insert>
    </constraints>
  </default></profiles>
  <quotas><default/></quotas>
  <users><default>
    <password></password>
    <networks><ip>::/0</ip></networks>
    <profile>default</profile>
    <quota>default</quota>
    <grants>
      <query>GRANT SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP, TRUNCATE,
        OPTIMIZE, SHOW, CHECK ON {DATABASE}.*</query>
      <query>GRANT SELECT ON system.*</query>
      <query>GRANT KILL QUERY ON *.*</query>
    </grants>
  </default></users>
</clickhouse>
"""
