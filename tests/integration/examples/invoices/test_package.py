"""What the package holds once it is built."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

PACKAGE = Path(__file__).parents[4] / "examples" / "webshop" / "invoices"


def test_a_wheel_holds_the_compiled_catalogues(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=PACKAGE, check=True, capture_output=True,
    )  # fmt: skip

    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as held:
        names = held.namelist()
    for language in ("ja", "en"):
        assert f"toban_invoices/locale/{language}/LC_MESSAGES/invoices.mo" in names
