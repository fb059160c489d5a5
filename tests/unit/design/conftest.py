from collections.abc import Callable
from itertools import takewhile

import pytest

from toban.design.reader import Design, read_design

type Read = Callable[..., Design]


@pytest.fixture
def read() -> Read:
    """Read a few lines as a document about a server: headings from the second level on, then the lines."""

    def read_lines(*lines: str) -> Design:
        headings = list(takewhile(lambda line: line.startswith("#"), lines))
        return read_design(
            "\n\n".join([*headings, "\n".join(lines[len(headings) :]), "サーバー\n"]), "手引き.md"
        )

    return read_lines
