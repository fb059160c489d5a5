"""A password that is given while somebody keeps changing the old one, with each database."""

from pathlib import Path

import pytest
from tests.integration.together import at_once, run

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("change_while_given.py")
PREPARE = """
import django; django.setup()
from toban.engine.people.models import Operator
Operator.objects.create_user("mira", password="kaeru-Kagi")
"""
REPORT = """
import sys, django; django.setup()
from toban.engine.people.models import Operator
mira = Operator.objects.get()
print(mira.check_password(sys.argv[1]), mira.must_change_password)
"""


def test_a_given_password_stands_against_whoever_keeps_changing_the_old_one(database: dict[str, str]) -> None:
    run(database, PREPARE)

    given, changed = at_once(database, PROGRAM, ("give",), ("change",))

    assert changed > 0
    assert run(database, REPORT, given).split() == ["True", "True"]
