"""The store's answers to statements it refuses."""

import pytest

from toban.engine.telemetry.child.refusal import RequestRefusal, from_engine


def test_the_engines_error_code_and_message_are_kept() -> None:
    refused = from_engine(RuntimeError("Code: 60. DB::Exception: Unknown table 'x'. (UNKNOWN_TABLE)"))

    assert refused.text == "Code: 60. DB::Exception: Unknown table 'x'. (UNKNOWN_TABLE)"
    assert refused.status == 404


def test_text_before_the_error_code_is_left_out() -> None:
    refused = from_engine(RuntimeError("Streaming query failed: Code: 159. DB::Exception: Timeout exceeded"))

    assert refused.text == "Code: 159. DB::Exception: Timeout exceeded"


@pytest.mark.parametrize(("words", "text"), [("", "the engine failed without a word"), ("odd", "odd")])
def test_an_error_without_a_code_gets_one(words: str, text: str) -> None:
    refused = from_engine(RuntimeError(words))

    assert refused.text == f"Code: 1001. DB::Exception: {text}"


def test_a_code_without_a_status_of_its_own_is_a_server_error() -> None:
    assert RequestRefusal(241, "memory").status == 500
