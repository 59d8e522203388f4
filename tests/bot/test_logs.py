"""Logs: one JSON object a line, and never what a person wrote."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.logs import configure_logs


@pytest.fixture(autouse=True)
def _as_in_service(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    # After standard error has been exchanged for the captured one.
    configure_logs("INFO")
    yield
    configure_logs("WARNING")  # as for all other tests


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    written = capsys.readouterr()
    assert written.out == ""
    return [json.loads(line) for line in written.err.splitlines()]


def test_an_event_is_a_line_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger().info("turn late", turn="abc")
    [event] = logged(capsys)
    assert (event["event"], event["turn"], event["level"]) == ("turn late", "abc", "info")


def test_an_exception_is_logged_by_kind_and_place_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        try:
            raise KeyError("身份证11010519491231002X")
        except KeyError as error:
            raise ValueError("o-lin") from error
    except ValueError as error:
        structlog.get_logger().error("handler failed", exc_info=error)
    [event] = logged(capsys)
    assert event["error"] == "ValueError < KeyError"
    assert "test_logs.py" in str(event["where"])
    assert not any(words in json.dumps(event, ensure_ascii=False) for words in ("身份证", "o-lin"))


def test_a_librarys_record_keeps_its_phrase_and_not_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("urllib3.connectionpool").warning("retrying %s", "/cgi-bin/token?secret=abc")
    [event] = logged(capsys)
    assert event["event"] == "retrying %s"
