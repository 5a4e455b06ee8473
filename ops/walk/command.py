"""`liandong docs`: the pages of docs/ that are written from the rules, written again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.walk.pages import pages
from runtime.faults import Fault


def docs(
    folder: Annotated[Path, typer.Option(help="The folder that holds the pages.")] = Path("docs"),
) -> None:
    """Walk a case through all that may be asked of it, and write the table and the diagram of its states."""
    if not folder.is_dir():
        raise Fault(
            "docs.no_folder",
            f"没有目录 {folder}。",
            f"There is no folder {folder}.",
            hint_zh="请在代码库的根目录运行,或用 --folder 指定。",
            hint_en="Run it in the repository, or name the folder with --folder.",
        )
    for name, text in pages().items():
        (folder / name).write_text(text(), encoding="utf-8")
        typer.echo(f"{folder / name}")
