"""The programs started by `toban up`, as values."""

from dataclasses import replace
from pathlib import Path

import pytest

from toban.engine.supervision.program import Program
from toban.faces.cli.supervision import programs, webshop
from toban.faces.cli.supervision.programs import Instance, OwnStore
from toban.faces.cli.supervision.webshop import WRITTEN_PORTS, Webshop, bind_ports

SHOP_FOLDER = Path(__file__).parents[5] / "examples" / "webshop"


def instance(store: OwnStore | str) -> Instance:
    return Instance(
        home=Path("home"),
        design=Path("運用設計書.md"),
        bindings=Path("toban.toml"),
        host="127.0.0.1",
        port=8300,
        public_url="https://toban.example.com",
        store=store,
        more={"SHOP_DATABASE_URL": "postgresql://…"},
    )


def by_name(found: tuple[Program, ...]) -> dict[str, Program]:
    return {program.name: program for program in found}


def test_the_worker_and_the_page_start_after_the_store() -> None:
    found = by_name(programs.programs(instance(OwnStore(9000, "s3cret"))))

    assert list(found) == ["store", "worker", "serve"]
    assert found["worker"].after == found["serve"].after == ("store",)
    assert found["store"].ready == "http://127.0.0.1:9000/ping"


def test_the_worker_judges_what_starts_with_it() -> None:
    found = by_name(programs.programs(replace(instance("http://…"), judged=("shop-api", "shop-web"))))

    assert found["worker"].judges == ("shop-api", "shop-web")


def test_the_address_is_said_by_the_page_itself_once_it_answers() -> None:
    found = by_name(programs.programs(instance("http://…")))

    assert "https://toban.example.com" in str(found["serve"].announces)
    assert found["worker"].announces is None


def test_with_an_external_clickhouse_no_store_is_started() -> None:
    found = by_name(programs.programs(instance("https://toban:pw@clickhouse.example.com:8443/toban")))

    assert list(found) == ["worker", "serve"]
    assert found["worker"].after == ()
    assert found["worker"].environment["TOBAN_TELEMETRY_URL"].startswith("https://toban:pw@clickhouse")


def test_secrets_are_passed_in_the_environment_and_never_on_the_command_line() -> None:
    found = programs.programs(instance(OwnStore(9000, "s3cret")))

    assert not any("s3cret" in word for program in found for word in program.command)


def test_secrets_named_in_the_bindings_reach_the_worker() -> None:
    worker = by_name(programs.programs(instance("http://…")))["worker"]

    assert worker.environment["SHOP_DATABASE_URL"] == "postgresql://…"


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - named, not bound
def test_a_wildcard_address_is_replaced_by_a_reachable_one(host: str) -> None:
    assert programs.reachable(host) == "127.0.0.1"


def test_the_shops_bindings_contain_its_actual_ports() -> None:
    written = (SHOP_FOLDER / "toban.toml").read_text(encoding="utf-8")

    bound = bind_ports(written, {"web": 41001, "api": 41002, "db": 41003, "inbox": 41004, "smtp": 41005})

    assert "127.0.0.1:41001/metrics" in bound
    assert "127.0.0.1:41002/products" in bound
    assert "http://127.0.0.1:41004/" in bound
    assert "\nport = 41005\n" in bound
    assert not any(f"127.0.0.1:{port}" in bound for port in WRITTEN_PORTS.values())


def test_the_shop_starts_from_its_database_to_its_customers() -> None:
    ports = {"web": 1, "api": 2, "db": 3, "inbox": 5, "smtp": 6, "host": 7, "bucket": 8}
    shop = Webshop(SHOP_FOLDER, Path("place"), ports, "pw", "127.0.0.1:4", "key", "chat", "token")

    order = [(program.name, program.after) for program in webshop.programs(shop)]

    assert order == [
        ("shop-inbox", ()),
        ("shop-db", ()),
        ("shop-api", ("shop-db",)),
        ("shop-web", ("shop-api",)),
        ("shop-traffic", ("shop-web",)),
        ("shop-host", ()),
        ("shop-bucket", ()),
        ("shop-agent", ("shop-web", "serve")),
    ]


def test_the_threads_of_a_process_share_two_heaps() -> None:
    found = programs.programs(instance(OwnStore(9000, "s3cret")))

    assert [each.environment["MALLOC_ARENA_MAX"] for each in found] == ["2", "2", "2"]
