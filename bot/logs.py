"""Logs: one JSON object a line on standard error. An exception is logged by kind and place, never by its text,
because the text may quote what a person wrote."""

import logging
import logging.config
import sys
import traceback
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

_FRAMES = 12


def configure_logs(level: str = "INFO") -> None:
    """Send our events, and other libraries' log records, to standard error as JSON lines."""
    number = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_texts,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_LatestStandardError(),
        cache_logger_on_first_use=False,
    )
    logging.config.dictConfig(libraries_config(level))


def libraries_config(level: str = "INFO") -> dict[str, Any]:
    """Return the dictConfig that makes other libraries' records look like ours; quieter, since they are not events."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": _LibraryFormatter}},
        "handlers": {"stderr": {"()": _StandardErrorHandler, "formatter": "json"}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {"_granian": {"level": level}, "granian.access": {"level": "WARNING"}},
    }


class _LatestStandardError:
    # Looked up at each line, so that tests and servers which exchange sys.stderr are followed.
    def __call__(self, *_: Any) -> WrappedLogger:
        return structlog.PrintLogger(sys.stderr)


class _StandardErrorHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")


class _LibraryFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        # A library's arguments may be anything (a URL with a token): its unformatted phrase is all that is kept,
        # except for the server's own lines, which name addresses and processes.
        is_server = record.name.startswith("_granian")
        phrase = record.getMessage() if is_server else str(record.msg)
        event: EventDict = {"event": phrase, "logger": record.name, "exc_info": record.exc_info}
        for processor in (structlog.processors.TimeStamper(fmt="iso", utc=True), _without_texts):
            event = processor(None, record.levelname.lower(), event)
        event["level"] = record.levelname.lower()
        return str(structlog.processors.JSONRenderer(ensure_ascii=False)(None, "", event))


def _without_texts(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        event["error"] = _kinds(raised)
        event["where"] = _places(raised.__traceback__)
    return event


def _kinds(error: BaseException) -> str:
    kinds: list[str] = []
    current: BaseException | None = error
    while current is not None and len(kinds) < _FRAMES:
        kinds.append(type(current).__name__)
        current = current.__cause__ or current.__context__
    return " < ".join(kinds)


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}" for frame in frames]
