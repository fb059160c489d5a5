"""Service levels as OpenSLO v1 (https://github.com/OpenSLO/OpenSLO), for other tools. Pure."""

from collections.abc import Sequence

from toban.chapters.objectives import rules
from toban.chapters.objectives.sli import Sli
from toban.design.values.metric import Metric

_LONGEST_NAME, _LONGEST_TEXT = 63, 1050
"""Characters that the specification allows for a display name and for a description."""


def documents(slis: Sequence[Sli], system: str, zone: str) -> list[dict[str, object]]:
    """Return the service, and an SLO for each objective that allows a share of time or of requests.

    A promised mean (平均500ms) has no such share: OpenSLO can't express it.
    """
    service: dict[str, object] = {
        "apiVersion": "openslo/v1",
        "kind": "Service",
        "metadata": {"name": "service", "displayName": (system or "service")[:_LONGEST_NAME]},
        "spec": {"description": system[:_LONGEST_TEXT]},
    }
    shares = [(sli, rules.allowed_share(sli.metric, sli.limit)) for sli in slis]
    told = [(sli, share) for sli, share in shares if share is not None]
    return [service, *(_slo(sli, share, number, zone) for number, (sli, share) in enumerate(told, 1))]


def _slo(sli: Sli, allowed: float, number: int, zone: str) -> dict[str, object]:
    objective = sli.objective
    source = {"metric": sli.metric.value, "target": sli.target, "instance": sli.indicator.instance}
    return {
        "apiVersion": "openslo/v1",
        "kind": "SLO",
        "metadata": {"name": f"objective-{number}", "displayName": objective.name[:_LONGEST_NAME]},
        "spec": {
            "description": f"{objective.text} ({objective.origin})"[:_LONGEST_TEXT],
            "service": "service",
            "indicator": {
                "metadata": {"name": f"indicator-{number}"},
                "spec": {
                    "ratioMetric": {
                        "counter": False,
                        "rawType": "success" if sli.metric is Metric.UP else "failure",
                        "raw": {"metricSource": {"type": "toban", "spec": source}},
                    }
                },
            },
            "timeWindow": [
                {
                    "duration": "1M",
                    "isRolling": False,
                    "calendar": {"startTime": "2026-01-01 00:00:00", "timeZone": zone},
                }
            ],
            # The mean of the slices' ratios: exactly what `rules.tally` computes.
            "budgetingMethod": "RatioTimeslices",
            "objectives": [
                {"target": round(1 - allowed, 9), "timeSliceWindow": f"{rules.SLICE.seconds // 60}m"}
            ],
        },
    }
