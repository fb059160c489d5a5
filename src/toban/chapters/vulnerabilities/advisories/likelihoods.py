"""How likely vulnerabilities are exploited within thirty days: EPSS, beside the archives of the mirror.

https://www.first.org/epss/data_stats It may be left out; what can't be read is said.
"""

import gzip
import zlib
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from toban.chapters.vulnerabilities.advisories.exploited import CatalogUnreadable
from toban.message import Message

SCORES = "epss_scores-current.csv.gz"
_LARGEST = 256 * 1024 * 1024
"""Bytes, unpacked; in 2026 it has about 12 MB."""
_LONGEST_LINE = 1000
_DATE = "score_date:"
_COLUMNS = b"cve,epss"


def read_likelihoods(folder: Path, wanted: Collection[str]) -> tuple[Mapping[str, float], datetime | None]:
    """Return the likelihood of each of *wanted* by its CVE number, and of when they are.

    Nothing, and no time, if *folder* has none. Raises `CatalogUnreadable`.
    """
    file = folder / SCORES
    try:
        with gzip.open(file, "rb") as stream:
            lines = _lines(stream)
            made_at = _made_at(next(lines, b""), next(lines, b""))
            return dict(_scores(lines, wanted)), made_at
    except FileNotFoundError:
        return {}, None
    except (OSError, EOFError, ValueError, zlib.error) as error:
        why = str(error) or type(error).__name__
        raise CatalogUnreadable(Message("vulnerabilities.archive-unreadable", file=file, why=why)) from error


def _lines(stream: gzip.GzipFile) -> Iterator[bytes]:
    size = 0
    while line := stream.readline(_LONGEST_LINE):
        size += len(line)
        if size > _LARGEST:
            raise ValueError(f"> {_LARGEST // 1024**2} MiB")
        yield line


def _made_at(first: bytes, columns: bytes) -> datetime:
    """Return the date in `#model_version:v2025.03.14,score_date:2026-11-24T12:55:00Z`, above the columns."""
    _, mark, date = first.decode("ascii", "replace").partition(_DATE)
    if not mark or not columns.startswith(_COLUMNS):
        raise ValueError(_DATE)
    found = datetime.fromisoformat(date.strip().partition(",")[0])
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _scores(lines: Iterator[bytes], wanted: Collection[str]) -> Iterator[tuple[str, float]]:
    for line in lines:
        name, _, rest = line.decode("ascii", "replace").partition(",")
        if name in wanted:
            score = float(rest.partition(",")[0])
            if not 0 <= score <= 1:
                raise ValueError(f"{name}: {score}")
            yield name, score
