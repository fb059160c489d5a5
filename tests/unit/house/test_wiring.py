"""What is registered is loaded before Django is ready: `toban up` and others read bindings first."""

import json
import os
import subprocess
import sys

from toban import wiring

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


def test_kinds_are_loaded_without_django_being_ready() -> None:
    registered = (
        *(wiring.CHANNELS, wiring.SOURCES, wiring.DISCOVERIES),
        *(wiring.WORKS, wiring.STORES, wiring.BACKUPS, wiring.LOG_SOURCES),
    )
    modules = sorted({module for table in registered for module in table.values()})
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}

    told = subprocess.check_output([sys.executable, "-c", LOAD, *modules], env=environment)

    assert len(modules) > 10
    assert json.loads(told) == {}
