"""The list of commands: each is there, none is imported before it is asked for, a slip of the finger is answered."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from ops.cli import COMMANDS, app, command


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_list_says_and_bears_its_name(name: str) -> None:
    assert command(name).name == name


def test_a_short_command_imports_nothing_that_others_need() -> None:
    code = (
        "import sys\nimport ops.cli\nops.cli.command('worktime')\n"
        "print([m for m in ('fastapi', 'faust', 'shapely', 'asyncpg', 'kafka') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_a_mistyped_command_is_answered_with_the_one_that_is_near() -> None:
    said = CliRunner().invoke(app, ["wrktime"])
    assert said.exit_code == 2
    assert "'worktime'" in said.output
