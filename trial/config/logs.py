"""One JSON object per line, for Django, Celery and our own code alike, without personal data.

Every text that leaves, message, field or traceback, passes the scrubber: logs are read by many, and an identity number
in one would be there to stay. What PostgreSQL tells of a refused row's values is left out as well, and so is what a
page held when a template did not find something in it. Logs go to standard error; standard output belongs to what a
command prints.
"""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from django.conf import settings
from structlog.typing import EventDict, Processor, WrappedLogger

from evaluation.national_id import scrub
from trial.audit import cef

QUIET = {"django.security.DisallowedHost": logging.ERROR, "axes": logging.WARNING}
OURS = ("trial", "evaluation")  # the loggers that are heard below INFO
ROW_VALUES = re.compile(r"^(\s*(?:DETAIL|CONTEXT|LINE \d+):).*$", re.MULTILINE)
PAGE_VALUES = re.compile(r"(Failed lookup for key \[[^\]]*\] in ).*?(?=\n\n|\Z)", re.DOTALL)  # the context, names too
PERSONAL_LINK = re.compile(r"(/answer/)[A-Za-z0-9-]{16,40}")  # whoever reads a log must not open a questionnaire
LEFT_OUT = {ROW_VALUES: r"\1 [left out]", PAGE_VALUES: r"\1[left out]", PERSONAL_LINK: r"\1[left out]"}
STAMPED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class ToStandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at the moment: Celery and the tests put another in its place."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override] # a plain attribute there
        return sys.stderr


def configure(*, level: int = logging.INFO) -> None:
    """Send the standard library's logging and structlog's through the same processors; may be called again."""
    finished: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        without_request,
        structlog.processors.format_exc_info,
        scrubbed,
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
    ]
    handler = ToStandardError()
    handler.addFilter(worth_writing)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=STAMPED, processors=finished))
    logging.raiseExceptions = False  # a line that cannot be formatted would be printed with what it holds
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)
    cef.configure(settings.CEF_ADDRESS)
    structlog.configure(
        processors=[*STAMPED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def worth_writing(record: logging.LogRecord) -> bool:
    """Below INFO our own lines only, whatever level somebody sets.

    Libraries then write what they hold: Django's templates every context in which they did not find a word, with the
    names of the people on the page.
    """
    return record.levelno >= logging.INFO or record.name.partition(".")[0] in OURS


def without_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Django hands its log records the whole request, with cookies and a form's content: keep only the status."""
    return {key: value for key, value in event.items() if key not in ("request", "socket")}


def scrubbed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take identity numbers out of every text, key and number, however deep."""
    return {_clean(key): _clean(value) for key, value in event.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_clean(key): _clean(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(part) for part in value]
    if value is None or isinstance(value, bool | float):
        return value
    text = given = str(value)
    for pattern, kept in LEFT_OUT.items():
        text = pattern.sub(kept, text)
    clean = scrub(text)
    return value if isinstance(value, int) and clean == given else clean
