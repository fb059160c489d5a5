"""The sender of a syslog message."""

from datetime import UTC, datetime

import pytest

from toban.chapters.logs.formats.convert import Record, Surroundings
from toban.engine.bindings.senders import SenderBinding
from toban.faces.ingest.logs.syslog.rules import SyslogMessage, address_of, sender_of, sorted_out


def sender(**said: object) -> SenderBinding:
    return SenderBinding.model_validate({"may": ["logs"], **said})


AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
SENDERS = {
    "firewalls": sender(networks=["10.0.1.0/24"], hosts=["fw-*"]),
    "web": sender(networks=["10.0.1.0/24", "2001:db8::/32"], format="access"),
    "alerts": sender(networks=["10.0.2.0/24"], may=["alerts"]),
}


@pytest.mark.parametrize(
    ("source", "host", "name"),
    [
        ("10.0.1.7", "fw-1", "firewalls"),
        ("10.0.1.7", "FW-1", "firewalls"),
        ("10.0.1.7", "", "web"),
        ("::ffff:10.0.1.7", "web-1", "web"),
        ("2001:db8::7%eth0", "fw-1", "web"),
        ("10.0.2.7", "x", None),
        ("192.0.2.1", "fw-1", None),
    ],
)
def test_the_first_sender_with_a_matching_network_and_host_is_chosen(
    source: str, host: str, name: str | None
) -> None:
    assert sender_of(address_of(source), host, SENDERS) == name


def test_a_message_without_a_time_gets_its_arrival_time() -> None:
    around, arrival = Surroundings(UTC, AT), AT.timestamp()
    source = address_of("10.0.1.7")
    access = b'<190>nginx: 192.0.2.9 - - [26/Nov/2026:01:00:00 +0000] "GET /a HTTP/1.1" 200 5'

    (first, second, third) = sorted_out(
        [
            SyslogMessage(source, arrival, b"<11>app: no\0"),
            SyslogMessage(source, arrival, access),
            SyslogMessage(address_of("192.0.2.1"), 1.0, b""),
        ],
        SENDERS,
        around,
    )

    assert first == (
        "web",
        {"message": "no", "level": "ERROR", "facility": "user", "service": "app", "timestamp": arrival},
    )
    assert (second[1]["status"], second[1]["timestamp"]) == (200, "2026-11-26T01:00:00+00:00")
    assert third[0] is None


@pytest.mark.parametrize(
    ("message", "logged_at"),
    [
        ("<11>1 2026-11-26T12:10:00.001Z fw-1 app - - - up", "2026-11-26T12:10:00.001Z"),
        ("<11>Jan  1 00:00:12 fw-1 app: up", "2027-01-01T00:00:12+00:00"),
        ("<11>1 yesterday fw-1 app - - - up", "yesterday"),
        ('<11>1 - fw-1 app - - - {"ts": -1795694400, "message": "up"}', -1795694400),
    ],
)
def test_a_message_with_an_impossible_time_gets_its_arrival_time(message: str, logged_at: object) -> None:
    told = record_of(message)

    assert (told["timestamp"], told["loggedAt"], told["message"]) == (AT.timestamp(), logged_at, "up")
    assert "ts" not in told


@pytest.mark.parametrize("own", ["2026-11-26T12:10:00Z", "2026-11-26T11:00:00Z", "2026-01-01T00:00:00Z"])
def test_a_message_with_a_plausible_time_keeps_it(own: str) -> None:
    told = record_of(f"<11>1 {own} fw-1 app - - - up")

    assert told["timestamp"] == own
    assert "loggedAt" not in told


def record_of(message: str) -> Record:
    sent = SyslogMessage(address_of("10.0.1.7"), AT.timestamp(), message.encode())
    ((_, told),) = sorted_out([sent], SENDERS, Surroundings(UTC, AT))
    return told


def test_a_message_is_read_in_the_zone_and_the_encoding_of_its_sender() -> None:
    senders = {"old": sender(networks=["10.0.3.0/24"], zone="Asia/Tokyo", encoding="shift_jis")}
    content = "<27>Nov 26 20:59:59 fw-1 app: ソース表示に失敗".encode("cp932")

    ((name, record),) = sorted_out(
        [SyslogMessage(address_of("10.0.3.7"), AT.timestamp(), content)], senders, Surroundings(UTC, AT)
    )

    assert name == "old"
    assert record["message"] == "ソース表示に失敗"
    assert record["timestamp"] == "2026-11-26T20:59:59+09:00"
