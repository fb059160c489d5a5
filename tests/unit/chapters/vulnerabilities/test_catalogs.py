"""CISA's catalog and EPSS in the folder of the mirror."""

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from toban.chapters.vulnerabilities.advisories import likelihoods
from toban.chapters.vulnerabilities.advisories.catalogs import EPSS, KEV, read_catalogs

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HEAD = "#model_version:v2025.03.14,score_date:2026-11-24T12:55:00+0000\ncve,epss,percentile\n"


def kev(folder: Path, released: str = "2026-11-20T18:00:00.0000Z") -> None:
    entry = {"cveID": "CVE-2026-1", "dateAdded": "2026-11-20"}
    catalog = {"dateReleased": released, "vulnerabilities": [entry]}
    (folder / "known_exploited_vulnerabilities.json").write_text(json.dumps(catalog))


def epss(folder: Path, lines: str) -> None:
    (folder / "epss_scores-current.csv.gz").write_bytes(gzip.compress(lines.encode()))


def test_both_are_read_with_their_age(tmp_path: Path) -> None:
    kev(tmp_path)
    epss(tmp_path, f"{HEAD}CVE-2026-1,0.12345,0.9\nCVE-2026-2,0.5,0.9\n")

    found = read_catalogs(tmp_path, {"CVE-2026-1"}, NOW)

    assert found.exploited == {"CVE-2026-1": date(2026, 11, 20)}
    assert found.likelihoods == {"CVE-2026-1": 0.12345}
    assert found.made_at == {
        KEV: datetime(2026, 11, 20, 18, tzinfo=UTC),
        EPSS: datetime(2026, 11, 24, 12, 55, tzinfo=UTC),
    }
    assert found.troubles == []


def test_neither_needs_to_be_there(tmp_path: Path) -> None:
    found = read_catalogs(tmp_path, {"CVE-2026-1"}, NOW)

    assert (found.exploited, found.likelihoods, found.made_at, found.troubles) == ({}, {}, {}, [])


def test_what_is_yet_to_come_does_not_count_as_new(tmp_path: Path) -> None:
    kev(tmp_path, "2027-01-01T00:00:00Z")

    assert read_catalogs(tmp_path, set(), NOW).made_at == {}


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "cve,epss,percentile\nCVE-2026-1,0.1,0.9\n",
        "#model_version:v1,score_date:soon\ncve,epss,percentile\n",
        HEAD.replace("cve,epss", "a,b"),
        f"{HEAD}CVE-2026-1,nan,0.9\n",
        f"{HEAD}CVE-2026-1,1.5,0.9\n",
        f"{HEAD}CVE-2026-1,much,0.9\n",
    ],
    ids=["empty", "no date", "no such date", "other columns", "nan", "beyond one", "no number"],
)
def test_scores_that_can_not_be_read_are_named(tmp_path: Path, lines: str) -> None:
    epss(tmp_path, lines)

    found = read_catalogs(tmp_path, {"CVE-2026-1"}, NOW)

    assert found.likelihoods == {}
    assert "epss_scores-current.csv.gz" in str(found.troubles[0])


def test_a_file_that_is_broken_or_unpacks_beyond_all_bounds_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "epss_scores-current.csv.gz").write_bytes(gzip.compress(HEAD.encode())[:-9])
    assert read_catalogs(tmp_path, {"CVE-2026-1"}, NOW).troubles

    monkeypatch.setattr(likelihoods, "_LARGEST", 1000)
    epss(tmp_path, HEAD + "CVE-2026-2,0.1,0.2\n" * 1000)
    assert "MiB" in str(read_catalogs(tmp_path, {"CVE-2026-1"}, NOW).troubles[0])
