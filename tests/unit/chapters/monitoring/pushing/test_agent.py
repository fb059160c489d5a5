from datetime import UTC, datetime

import pytest

from toban.chapters.monitoring.pushing.agent import MOST, BadReport, ReportTooLarge, read_report, reading
from toban.chapters.monitoring.source import Measurement
from toban.design.values.metric import Metric

AT = datetime(2026, 4, 1, 12, tzinfo=UTC)


def test_an_agents_report_is_read_back_as_it_was_measured() -> None:
    measured = [
        Measurement(Metric.UP, "web-1", AT, 1.0),
        Measurement(Metric.CPU_USAGE, "web-1", AT, 41.5),
        Measurement(Metric.DISK_USAGE, "web-1 /var", AT, 71.0),
    ]

    (pushed,) = read_report({"instance": "web-1", "readings": [reading("web-1", measured, AT)]})

    assert (pushed.instance, pushed.at) == ("web-1", AT)
    assert pushed.values == (("cpu_usage_percent", "", 41.5), ("disk_usage_percent", "/var", 71.0))


def disks(count: int) -> list[object]:
    return [["disk_usage_percent", f"/mnt/{number}", 1.0] for number in range(count)]


def test_a_host_with_many_disks_is_read() -> None:
    (pushed,) = read_report({"instance": "web-1", "readings": [{"at": AT.isoformat(), "values": disks(500)}]})

    assert len(pushed.values) == 500


def report(readings: int, values: int) -> dict[str, object]:
    each = {"at": AT.isoformat(), "values": disks(values)}
    return {"instance": "web-1", "readings": [each] * readings}


def test_a_whole_report_is_bounded_and_says_how_to_send_it() -> None:
    assert len(read_report(report(40, 500))) == 40

    with pytest.raises(
        ReportTooLarge, match="more than 20000 values in one report: send fewer readings at once"
    ):
        read_report(report(41, 500))


@pytest.mark.parametrize(
    "written",
    [
        [],
        {},
        {"instance": "", "readings": []},
        {"instance": "web-1", "readings": [{}] * (MOST + 1)},
        {"instance": "web-1", "readings": [{"at": "2026-04-01T12:00:00", "values": []}]},
        {"instance": "web-1", "readings": [{"at": "yesterday", "values": []}]},
        {"instance": "web-1", "readings": [{"at": AT.isoformat(), "values": [["cpu", "", 1]]}]},
        {"instance": "web-1", "readings": [{"at": AT.isoformat(), "values": [["up", "", float("nan")]]}]},
        {"instance": "web-1", "readings": [{"at": AT.isoformat(), "values": [["up", "", "1"]]}]},
        {"instance": "web-1", "readings": [{"at": AT.isoformat(), "values": [["up", "", True]]}]},
        {"instance": "web-1", "readings": [{"at": AT.isoformat(), "values": disks(501)}]},
    ],
    ids=range(11),
)
def test_an_invalid_report_is_refused(written: object) -> None:
    with pytest.raises(BadReport):
        read_report(written)
