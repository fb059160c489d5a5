"""The limits that reality sets, beside those of the usage table: of a real PostgreSQL, a disk and a group."""

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from tests.integration.chapters.capacity.place import COUNT_ROW, DOCUMENT, GB, STORAGE_ROW, Place
from tests.registered import PARTS

from toban.chapters.capacity import settings as limits
from toban.chapters.capacity.operation import OPERATION
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.drift.setting import ComparedSetting, SettingUnknown, reckoning_of
from toban.engine.editions.edition import Edition

pytestmark = pytest.mark.django_db
CONNECTIONS = "| DB接続数 | 20 | 100 | 20% | - |"


@pytest.fixture(autouse=True)
def clock(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "system_clock", lambda: place.now)


def of(place: Place, row: str) -> ComparedSetting:
    (found,) = (each for each in limits.settings(place.edition) if each.row.id == row)
    return found


def is_same(place: Place, row: str) -> bool:
    setting = of(place, row)
    real = setting.value.read(setting.look() or "")
    return setting.value.is_same(setting.stated, real, reckoning_of(place.edition))


@pytest.mark.parametrize(("limit", "expected"), [(500 * GB, True), (1000 * GB, False), (400 * GB, False)])
def test_a_disk_of_another_size_differs(place: Place, limit: int, expected: bool) -> None:
    place.gauges["DBストレージ"].limit = limit

    place.measure()

    assert is_same(place, STORAGE_ROW) is expected


def test_a_group_of_another_size_differs(place: Place) -> None:
    place.gauges["Webサーバー台数"].limit = 12

    place.measure()

    assert of(place, COUNT_ROW).look() == "12"
    assert not is_same(place, COUNT_ROW)


def test_what_sets_no_limit_is_not_compared(place: Place) -> None:
    place.measure()

    assert of(place, COUNT_ROW).look() is None


@pytest.mark.parametrize(
    ("scaled", "expected"),
    [
        ('kind = "deployment"\ndeployment = "本番環境"', []),
        ('kind = "command"\ncount = ["true"]\nresize = ["true", "{to}"]', [COUNT_ROW]),
    ],
)
def test_the_room_that_a_deployment_has_for_instances_is_no_setting(
    place: Place, scaled: str, expected: list[str]
) -> None:
    """The ports of the group would allow more than the document does: nobody has set anything otherwise."""
    used = '[resources."Webサーバー台数"]\nkind = "group"\ngroup = "Webサーバー"\n'
    text = f'{used}[scaling."Webサーバー"]\n{scaled}\n'
    bindings = read_bindings(text, Path("toban.toml"), PARTS.schema)
    place.edition = Edition(read_design(DOCUMENT, "運用設計書.md"), bindings, PARTS.kinds)

    assert [each.row.id for each in limits.settings(place.edition)] == expected


def test_what_was_not_measured_lately_is_unknown(place: Place) -> None:
    with pytest.raises(SettingUnknown):
        of(place, STORAGE_ROW).look()
    place.measure()
    place.pass_(timedelta(hours=2))

    with pytest.raises(SettingUnknown):
        of(place, STORAGE_ROW).look()


def test_the_connections_of_a_real_postgresql(
    place: Place, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DSN", postgres_dsn)
    with psycopg.connect(postgres_dsn) as connection:
        (most, reserved) = connection.execute(
            "SELECT current_setting('max_connections')::int,"
            " current_setting('superuser_reserved_connections')::int"
        ).fetchone() or (0, 0)
    document = DOCUMENT.replace("| Webサーバー台数 |", f"{CONNECTIONS}\n| Webサーバー台数 |")
    text = '[resources."DB接続数"]\nkind = "postgresql"\ndsn = "env:SHOP_DSN"\nwhat = "connections"\n'
    bindings = read_bindings(text, Path("toban.toml"), PARTS.schema)
    place.edition = Edition(read_design(document, "運用設計書.md"), bindings, PARTS.kinds)
    place.plan = place.edition.plan(OPERATION)

    place.measure()
    place.meter.close()

    (setting,) = limits.settings(place.edition)
    assert setting.look() == str(most - reserved)
    assert "postgresql" in str(setting.place)
