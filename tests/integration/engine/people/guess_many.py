"""One of several servers: somebody guesses a password there, as often as they are let."""

import sys

import django

django.setup()

from django.http import HttpRequest  # noqa: E402

from toban.engine.clock import system_clock  # noqa: E402
from toban.engine.people import attempts  # noqa: E402

request = HttpRequest()
request.META["REMOTE_ADDR"] = sys.argv[1]
tried = sum(
    attempts.at_password(request, None, "nobody", system_clock()) is not None for _ in range(int(sys.argv[2]))
)
sys.stdout.write(f"{tried}\n")
