"""What chapter 3 brings: kinds of log, how long they are kept, and traces."""

from toban.chapters.logs.acts import ACTS
from toban.chapters.logs.bindings import LOGS, SYSLOG
from toban.chapters.logs.doubts import doubts
from toban.chapters.logs.proposals import open_tables
from toban.chapters.logs.pulling.source import LOG_SOURCE_KINDS, LOG_SOURCES
from toban.design.clauses.logs import LogFormat, LogKind, LogLevel
from toban.engine.bindings.masking import MASKING
from toban.engine.drift.setting import COMPARED_SETTINGS
from toban.engine.evidence.assertions import ASSERTIONS
from toban.engine.evidence.port import SHIPPING
from toban.engine.extension import Extension, Link, RowKind, Scope, always
from toban.engine.hindsight.question import HINDSIGHT
from toban.engine.impact.spikes import SPIKES
from toban.engine.registry.commands import Command
from toban.engine.retention import RETENTION
from toban.message import Message

EXTENSION = Extension(
    name="logs",
    manual="logs.md",
    rows=(
        RowKind(LogKind, is_measured=True, raises_alerts=always),
        RowKind(LogFormat, is_measured=True),
        RowKind(LogLevel, is_measured=True),
    ),
    tables=(LOGS, LOG_SOURCES, SYSLOG),
    points=(LOG_SOURCE_KINDS,),
    kinds={"log_sources": {"cloudwatch": "toban.chapters.logs.sources.cloudwatch"}},
    proposals=open_tables,
    doubts=doubts,
    operation="toban.chapters.logs.operation",
    consequence="toban.faces.cli.logs.losses:consequence",
    offers={
        ASSERTIONS: "toban.chapters.logs.assertions:ASSERTIONS",
        COMPARED_SETTINGS: "toban.chapters.logs.settings:settings",
        HINDSIGHT: "toban.chapters.logs.keeping.hindsight:HINDSIGHT",
        MASKING: "toban.chapters.logs.bindings:LOGS",
        RETENTION: "toban.chapters.logs.keeping.port:RETAINED",
        SHIPPING: "toban.chapters.logs.audit.port:ship",
        SPIKES: "toban.chapters.logs.spikes:spikes",
    },
    apps=("toban.chapters.logs",),
    pages="toban.faces.web.logs.urls",
    menu=(Link("logs", Message("logs.logs")), Link("traces", Message("logs.traces"))),
    intake="toban.faces.ingest.logs.routes",
    api="toban.faces.api.logs",
    scopes=(Scope("read:logs", Message("logs.scope-read-logs")),),
    acts=ACTS,
    commands={
        "logs": Command("toban.faces.cli.logs.logs", Message("commands.logs")),
        "masks": Command("toban.faces.cli.logs.masks", Message("commands.masks")),
        "retention": Command("toban.faces.cli.logs.retention", Message("commands.retention")),
        "routes": Command("toban.faces.cli.logs.routes", Message("commands.routes")),
        "traces": Command("toban.faces.cli.logs.traces", Message("commands.traces")),
    },
)
