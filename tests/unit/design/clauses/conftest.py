from collections.abc import Callable

import pytest

from toban.design.reader import Design, read_design

type Read = Callable[..., Design]


@pytest.fixture
def read() -> Read:
    """Read a few lines as a document: headings from the second level down, then the lines."""

    def read_lines(*lines: str) -> Design:
        headings = [line for line in lines if line.startswith("#")]
        rest = [line for line in lines if not line.startswith("#")]
        return read_design("\n\n".join([*headings, "\n".join(rest)]) + "\n", "手引き.md")

    return read_lines
