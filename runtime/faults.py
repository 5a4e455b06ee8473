"""Errors that a person is meant to read: a stable code, what was found, and what to do next, in both languages."""

from __future__ import annotations

EXIT_NEEDS_HAND = 78
"""A part ends with this code where no restart can mend it (`EX_CONFIG` of sysexits.h): whoever supervises it stops."""

EXIT_NOT_THERE = 75
"""A part ends with this code where what it connects to is not there in time (`EX_TEMPFAIL`): it is started again."""


EXIT_STANDS = 79
"""A part ends with this code where a person's hand is needed on the system while it runs: it is started again, for
ever, ends again as long as nothing was done, and goes on as soon as it was."""


class Fault(Exception):
    """Raised where only a person can help; the command line prints it without a traceback and exits 1.

    `exit_code` is that of a part which ends by it.
    """

    exit_code = EXIT_NEEDS_HAND

    def __init__(self, code: str, zh: str, en: str, *, hint_zh: str = "", hint_en: str = "") -> None:
        super().__init__(f"{code}: {en}")
        self.code = code
        self.zh = zh
        self.en = en
        self.hint_zh = hint_zh
        self.hint_en = hint_en

    def lines(self) -> list[str]:
        """The fault as it is shown: Chinese first, each sentence followed by what to do."""
        return [f"[{self.code}] {self.zh}{self.hint_zh}", f"[{self.code}] {self.en} {self.hint_en}".rstrip()]
