"""A long operation in the terminal: what its threads say."""

from threading import Thread

import pytest
from django.utils import translation

from toban.faces.cli.screen import Screen
from toban.message import Message

VERIFIED = Message("backup-engines.verified", done="3 MB", total="4 MB")


def test_a_thread_speaks_the_language_of_whoever_began(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        screen.say(VERIFIED)
        screen.progress(75, VERIFIED)

    with translation.override("en"), Screen() as screen:
        thread = Thread(target=work)
        thread.start()
        thread.join()

    said = capsys.readouterr().err
    assert said.count(VERIFIED.in_language("en")) == 2
    assert "検証" not in said
