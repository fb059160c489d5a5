"""Everything registered can be loaded by any reader of bindings: before Django is ready, without clients."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import click
import pytest
from tests.registered import PARTS

from toban import wiring

CLIENTS = (
    *("apprise", "asyncssh", "boto3", "botocore", "chdb", "clickhouse_connect", "cryptography", "django"),
    *("fpdf", "holidays", "jpholiday", "numpy", "obstore", "opentelemetry", "psycopg", "redis", "structlog"),
)
"""Libraries that take a tenth of a second to load, or that import such libraries."""

LOAD = """
import importlib, json, sys
failed = {}
for module in sys.argv[1:]:
    try:
        importlib.import_module(module)
    except Exception as error:
        failed[module] = f"{type(error).__name__}: {error}"
print(json.dumps(failed))
"""

READ = """
import json, sys
from toban import wiring
models = wiring.parts().schema.models
known = len(models["sources"]) + len(models["backups"])
print(json.dumps([known, sorted(set(sys.argv[1:]) & sys.modules.keys())]))
"""

COMMAND = """
import importlib, json, sys
from toban import wiring
importlib.import_module(wiring.COMMANDS[sys.argv[1]].module)
print(json.dumps(sorted(sys.modules)))
"""

OPERATE = """
import json, sys
import django
django.setup()
from toban import wiring
operations = wiring.parts().operations
print(json.dumps([len(operations), sorted(set(sys.argv[1:]) & sys.modules.keys())]))
"""

HELP = """
import sys
from toban import wiring
sys.argv = ["toban", "--help"]
try:
    wiring.main()
finally:
    print(*sys.modules, sep="\\n")
"""


def test_every_registered_command_can_be_called() -> None:
    group = wiring.command(PARTS)
    context = click.Context(group)

    assert [name for name in group.list_commands(context) if group.get_command(context, name) is None] == []


def test_a_command_of_two_words_is_a_subcommand() -> None:
    group = wiring.command(PARTS)
    status = group.get_command(click.Context(group), "status")

    assert isinstance(status, click.Group)
    below = click.Context(status, obj=PARTS)
    assert status.list_commands(below) == ["export"]
    assert status.get_command(below, "export") is not None
    assert "status export" not in group.list_commands(click.Context(group))


def test_help_names_every_command_and_loads_none() -> None:
    told = subprocess.check_output([sys.executable, "-c", HELP], encoding="utf-8").splitlines()

    shown = {line.split()[0]: line for line in told if line.startswith("  ")}
    # A long help text continues on the next line.
    brought = {name: each for extension in PARTS.extensions for name, each in extension.commands.items()}
    commands = {**wiring.COMMANDS, **brought}
    # `status export` is listed in the help of `toban status`.
    listed = {name: command for name, command in commands.items() if " " not in name}
    assert [
        name for name, command in listed.items() if str(command.help)[:50].strip() not in shown[name]
    ] == []
    assert {command.module for command in commands.values()}.isdisjoint(told)
    assert set(CLIENTS).isdisjoint(told)


@pytest.mark.parametrize(
    "name", sorted(name for name, command in wiring.COMMANDS.items() if not command.needs_state)
)
def test_a_command_without_state_is_loaded_without_django(name: str) -> None:
    told = subprocess.check_output([sys.executable, "-c", COMMAND, name])

    # The agent logs with structlog.
    assert ({*CLIENTS, "pyarrow"} - {"structlog"}) & set(json.loads(told)) == set()


def test_kinds_can_be_loaded_before_django_is_ready() -> None:
    modules = sorted({module for table in PARTS.kinds.modules.values() for module in table.values()})
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}

    told = subprocess.check_output([sys.executable, "-c", LOAD, *modules], env=environment)

    assert len(modules) > 10
    assert json.loads(told) == {}


def test_the_schema_of_the_bindings_is_available_without_any_client_library() -> None:
    """Otherwise every command that reads `toban.toml` would wait for all of them, whatever it contains."""
    kinds, loaded = json.loads(subprocess.check_output([sys.executable, "-c", READ, *CLIENTS]))

    assert all(map(find_spec, CLIENTS))
    assert kinds > 10
    assert loaded == []


def test_what_extensions_do_is_known_without_the_clients_of_places_that_few_have() -> None:
    """Worker and server load every operation: a client takes up to 12 MB of each."""
    few = ("asyncssh", "boto3", "botocore", "fpdf", "jpholiday", "obstore", "redis")
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "toban.settings"}

    told = subprocess.check_output([sys.executable, "-c", OPERATE, *few], env=environment)

    operations, loaded = json.loads(told)
    assert operations > 10
    assert loaded == []
