"""What `wiring.py` hands to the commands: the kinds that are registered, loaded only when a command asks."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Loaded by whoever asks: most commands, such as `toban check`, need none of it.
    from toban.chapters.backup.config import Kinds as BackupKinds
    from toban.chapters.backup.engine import EngineKind
    from toban.chapters.logs.pulling.source import LogSourceKind
    from toban.chapters.monitoring.discovery import DiscoveryKind
    from toban.chapters.monitoring.source import SourceKind
    from toban.engine.bindings.inforce import InForce
    from toban.engine.bindings.load import Kinds
    from toban.engine.bindings.model import Section
    from toban.engine.notify.delivery.channel import Transport
    from toban.engine.runs.kinds import WorkKind
    from toban.engine.stores.store import StoreKind


@dataclass(frozen=True)
class Parts:
    """The registered modules, by what `kind = "…"` calls them."""

    sources: Mapping[str, str]
    channels: Mapping[str, str]
    works: Mapping[str, str] = field(default_factory=dict)
    stores: Mapping[str, str] = field(default_factory=dict)
    backups: Mapping[str, str] = field(default_factory=dict)
    discoveries: Mapping[str, str] = field(default_factory=dict)
    log_sources: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def source_kinds(self) -> "Mapping[str, SourceKind]":
        """The kinds of source."""
        from toban.chapters.monitoring.source import load_kinds  # noqa: PLC0415

        return load_kinds(self.sources)

    @cached_property
    def discovery_kinds(self) -> "Mapping[str, DiscoveryKind]":
        """The kinds of discovery."""
        from toban.chapters.monitoring.discovery import load_discoveries  # noqa: PLC0415

        return load_discoveries(self.discoveries)

    @cached_property
    def log_source_kinds(self) -> "Mapping[str, LogSourceKind]":
        """The kinds of place that logs are fetched from."""
        from toban.chapters.logs.pulling.source import load_log_sources  # noqa: PLC0415

        return load_log_sources(self.log_sources)

    @cached_property
    def transports(self) -> "Mapping[str, Transport]":
        """The kinds of channel."""
        from toban.engine.notify.delivery.channel import load_transports  # noqa: PLC0415

        return load_transports(self.channels)

    @cached_property
    def work_kinds(self) -> "Mapping[str, WorkKind]":
        """The kinds of batch."""
        from toban.chapters.backup.batch import batch_kind  # noqa: PLC0415
        from toban.engine.runs.kinds import load_kinds  # noqa: PLC0415

        # One that makes backups needs their engines and stores.
        return {**load_kinds(self.works), "backup": batch_kind(self.backup_kinds)}

    @cached_property
    def backup_kinds(self) -> "BackupKinds":
        """The backup engines, and the kinds of place that backups go to."""
        from toban.chapters.backup.config import Kinds  # noqa: PLC0415

        return Kinds(self.engine_kinds, self.store_kinds)

    @cached_property
    def store_kinds(self) -> "Mapping[str, StoreKind]":
        """The kinds of place that backups go to."""
        from toban.engine.stores.store import load_stores  # noqa: PLC0415

        return load_stores(self.stores)

    @cached_property
    def engine_kinds(self) -> "Mapping[str, EngineKind]":
        """The backup engines."""
        from toban.chapters.backup.engine import load_engines  # noqa: PLC0415

        return load_engines(self.backups)

    @cached_property
    def kinds(self) -> "Kinds":
        """What the tables of `toban.toml` may say."""
        from toban.engine.bindings.load import Kinds  # noqa: PLC0415

        return Kinds(
            sources=self.source_configs,
            channels=self.channel_configs,
            works={name: kind.config for name, kind in self.work_kinds.items()},
            stores={name: kind.config for name, kind in self.store_kinds.items()},
            backups={name: kind.config for name, kind in self.engine_kinds.items()},
            discoveries={name: kind.config for name, kind in self.discovery_kinds.items()},
            log_sources={name: kind.config for name, kind in self.log_source_kinds.items()},
        )

    @property
    def source_configs(self) -> "Mapping[str, type[Section]]":
        """What a source's table may say."""
        return {name: kind.config for name, kind in self.source_kinds.items()}

    @property
    def channel_configs(self) -> "Mapping[str, type[Section]]":
        """What a channel's table may say."""
        return {name: transport.config for name, transport in self.transports.items()}

    def in_force(self, kept: Path | None = None, design: Path | None = None) -> "InForce":
        """Return the edition of *design*, else of what TOBAN_DESIGN names; nothing is read yet.

        TOBAN_BINDINGS names its bindings. See `InForce` for *kept*.
        """
        from toban.engine.bindings.inforce import InForce  # noqa: PLC0415

        design = design or Path(os.environ.get("TOBAN_DESIGN", "運用設計書.md"))
        bindings = os.environ.get("TOBAN_BINDINGS")
        return InForce(
            design,
            Path(bindings) if bindings else design.with_name("toban.toml"),
            self.kinds,
            kept=kept,
        )
