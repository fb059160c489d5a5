"""Formats of log lines, one module each: lines in, the same lines as JSON objects out. Pure.

A line keeps its number, whatever happens to it, so that a complaint cites the line that was sent.
"""

from collections.abc import Callable, Mapping

from toban.chapters.logs.formats import access, docker, journald, json_objects, postgresql, syslog, text
from toban.chapters.logs.formats.convert import Convert, Record, Surroundings
from toban.engine.bindings.senders import LogFormat

FORMATS: Mapping[LogFormat, Convert] = {
    "json": json_objects.ndjson,
    "text": text.ndjson,
    "docker": docker.ndjson,
    "journald": journald.ndjson,
    "access": access.ndjson,
    "syslog": syslog.ndjson,
    "postgresql": postgresql.ndjson,
}

RECORDS: Mapping[LogFormat, Callable[[str, Surroundings], Record]] = {
    "json": text.record,
    "text": text.record,
    "docker": docker.record,
    "journald": journald.record,
    "access": access.record,
    "syslog": syslog.record,
    "postgresql": postgresql.record,
}
"""The same for a single line that arrives on its own, and may contain line breaks."""
