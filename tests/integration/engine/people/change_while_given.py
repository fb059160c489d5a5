"""A process that gives an account a password, or keeps changing it: `change_while_given.py VERB SECONDS`.

All processes begin at the same time, SECONDS after the epoch. A password is given, and printed, as soon as
the old one was changed.
"""

import json
import sys
import time

import django

django.setup()

from django.core.exceptions import PermissionDenied  # noqa: E402 - Django must be ready
from django.db import connection, transaction  # noqa: E402

from toban.engine.clock import system_clock  # noqa: E402
from toban.engine.people.adapter import ClosedAccountAdapter  # noqa: E402
from toban.engine.people.first import GIVEN, give_password  # noqa: E402
from toban.engine.people.models import Operator  # noqa: E402

LONGEST = 60.0


def keep_changing() -> int:
    """Change the password again and again, from what was read before, and return how often."""
    end, times, user = time.monotonic() + LONGEST, 0, Operator.objects.get(username="mira")
    while time.monotonic() < end:
        try:
            ClosedAccountAdapter().set_password(user, f"kaeru-Kagi-{times}")
        except PermissionDenied:
            break
        times += 1
    return times


def give() -> str:
    """Give a password, as a manager's page does."""
    before, end = Operator.objects.get(username="mira").password, time.monotonic() + LONGEST
    while Operator.objects.get(username="mira").password == before and time.monotonic() < end:
        time.sleep(0.05)
    with transaction.atomic():
        found = Operator.objects.select_for_update().get(username="mira")
        given = give_password(found, system_clock())
        found.save(update_fields=GIVEN)
    return given


connection.ensure_connection()
time.sleep(max(float(sys.argv[2]) - time.time(), 0))
sys.stdout.write(json.dumps({"change": keep_changing, "give": give}[sys.argv[1]]()))
