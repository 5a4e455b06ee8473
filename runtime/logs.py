"""Log lines: one JSON object each, to standard error, with the process's name. Secrets are cut out.

Owns the form of every line, also of those that libraries write and of an end by an uncaught exception. What must never
happen: a value under a secret's name, a password inside an address, or a bearer's token in a line, at any depth and in
any text, an exception's included.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from types import TracebackType
from typing import Any

import structlog

SECRET_KEYS = ("password", "token", "ticket", "secret", "key", "dsn", "postgres", "authorization", "cookie")
REPEATED_S_MIN = 10.0
REPEATED_KEPT_MAX = 256
HIDDEN = "[hidden]"
DEPTH_MAX = 8
NAMES_KEPT_MAX = 1_024

# Not a password that holds a slash or a space: an address with one must write it in percent form anyway.
_IN_ADDRESS = re.compile(r"(?<=://)([^\s:/@'\"]*):([^\s/'\"]+)@")
_WORDS = ("password", "passwd", "token", "ticket", "secret", "master_key", "authorization")
_NAMED = re.compile(
    rf"(?i)((?:{'|'.join(_WORDS)})\w*['\"]?\s*[=:]\s*)(?!\[hidden\])"
    r"(?:bearer\s+)?('[^']*'|\"[^\"]*\"|[^\s,;)}&'\"]+)"
)
_SUSPECT = re.compile(rf"(?i)://|bearer|{'|'.join(_WORDS)}")
_BEARER = re.compile(r"(?i)\b(bearer\s+)(?!\[hidden\])[\w.~+/=-]+")


def configure_logging(level: str, process: str) -> None:
    """Set up structlog and the standard library's logging for this process, and who tells of an uncaught exception."""
    number = logging.getLevelNamesMapping()[level.upper()]
    common: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ending: list[Any] = [
        structlog.processors.format_exc_info,
        hide_secrets,
        structlog.processors.JSONRenderer(ensure_ascii=False, default=repr),
    ]
    structlog.configure(
        processors=[*common, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    library = logging.StreamHandler(sys.stderr)
    library.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    library.addFilter(Seldom())
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[library], force=True)
    sys.excepthook = _uncaught


class Seldom(logging.Filter):
    """A third party's line once in REPEATED_S_MIN: while the log is away they say the same many times a second."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """True if nothing like it was said lately."""
        now = time.monotonic()
        if len(self._said) > REPEATED_KEPT_MAX:
            self._said.clear()
        key = (record.name, str(record.msg))
        if now - self._said.get(key, -REPEATED_S_MIN) < REPEATED_S_MIN:
            return False
        self._said[key] = now
        return True


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace every value whose key says that it is a secret, and every secret that a text carries, at any depth."""
    for key, value in event.items():
        event[key] = _hidden(key, value, DEPTH_MAX)
    return event


def hide_in_text(text: str) -> str:
    """The text without passwords of addresses, tokens of bearers, and what stands behind a secret's name."""
    if not _SUSPECT.search(text):
        return text
    text = _IN_ADDRESS.sub(rf"\1:{HIDDEN}@", text)
    return _BEARER.sub(rf"\1{HIDDEN}", _NAMED.sub(rf"\1{HIDDEN}", text))


@lru_cache(maxsize=NAMES_KEPT_MAX)
def _names_secret(key: str) -> bool:
    return any(word in key.lower() for word in SECRET_KEYS)


def _hidden(key: object, value: Any, depth: int) -> Any:
    if isinstance(key, str) and _names_secret(key):
        return HIDDEN
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return hide_in_text(value)
    if depth == 0:
        return HIDDEN
    if isinstance(value, Mapping):
        return {name: _hidden(name, inner, depth - 1) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(None, inner, depth - 1) for inner in value]
    return hide_in_text(repr(value))


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("process.failed", exc_info=(kind, error, trace))
