"""Errors cross to other apps and other processes as plain data, each with its sentence."""

from __future__ import annotations

import json

import pytest

from sonic_ui.engine.events import Cancelled, CancelToken, Failure, decode_error, encode_error
from sonic_ui.requests import BadInput


@pytest.mark.parametrize("error", [BadInput("Steps is 0.", "steps"), Cancelled(), Failure("Out of paint.")])
def test_errors_come_back_as_they_went(error: Exception) -> None:
    back = decode_error(json.loads(json.dumps(encode_error(error))))
    assert type(back) is type(error) and str(back) == str(error)
    assert getattr(back, "field", "") == getattr(error, "field", "")


def test_other_errors_are_a_sentence_and_go_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    back = decode_error(encode_error(ZeroDivisionError("secret detail")))
    assert isinstance(back, Failure) and "its log has the details" in str(back)
    assert "secret" not in str(back) and "secret detail" in caplog.text


def test_what_is_not_understood_is_a_failure() -> None:
    assert isinstance(decode_error({}), Failure)


def test_a_cancel_token() -> None:
    token = CancelToken()
    token.check()
    token.cancel()
    assert token.cancelled
    with pytest.raises(Cancelled):
        token.check()
