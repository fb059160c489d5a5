"""Where the agents of other products send to, and where Toban takes the same. Pure."""

import re

_LOGS, _METRICS, _TRACES = "POST /ingest/logs", "POST /api/v1/write", "POST /v1/traces"
_ERRORS = "POST /api/PROJECT/envelope/"
_INTAKES = (
    (_LOGS, r"/loki/api/v1/push", "Loki"),
    (_LOGS, r"(?:/[^/]+)?/_bulk", "Elasticsearch"),
    (_LOGS, r"(?:/[^/]+)+/_(?:doc|create)(?:/[^/]*)?", "Elasticsearch"),
    (_LOGS, r"/services/collector(?:/.*)?", "Splunk"),
    (_LOGS, r"/v1/input(?:/[^/]*)?|/api/v2/logs", "Datadog"),
    (_LOGS, r"/log/v1", "New Relic"),
    (_LOGS, r"/gelf", "Graylog"),
    (_LOGS, r"/insert/(?:jsonline|loki/.*|elasticsearch/.*)", "VictoriaLogs"),
    (_METRICS, r"/api/v[12]/series|/intake/?|/api/v1/check_run", "Datadog"),
    (_METRICS, r"/metric/v1", "New Relic"),
    (_METRICS, r"/write|/api/v2/write", "InfluxDB"),
    (_METRICS, r"/metrics/job/.*", "Pushgateway"),
    (_METRICS, r"/api/v1/(?:push|import(?:/.*)?)|/receive", "Mimir, Thanos and VictoriaMetrics"),
    (_TRACES, r"/api/v2/spans|/api/v1/spans", "Zipkin"),
    (_TRACES, r"/api/traces", "Jaeger"),
    (_TRACES, r"/v0\.[3-7]/traces", "Datadog"),
    (_TRACES, r"/trace/v1", "New Relic"),
    (_ERRORS, r"/api/\d+/(?:minidump|security|unreal)(?:/.*)?", "Sentry"),
    (_ERRORS, r"/api/v1/notices|/v1/notices(?:/.*)?|/notifier_api/v2/notices", "Airbrake and Honeybadger"),
)
_KNOWN = [(instead, re.compile(path), product) for instead, path, product in _INTAKES]


def hint(path: str) -> str:
    """Return what to tell a sender at the intake *path* of another product; empty for any other path."""
    bare = path.rstrip("/")
    for instead, known, product in _KNOWN:
        if known.fullmatch(bare):
            return f"Toban has no intake of {product}. Send to {instead} instead: see the manual.\n"
    return ""
