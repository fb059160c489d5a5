"""How lines of logs are written, each form a module: lines in, the same lines as JSON objects out. Pure.

A line keeps its number, whatever becomes of it: a complaint about it is about the line that was sent.
"""

from collections.abc import Mapping

from toban.chapters.logs.formats import access, docker, journald, json_objects, syslog, text
from toban.chapters.logs.formats.convert import Convert
from toban.engine.bindings.senders import LogFormat

FORMATS: Mapping[LogFormat, Convert] = {
    "json": json_objects.ndjson,
    "text": text.ndjson,
    "docker": docker.ndjson,
    "journald": journald.ndjson,
    "access": access.ndjson,
    "syslog": syslog.ndjson,
}
