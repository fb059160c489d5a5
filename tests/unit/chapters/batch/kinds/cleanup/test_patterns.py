"""Which files are bound to a kind of log."""

from pathlib import Path

import pytest

from toban.chapters.batch.kinds.cleanup.patterns import BadPattern, read_pattern

HERE = Path("/srv/shop")


@pytest.mark.parametrize(
    ("written", "folder", "parts"),
    [
        ("/var/log/nginx/access*.log*", "/var/log/nginx", ("access*.log*",)),
        ("/var/log/app/*/error.log.*", "/var/log/app", ("*", "error.log.*")),
        ("/var/log/app/**/*.gz", "/var/log/app", ("**", "*.gz")),
        ("/var/log/app/old.log", "/var/log/app", ("old.log",)),
        ("log/*.log", "/srv/shop/log", ("*.log",)),
    ],
)
def test_the_folder_is_the_part_before_the_first_wildcard(
    written: str, folder: str, parts: tuple[str, ...]
) -> None:
    pattern = read_pattern(written, HERE)

    assert (pattern.folder, pattern.parts) == (Path(folder), parts)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("/var/log/../../etc/*", ".. は使えません"),
        ("../*.log", ".. は使えません"),
        ("/*", "広すぎます"),
        ("/var/*", "広すぎます"),
        ("/**/*.log", "広すぎます"),
        ("/var/log/app/**", "ファイルの名前が要ります"),
    ],
)
def test_a_pattern_that_reaches_too_far_is_refused(written: str, words: str) -> None:
    with pytest.raises(BadPattern, match=words):
        read_pattern(written, HERE)


@pytest.mark.parametrize(
    ("written", "found", "is_meant"),
    [
        ("/var/log/n/access*.log*", "access.log-20261101.gz", True),
        ("/var/log/n/access*.log*", "error.log", False),
        ("/var/log/n/access*.log*", "old/access.log", False),  # a star does not cross folders
        ("/var/log/n/*/a.log", "x/a.log", True),
        ("/var/log/n/*/a.log", "a.log", False),
        ("/var/log/n/**/a.log", "a.log", True),
        ("/var/log/n/**/a.log", "x/y/a.log", True),
        ("/var/log/n/**/a.log", "x/b.log", False),
        ("/var/log/n/**/a.log", ".git/a.log", False),
        ("/var/log/n/*", ".hidden", False),
        ("/var/log/n/.*", ".hidden", True),
        ("/var/log/n/a.log.[0-9]", "a.log.7", True),
        ("/var/log/n/a.log.[0-9]", "a.log.x", False),
        ("/var/log/n/A.log", "a.log", False),
    ],
)
def test_names_match_part_by_part(written: str, found: str, is_meant: bool) -> None:
    assert read_pattern(written, HERE).matches(Path(found).parts) is is_meant


@pytest.mark.parametrize(("written", "depth"), [("/a/b/*", 0), ("/a/b/*/c/*", 2), ("/a/b/**/*", None)])
def test_the_search_goes_no_deeper_than_the_pattern(written: str, depth: int | None) -> None:
    assert read_pattern(written, HERE).depth == depth
