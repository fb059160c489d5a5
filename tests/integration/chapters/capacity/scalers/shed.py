"""A group of a team's own, kept in a folder: real commands change it, one at a time, and count it."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

_RESIZE = """
import sys, time
from pathlib import Path
to, size, how = int(sys.argv[1]), Path(__file__).with_name("size"), Path(__file__).with_name("how")
how = how.read_text().split() if how.exists() else []
there = int(size.read_text())
while there != to:
    there += 1 if there < to else -1
    if "slow" in how:
        print("::progress 50 one more", flush=True)
        time.sleep(0.5)
    size.write_text(str(there))
    print(f"there are {there}", flush=True)
    if "breaks" in how:
        sys.exit("the rack is full")
    if "hangs" in how:
        time.sleep(600)
"""
_COUNT = """
import sys, time
from pathlib import Path
how = Path(__file__).with_name("count-how")
how = how.read_text() if how.exists() else ""
print("counting", file=sys.stderr)
if how == "silent":
    time.sleep(600)
if how == "fails":
    sys.exit("the rack does not answer")
print("the rack says")
print("several" if how == "words" else Path(__file__).with_name("size").read_text())
"""


class Shed:
    """Where the group is."""

    def __init__(self, folder: Path, size: int = 2) -> None:
        self.folder = folder
        (folder / "resize.py").write_text(_RESIZE)
        (folder / "count.py").write_text(_COUNT)
        self.set(size)

    @property
    def commands(self) -> Mapping[str, object]:
        """The keys of its table."""
        return {
            "resize": (sys.executable, str(self.folder / "resize.py"), "{to}"),
            "count": (sys.executable, str(self.folder / "count.py")),
        }

    @property
    def size(self) -> int:
        """How many there are."""
        return int((self.folder / "size").read_text())

    def set(self, size: int) -> None:
        """Have so many be there."""
        (self.folder / "size").write_text(str(size))

    def have(self, *, resize: str = "", count: str = "") -> None:
        """Have the commands `break`, `hang`, be `slow`, or a count be `silent`, `fail` or write `words`."""
        (self.folder / "how").write_text(resize)
        (self.folder / "count-how").write_text(count)

    def wait_for(self, size: int) -> None:
        """Wait until there are so many."""
        end = time.monotonic() + 60
        while self.size != size:
            assert time.monotonic() < end
            time.sleep(0.02)

    def open_to_all(self) -> None:
        """Let any account run the commands, and change the group."""
        self.folder.chmod(0o777)
        for each in self.folder.iterdir():
            each.chmod(0o666)
