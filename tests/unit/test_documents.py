"""Documents that speak of the code are held against it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
FILES_PER_ACTION_MAX = 5


def documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


def dead_links(document: Path, text: str) -> list[str]:
    return [link for link in LINK.findall(text) if not (document.parent / link).exists()]


def test_every_link_between_documents_leads_somewhere() -> None:
    dead = {str(d.relative_to(ROOT)): found for d in documents() if (found := dead_links(d, d.read_text()))}
    assert dead == {}
    assert dead_links(ROOT / "README.md", "[x](docs/nowhere.md)") == ["docs/nowhere.md"]


def test_the_shown_diff_of_an_action_is_what_stands_in_the_code() -> None:
    diff = (ROOT / "docs" / "adding-an-action.md").read_text().partition("```diff\n")[2].partition("```")[0]
    added: dict[str, list[str]] = {}
    name = ""
    for line in diff.splitlines():
        if line.startswith("+++ b/"):
            name = line.removeprefix("+++ b/")
        elif line.startswith("+") and line[1:].strip():
            added.setdefault(name, []).append(line[1:])
    assert 1 < len(added) <= FILES_PER_ACTION_MAX
    for file, lines in added.items():
        stands = set((ROOT / file).read_text().splitlines())
        assert [line for line in lines if line not in stands] == [], file
