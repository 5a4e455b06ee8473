"""The import direction between the folders is held by the contracts of pyproject.toml.

The real tree is checked by `make check`; here the contracts themselves are: on a made tree of empty packages
they hold, and each forbidden import breaks the contract that is there to forbid it.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LINT_SECONDS_MAX = 60

FORBIDDEN = {
    "direction": {
        "domain/from_below.py": "import eventlog",
        "eventlog/from_beside.py": "import reference",
        "reference/from_sibling.py": "import projections",
        "projections/from_above.py": "import streams",
        "streams/from_command.py": "import ops",
        "runtime/from_rules.py": "import domain",
    },
    "apart": {"api/calls_back.py": "from streams import dispatch"},
    "pure": {
        "domain/awaits.py": "import asyncio",
        "domain/reads_the_clock.py": "import time",
        "domain/draws.py": "import secrets",
        "domain/asks_the_database.py": "import asyncpg",
        "domain/listens.py": "from faust import App",
    },
    "one-client": {"streams/catches_theirs.py": "from kafka.errors import KafkaError"},
    "no-business": {"runtime/knows_a_case.py": "import domain"},
}
"""For each contract, by its id, files that must break it."""

# What the rules may use of the standard library: values and pure functions, no clock, no ids, no I/O.
DOMAIN_IMPORTS = {
    "__future__", "abc", "base64", "bisect", "collections", "contextlib", "dataclasses", "datetime",
    "decimal", "difflib", "domain", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "itertools",
    "json", "math", "msgspec", "operator", "re", "statistics", "string", "struct", "types",
    "typing", "unicodedata", "uuid", "zoneinfo",
}  # fmt: skip
IMPURE_CALLS = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid6", "uuid7", "open", "print", "input"}


def contracts() -> dict[str, str]:
    """Names of the contracts by their ids, in the order of pyproject.toml."""
    tool: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    return {contract["id"]: contract["name"] for contract in tool["importlinter"]["contracts"]}


def lint(tree: Path, files: dict[str, str], contract: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real contracts on a made tree that holds `files` and else only empty packages."""
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    tree.joinpath("pyproject.toml").write_text(settings, encoding="utf-8")
    for package in tomllib.loads(settings)["tool"]["importlinter"]["root_packages"]:
        tree.joinpath(package).mkdir()
        tree.joinpath(package, "__init__.py").touch()
    for name, text in files.items():
        tree.joinpath(name).write_text(text + "\n", encoding="utf-8")
    chosen = ["--contract", contract] if contract else []
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", *chosen],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "400"},
        capture_output=True,
        text=True,
        timeout=LINT_SECONDS_MAX,
        check=False,
    )


def test_folders_without_imports_break_no_contract(tmp_path: Path) -> None:
    outcome = lint(tmp_path, {})
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_every_contract_has_an_import_that_breaks_it() -> None:
    assert contracts().keys() == FORBIDDEN.keys()


@pytest.mark.parametrize("contract", FORBIDDEN)
def test_each_forbidden_import_is_named_by_the_contract_it_breaks(contract: str, tmp_path: Path) -> None:
    files = FORBIDDEN[contract]
    outcome = lint(tmp_path, files, contract)
    assert outcome.returncode != 0
    assert f"{contracts()[contract]} BROKEN" in outcome.stdout, outcome.stdout + outcome.stderr
    unnamed = [name for name in files if name.removesuffix(".py").replace("/", ".") not in outcome.stdout]
    assert not unnamed, outcome.stdout


def impurities(source: str) -> list[str]:
    """What a module of the rules must not hold: an import off the list, an await, a clock, an id, I/O."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found += [n.name for n in names if n.name.split(".")[0] not in DOMAIN_IMPORTS]
            case ast.ImportFrom(module=str(name), level=0) if name.split(".")[0] not in DOMAIN_IMPORTS:
                found.append(name)
            case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
                found.append(f"line {node.lineno}: await")
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in IMPURE_CALLS:
                found.append(f"line {node.lineno}: {name}()")
            case _:
                pass
    return found


def test_the_rules_hold_no_clock_no_id_no_io_and_no_await() -> None:
    modules = sorted((ROOT / "domain").rglob("*.py"))
    found = {str(path.relative_to(ROOT)): impurities(path.read_text(encoding="utf-8")) for path in modules}
    assert modules
    assert {name: each for name, each in found.items() if each} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import faust.types",
        "from os import path",
        "import datetime\nat = datetime.datetime.now()",
        "import uuid\nname = uuid.uuid4()",
        "async def decide(): ...",
        "text = open('limits.json').read()",
    ],
)
def test_an_impure_line_in_the_rules_is_found(source: str) -> None:
    assert len(impurities(source)) == 1
