"""Log lines tell of errors without repeating what they say."""

import json
import logging

import pytest
import structlog

from bulksend.server.logs import set_up_logs


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_exceptions_words_and_locals_stay_out(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    set_up_logs("json" if log_format == "json" else "console")
    try:
        address = "alice@example.com"
        for log in (structlog.get_logger("test"), logging.getLogger("test")):
            try:
                raise ValueError(f"Failing row contains ({address})")
            except ValueError:
                log.exception("it failed")
    finally:
        root.handlers, root.level = before, level
        structlog.reset_defaults()
    told = capsys.readouterr().err
    assert address not in told
    assert "Failing row" not in told
    assert told.count("ValueError") == 2
    assert "test_an_exceptions_words" in told
    if log_format == "json":
        assert [json.loads(line)["event"] for line in told.splitlines()] == ["it failed", "it failed"]
