import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("outbox_worker.py")
COUNT = 60


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_several_workers_send_everything_and_nothing_twice(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    environment = request.getfixturevalue(database)
    received = tmp_path / "received"
    subprocess.run([sys.executable, str(PROGRAM), "fill", str(COUNT)], env=environment, check=True)

    workers = [
        subprocess.Popen([sys.executable, str(PROGRAM), "deliver", str(received)], env=environment)
        for _ in range(3)
    ]

    assert [worker.wait(timeout=120) for worker in workers] == [0, 0, 0]
    assert sorted(received.read_text().split(), key=int) == [str(number) for number in range(COUNT)]
