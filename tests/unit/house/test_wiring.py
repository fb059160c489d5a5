"""What is registered is loaded by all who read bindings: before Django is ready, and without any client."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

from tests.registered import PARTS

CLIENTS = (
    *("apprise", "asyncssh", "boto3", "botocore", "chdb", "clickhouse_connect", "cryptography", "django"),
    *("fpdf", "holidays", "numpy", "obstore", "opentelemetry", "psycopg", "redis", "structlog"),
)
"""Libraries that take a tenth of a second to load, or have those that do behind them."""

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


def test_kinds_are_loaded_without_django_being_ready() -> None:
    modules = sorted({module for table in PARTS.kinds.modules.values() for module in table.values()})
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}

    told = subprocess.check_output([sys.executable, "-c", LOAD, *modules], env=environment)

    assert len(modules) > 10
    assert json.loads(told) == {}


def test_what_the_bindings_may_say_is_known_without_any_client() -> None:
    """Every command that reads `toban.toml` would wait for all of them, whatever the file says."""
    kinds, loaded = json.loads(subprocess.check_output([sys.executable, "-c", READ, *CLIENTS]))

    assert all(map(find_spec, CLIENTS))
    assert kinds > 10
    assert loaded == []
