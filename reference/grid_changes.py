"""A changes file of the grid tree (JSON or TOML, docs/grid.md) as changes, with a finding for each that is not one.

Owns reading only; `domain.grid.changes` judges and carries them out.
"""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from domain.finding import Finding
from domain.grid.change import CHANGES_MAX, Change

FILE_BYTES_MAX = 8_000_000


def read_changes(name: str, content: bytes) -> tuple[list[Change | None], list[Finding]]:
    """The changes of a file by its name's ending (`.toml`, else JSON), and everything in it that is no change.

    The file has a list `changes`; each is named by `change`: split, merge, rename, renumber or redraw. What could not
    be read is None in its place, so that the others can be judged at the same time under their numbers.
    """
    if len(content) > FILE_BYTES_MAX:
        return [], [_fault("too_large", "文件过大", "the file is too large", f"{len(content)}", f"{FILE_BYTES_MAX}")]
    try:
        text = content.decode()
        file: Any = tomllib.loads(text) if Path(name).suffix == ".toml" else msgspec.json.decode(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.DecodeError, RecursionError) as error:
        return [], [_fault("unreadable", f"文件无法读取:{error}", f"the file cannot be read: {error}")]
    rows = file.get("changes") if isinstance(file, dict) else None
    if not isinstance(rows, list) or not 0 < len(rows) <= CHANGES_MAX:
        found = f"{len(rows)}" if isinstance(rows, list) else ""
        zh, en = "文件中须有名为 changes 的列表", "the file must have a list 'changes'"
        return [], [_fault("no_list", zh, en, found, f"1..{CHANGES_MAX}")]
    changes: list[Change | None] = []
    findings: list[Finding] = []
    for number, row in enumerate(rows, start=1):
        try:
            changes.append(msgspec.convert(_with_text_time(row), Change))
        except msgspec.ValidationError as error:
            wrong = _fault("no_change", f"第 {number} 项不是一个变更:{error}", f"item {number} is no change: {error}")
            findings.append(msgspec.structs.replace(wrong, row=number))
            changes.append(None)
    return changes, findings


def _with_text_time(row: Any) -> Any:
    """A time that TOML reads as one, as the text that a change holds; without an offset it is still refused."""
    if isinstance(row, dict) and isinstance(row.get("at"), datetime):
        return {**row, "at": row["at"].isoformat()}
    return row


def _fault(code: str, zh: str, en: str, found: str = "", allowed: str = "") -> Finding:
    stated = (f" (found {found})" if found else "") + (f"; allowed: {allowed}" if allowed else "")
    whole = (f"(实为 {found})" if found else "") + (f",允许 {allowed}" if allowed else "")
    return Finding(
        f"grid_change.{code}", "changes", f"{zh}{whole}。", f"{en[0].upper()}{en[1:]}{stated}.", found, allowed
    )
