"""Mirrors of advisories, as files."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile


def mirror(folder: Path, ecosystem: str, records: Iterable[dict[str, Any]]) -> Path:
    """Write `{ecosystem}/all.zip` with *records* in *folder*, and return the folder."""
    (folder / ecosystem).mkdir(parents=True, exist_ok=True)
    with ZipFile(folder / ecosystem / "all.zip", "w", ZIP_DEFLATED) as archive:
        for each in records:
            archive.writestr(f"{each['id']}.json", json.dumps(each))
    return folder


def advisory(name: str, package: str, fixed: str, /, **instead: Any) -> dict[str, Any]:
    """Return an advisory about *package* of PyPI, or of `ecosystem`."""
    ecosystem = instead.pop("ecosystem", "PyPI")
    events = [{"introduced": "0"}, {"fixed": fixed}] if fixed else [{"introduced": "0"}]
    return {
        "id": name,
        "modified": "2026-11-24T00:00:00Z",
        "affected": [
            {
                "package": {"ecosystem": ecosystem, "name": package},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
        ],
        **instead,
    }
