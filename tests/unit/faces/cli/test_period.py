"""Times as people type them."""

import click
import pytest

from toban.faces.cli.period import moment


@pytest.mark.parametrize(
    "written", ["yesterday", "", "2026-13-01", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00+14:00"]
)
def test_a_time_that_cannot_be_is_refused(written: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        moment(written, "--at")

    assert refused.value.param_hint == "--at"
