"""The client's address; its behaviour is tested with a real store."""

import subprocess
import sys

import pytest

from toban.engine.telemetry.store import Telemetry


@pytest.mark.parametrize("url", ["", "127.0.0.1:8123", "clickhouse://a:secret@b:1/c", "http://"])
def test_an_address_that_is_not_an_http_url_is_refused_without_showing_its_secret(url: str) -> None:
    with pytest.raises(ValueError, match="must read http") as error:
        Telemetry(url)

    assert "secret" not in str(error.value)


def test_a_database_without_a_plain_name_is_refused() -> None:
    with pytest.raises(ValueError, match="not a plain name"):
        Telemetry("http://a:secret@127.0.0.1:1/x%60y")


def test_the_engine_is_loaded_only_in_the_child() -> None:
    program = (
        "import sys, toban.engine.telemetry.store, toban.engine.telemetry.buffer;"
        "import toban.faces.cli.supervision.store;"
        "print('chdb' in sys.modules)"
    )

    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "False"
