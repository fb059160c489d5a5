import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("killed.py")


def test_a_worker_killed_before_any_statement_loses_nothing_and_doubles_only_under_the_same_key(
    sqlite: dict[str, str], tmp_path: Path
) -> None:
    run = [sys.executable, str(PROGRAM), str(tmp_path / "state.sqlite3")]
    finished = subprocess.run(run, env=sqlite, capture_output=True, text=True, check=False, timeout=300)
    assert finished.returncode == 0, finished.stderr

    lives = [json.loads(line) for line in finished.stdout.splitlines()]

    assert len(lives) > 20
    for life in lives:
        assert life["states"] == ["delivered", "delivered"]
        assert life["broken"] == "None"
        in_order = list(dict.fromkeys(kind for kind, _ in life["received"]))
        assert in_order == ["firing", "recovered"]
        # At least once, and a repetition is recognisable by its key.
        assert len({key for _, key in life["received"]}) == 2
    # Some of the kills fell between the receiver's answer and our receipt.
    assert any(len(life["received"]) > 2 for life in lives)
