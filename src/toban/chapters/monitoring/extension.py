"""What chapter 2 brings: monitors, and the sources and discoveries that feed them."""

from toban.chapters.monitoring.bindings import MONITORING
from toban.chapters.monitoring.discovery import DISCOVERY_KINDS
from toban.chapters.monitoring.proposals import open_tables
from toban.chapters.monitoring.source import SOURCE_KINDS
from toban.design.clauses.monitoring import Monitor, ToolChoice
from toban.engine.changes.hosts import SEEN_HOSTS
from toban.engine.evidence.assertions import ASSERTIONS
from toban.engine.extension import Extension, RowKind, always
from toban.engine.hindsight.question import HINDSIGHT
from toban.engine.impact.figures import IMPACT

_SOURCES = "toban.chapters.monitoring.sources"
_DISCOVERIES = "toban.chapters.monitoring.discoveries"

EXTENSION = Extension(
    name="monitoring",
    manual="sources.md",
    rows=(
        RowKind(Monitor, is_measured=True, is_charted=True, raises_alerts=always),
        RowKind(ToolChoice, is_measured=True),
    ),
    tables=(MONITORING,),
    points=(SOURCE_KINDS, DISCOVERY_KINDS),
    kinds={
        # `toban init` proposes the first that can measure what a row asks for.
        "sources": {
            "prometheus": f"{_SOURCES}.prometheus",
            "http": f"{_SOURCES}.http",
            "tcp": f"{_SOURCES}.tcp",
            "postgresql": f"{_SOURCES}.postgresql",
            "redis": f"{_SOURCES}.redis",
            "host": f"{_SOURCES}.host",
            "folder": f"{_SOURCES}.folder",
            "pushed": f"{_SOURCES}.pushed",
            "access_log": f"{_SOURCES}.access_log",
            "traces": f"{_SOURCES}.traces",
            "logs": f"{_SOURCES}.logs",
            "cloudwatch": f"{_SOURCES}.cloudwatch",
            "datadog": f"{_SOURCES}.datadog",
            "newrelic": f"{_SOURCES}.newrelic",
        },
        "discoveries": {
            "file": f"{_DISCOVERIES}.file",
            "file_sd": f"{_DISCOVERIES}.file_sd",
            "ec2": f"{_DISCOVERIES}.ec2",
        },
    },
    proposals=open_tables,
    offers={
        ASSERTIONS: "toban.chapters.monitoring.measuring.assertions:ASSERTIONS",
        HINDSIGHT: "toban.chapters.monitoring.replaying.hindsight:HINDSIGHT",
        IMPACT: f"{_SOURCES}.access_log.impact:measure",
        SEEN_HOSTS: "toban.chapters.monitoring.measuring.seen:seen_hosts",
    },
    operation="toban.chapters.monitoring.operation",
    apps=("toban.chapters.monitoring",),
    intake="toban.faces.ingest.monitoring.routes",
)
