"""Whose a syslog message is."""

from datetime import UTC, datetime

import pytest

from toban.chapters.logs.formats.convert import Surroundings
from toban.engine.bindings.senders import SenderBinding
from toban.faces.ingest.syslog.rules import Message, address_of, sender_of, sorted_out


def sender(**said: object) -> SenderBinding:
    return SenderBinding.model_validate({"may": ["logs"], **said})


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
def test_the_first_whose_network_and_host_fit_has_sent_it(source: str, host: str, name: str | None) -> None:
    assert sender_of(address_of(source), host, SENDERS) == name


def test_a_message_without_a_time_is_of_the_time_at_which_it_came() -> None:
    around = Surroundings(UTC, datetime(2026, 11, 26, tzinfo=UTC))
    source = address_of("10.0.1.7")
    access = b'<190>nginx: 192.0.2.9 - - [26/Nov/2026:01:00:00 +0000] "GET /a HTTP/1.1" 200 5'

    (first, second, third) = sorted_out(
        [
            Message(source, 12.5, b"<11>app: no\0"),
            Message(source, 12.5, access),
            Message(address_of("192.0.2.1"), 1.0, b""),
        ],
        SENDERS,
        around,
    )

    assert first == (
        "web",
        {"message": "no", "level": "ERROR", "facility": "user", "service": "app", "timestamp": 12.5},
    )
    assert (second[1]["status"], second[1]["timestamp"]) == (200, "2026-11-26T01:00:00+00:00")
    assert third[0] is None
