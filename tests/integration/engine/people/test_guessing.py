"""Several processes count failed sign-ins together, with each database."""

import subprocess
import sys
from pathlib import Path

import pytest

from toban.engine.people.backoff import AT_ACCOUNT, AT_SOURCE

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("guess_many.py")
AT_ONCE = 6


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_processes_that_guess_at_once_share_one_count(database: str, request: pytest.FixtureRequest) -> None:
    environment = request.getfixturevalue(database)

    one = _tried(environment, ["192.0.2.1"] * AT_ONCE)
    many = _tried(environment, [f"203.0.113.{number}" for number in range(AT_ONCE)])

    # The first ones are among those of all strangers, too.
    assert (one, many) == (AT_SOURCE.free, AT_ACCOUNT.free - AT_SOURCE.free)


def _tried(environment: dict[str, str], addresses: list[str]) -> int:
    """Return how many guesses were let through to a password, of ten in each process."""
    guessers = [
        subprocess.Popen(
            [sys.executable, str(PROGRAM), address, "10"], env=environment, stdout=subprocess.PIPE, text=True
        )
        for address in addresses
    ]
    return sum(int(guesser.communicate(timeout=120)[0]) for guesser in guessers)
