"""Where chapter 5 keeps things in Toban's home. Pure."""

from pathlib import Path


def folder_of(home: Path, subject: str, name: str) -> Path:
    """Return the private folder in Toban's *home* for what *subject* keeps of *name*."""
    # The document's words may hold what no file name may.
    safe = "".join(each if each.isalnum() or each in "-_" else f"%{ord(each):x}" for each in name)
    return home / "releases" / subject / safe
