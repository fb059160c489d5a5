"""Syslog messages, standard and not."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.logs.formats.convert import Surroundings
from toban.chapters.logs.formats.syslog import record

AROUND = Surroundings(ZoneInfo("Asia/Tokyo"), datetime(2027, 1, 1, 1, 0, tzinfo=UTC))


def test_a_message_of_rfc_5424_is_read_completely() -> None:
    found = record(
        "<165>1 2026-10-11T22:14:15.003Z mymachine.example.com evntslog 812 ID47 "
        '[exampleSDID@32473 iut="3" eventSource="App \\"x\\" \\\\ [\\]"][other@1] '
        "\ufeffAn application event",
        AROUND,
    )

    assert found == {
        "message": "An application event",
        "level": "INFO",
        "facility": "local4",
        "timestamp": "2026-10-11T22:14:15.003Z",
        "host": "mymachine.example.com",
        "service": "evntslog",
        "pid": "812",
        "msgid": "ID47",
        "sd": {"exampleSDID@32473": {"iut": "3", "eventSource": 'App "x" \\ []'}, "other@1": {}},
    }


def test_nil_values_are_left_out() -> None:
    assert record("<34>1 - - - - - -", AROUND) == {"message": "", "level": "CRITICAL", "facility": "auth"}


def test_a_message_of_json_has_its_own_fields() -> None:
    found = record('<14>1 2026-12-31T00:00:00Z h app - - - {"message":"in","level":"ERROR"}', AROUND)

    assert (found["message"], found["level"], found["service"]) == ("in", "ERROR", "app")
    assert record('<14>app: @cee: {"message":"in"}', AROUND)["message"] == "in"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            "<34>Oct 11 22:14:15 mymachine su[23]: 'su root' failed",
            {
                "timestamp": "2026-10-11T22:14:15+09:00",
                "host": "mymachine",
                "service": "su",
                "pid": "23",
                "message": "'su root' failed",
                "level": "CRITICAL",
                "facility": "auth",
            },
        ),
        ("<13>Jan  1 09:00:00 h a: x", {"timestamp": "2027-01-01T09:00:00+09:00", "host": "h"}),
        ("<13>Dec 31 23:59:59 h a: x", {"timestamp": "2026-12-31T23:59:59+09:00"}),
        ("<13>Nov 26 10:00:00 root: no host", {"service": "root", "message": "no host"}),
        ("<30>2026-11-26T10:00:00.5+09:00 h app[7]: x", {"timestamp": "2026-11-26T10:00:00.5+09:00"}),
        ("<11>cart: no stock", {"service": "cart", "message": "no stock", "level": "ERROR"}),
        ("<15>only words", {"message": "only words", "level": "DEBUG", "facility": "user"}),
        ("<999>not a priority", {"message": "<999>not a priority"}),
        ("<13>Feb 30 10:00:00 h a: x", {"message": "Feb 30 10:00:00 h a: x"}),
        ("", {"message": ""}),
    ],
)
def test_messages_in_the_style_of_rfc_3164_are_read_as_far_as_possible(
    message: str, told: dict[str, object]
) -> None:
    assert record(message, AROUND).items() >= told.items()


def test_the_29th_of_february_is_placed_in_a_nearby_leap_year() -> None:
    around = Surroundings(ZoneInfo("Asia/Tokyo"), datetime(2028, 3, 1, tzinfo=UTC))

    assert record("<13>Feb 29 10:00:00 h a: x", around)["timestamp"] == "2028-02-29T10:00:00+09:00"


def test_invalid_structured_data_belongs_to_the_message() -> None:
    assert record('<13>1 - h a - - [x y="1" z', AROUND)["message"] == '[x y="1" z'
