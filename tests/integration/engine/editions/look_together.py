"""A node that looks at the files again and again: `look_together.py FOLDER NODE ACCOUNT SECONDS`.

All nodes begin at the same time, SECONDS after the epoch. When every one of them has looked, each approves as
ACCOUNT whatever waits, and prints the commands that it had in force, one after another, and how often its
approval was heard.
"""

import json
import sys
import time
from pathlib import Path

import django

django.setup()

from django.db import connection  # noqa: E402 - Django must be ready
from tests.integration.engine.editions.server import Server  # noqa: E402

from toban.engine.editions.gate.approval import asked  # noqa: E402
from toban.engine.orders import NotPossible  # noqa: E402

LONGEST = 20


def main(folder: str, node: str, account: str, start: float) -> None:
    server = Server(Path(folder))
    server.start(f"kept-{node}")
    connection.ensure_connection()
    time.sleep(max(start - time.time(), 0))
    server.look()
    commands, heard = [server.command], 0
    await_all(Path(folder).parent, node)
    met = time.time()
    while "evil" not in commands[-1] and time.time() < met + LONGEST:
        server.look()
        if server.command not in commands[-1:]:
            commands.append(server.command)
        # Once: the other node may have approved it, and brought it into force, by the next question.
        request = asked()
        if request is not None:
            try:
                server.approve(account, request)
                heard += 1
            except NotPossible:
                pass
    sys.stdout.write(json.dumps([commands, heard]))


def await_all(place: Path, node: str) -> None:
    """Wait for the other nodes: one that begins late would find what the others have already approved."""
    (place / f"looked-{node}").touch()
    until = time.time() + LONGEST
    while len(list(place.glob("looked-*"))) < len(list(place.glob("kept-*"))) and time.time() < until:
        time.sleep(0.001)


if __name__ == "__main__":
    folder_, node_, account_, seconds = sys.argv[1:]
    main(folder_, node_, account_, float(seconds))
