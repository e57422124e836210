"""Logging by structlog, which also formats the standard library's log records."""

import logging
import sys
import traceback
from pathlib import Path
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor


def set_up_logs(log_format: Literal["console", "json"], level: int = logging.INFO) -> None:
    """Write log lines to standard error, for people (`console`) or for machines (`json`)."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        _without_words,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(log_format)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # It logs every address that mail is sent to.
    logging.getLogger("mail.log").setLevel(logging.ERROR)


def _rendering(log_format: str) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.JSONRenderer()]
    return [structlog.dev.ConsoleRenderer()]


def _without_words(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Log where an exception was raised, without its message, which may contain personal data."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["frames"] = [
            f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
    return event
