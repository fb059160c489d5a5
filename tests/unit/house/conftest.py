"""The imports of every module of Toban and of the invoices; read once for all tests of this folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def imports() -> dict[str, set[str]]:
    """Each module, with its direct imports; imports inside functions and for types count too."""
    graph = grimp.build_graph("toban", "toban_invoices", cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


HELP = """
import inspect, json, django
from django.utils import translation
django.setup()
translation.activate("en")
from tests.unit.house.test_help import commands, texts
print(json.dumps([(name, inspect.cleandoc(text)) for name, command in commands() for text in texts(command)]))
"""


@pytest.fixture(scope="session")
def english_help() -> tuple[tuple[str, str], ...]:
    """Every text of the commands' help as it stands beside them, with the command's name.

    Read by a process of its own: here another test may have loaded a command in Japanese.
    """
    environment = {**os.environ, "TOBAN_LANGUAGE": "en", "DJANGO_SETTINGS_MODULE": "toban.settings"}
    written = subprocess.check_output([sys.executable, "-c", HELP], env=environment, text=True, cwd=ROOT)
    return tuple((name, text) for name, text in json.loads(written))
