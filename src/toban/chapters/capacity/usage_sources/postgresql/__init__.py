"""The databases of a PostgreSQL server: their size, or the connections to them."""

from toban.chapters.capacity.stated import BYTE
from toban.chapters.capacity.usage import UsageKind, UsageSite, UsageSource
from toban.chapters.capacity.usage_sources.postgresql.config import PostgresqlUsage


def _open(config: PostgresqlUsage, _site: UsageSite) -> UsageSource:
    # This loads the database's driver, which code that only reads the bindings need not wait for.
    from toban.chapters.capacity.usage_sources.postgresql.source import PostgresqlSource  # noqa: PLC0415

    return PostgresqlSource(config)


KIND = UsageKind(
    PostgresqlUsage,
    _open,
    is_storage=lambda config: config.what == "storage",
    unit=lambda config: BYTE if config.what == "storage" else "",
)
