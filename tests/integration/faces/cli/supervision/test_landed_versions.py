"""The state of every version that people may have is upgraded whole."""

import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from tests.forking import run
from tests.integration.faces.ingest.served import DOCUMENT

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[5]
LEAVES = Path(__file__).with_name("landed.py")
NOON = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)
CPU = "monitoring/monitor/Web/CPU使用率/web-1"
KEPT = """
from toban.engine.notify.models import Alert
from toban.engine.people.models import Operator
from toban.engine.runs.models import Run
from toban.chapters.backup.models import Backup
[run] = Run.objects.all()
print(*Operator.objects.values_list("username", flat=True))
print(*Alert.objects.filter(resolved_at=None).values_list("key", flat=True))
print(run.due_at.isoformat(), run.state, run.note)
print(*Backup.objects.values_list("label", flat=True))
"""


@pytest.fixture(params=["6bda2fa2", "0e6a8427"])
def former(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The source of a version that landed."""
    packed = subprocess.run(
        ["/usr/bin/git", "-C", str(ROOT), "archive", request.param, "src"], capture_output=True, check=False
    )
    if packed.returncode:
        pytest.skip(f"needs the history of the project: {packed.stderr.decode()}")
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(tmp_path / "former", filter="data")
    return tmp_path / "former" / "src"


def by(source: Path, environment: Mapping[str, str], *words: str) -> str:
    """Let the version in *source* do something."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *words],
        env={**environment, "PYTHONPATH": str(source)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def now(environment: Mapping[str, str], *words: str) -> Sequence[str]:
    """Let the present version do something, and return the lines that it printed."""
    done = run(words, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_state_of_a_former_version_goes_on(former: Path, tmp_path: Path) -> None:
    home, design, bindings = tmp_path / "home", tmp_path / "運用設計書.md", tmp_path / "toban.toml"
    home.mkdir()
    design.write_text(DOCUMENT, encoding="utf-8")
    bindings.touch()
    environment = {
        **os.environ,
        "TOBAN_HOME": str(home),
        "TOBAN_DESIGN": str(design),
        "TOBAN_BINDINGS": str(bindings),
        "TOBAN_LANGUAGE": "en",
    }
    by(former, environment, "-m", "toban", "prepare")
    by(former, environment, str(LEAVES))

    said = now(environment, "-m", "toban", "prepare")
    verified = now(environment, "-m", "toban", "evidence", "verify")
    accounts, alerts, ran, backups = now(environment, "-c", "import django; django.setup()\n" + KEPT)

    assert any("is copied to" in line for line in said)
    assert not any("One-time password" in line for line in said)
    assert any("evidence is intact" in line for line in verified), verified
    assert (accounts, alerts) == ("admin", CPU)
    assert ran == f"{NOON.isoformat()} done 30 rows"
    assert backups in ("", "20261125T120000Z")
    assert bool(backups) == (former / "toban/chapters/backup/models.py").exists()
