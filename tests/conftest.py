"""What every test shares: the folder a test lies in says what it may cost.

Owns the markers and the settings of generated tests. A service is started only by a test that asks for `live`.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from ops.embedded.kafka import free_ports
from tests.support.beside import Beside
from tests.support.live import Live
from tests.support.nodes import Nodes

TESTS = Path(__file__).parent
LONGEST = ("test_torture.py", "test_faults_outages.py", "test_people.py", "test_import_boston.py")
DEAREST_TOLD = 20
COSTS = ("unit", "proof", "integration", "acceptance")

# A shared machine is slow at times, so no example has a time limit. CI must find what a person found before,
# and nothing else by chance: there the examples are derived from the test itself.
settings.register_profile("person", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=1_000)
settings.register_profile("mutants", deadline=None, derandomize=True, max_examples=25)
settings.load_profile(os.environ.get("LIANDONG_PROOF") or ("ci" if os.environ.get("CI") else "person"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with the folder it lies in; a test outside the four folders is refused. In its folder the longest
    files come first, so that no process is left alone with one at the end."""
    folders = list(dict.fromkeys(item.path.parent for item in items))
    items.sort(key=lambda item: (folders.index(item.path.parent), item.path.name not in LONGEST))
    for item in items:
        if not item.path.is_relative_to(TESTS):
            continue
        cost = item.path.relative_to(TESTS).parts[0]
        if cost not in COSTS:
            raise pytest.UsageError(f"{item.path} lies in none of tests/{{{','.join(COSTS)}}}")
        item.add_marker(cost)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured (`record_property`; docs/faults.md takes its figures from here), and what each folder
    and the dearest files cost: tests passed, and seconds over all processes."""
    spent: dict[str, tuple[int, float]] = {}
    files: dict[str, float] = defaultdict(float)
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid}: {name} {value}")
    for report in (each for kind in ("passed", "failed", "error", "") for each in terminalreporter.getreports(kind)):
        if not isinstance(report, pytest.TestReport):
            continue
        file = report.nodeid.partition("::")[0]
        folder = file.removeprefix("tests/").partition("/")[0]
        count, seconds = spent.get(folder, (0, 0.0))
        spent[folder] = (count + (report.when == "call" and report.passed), seconds + report.duration)
        files[file] += report.duration
    for folder, (count, seconds) in sorted(spent.items()):
        terminalreporter.write_line(f"tests/{folder}: {count} passed, {seconds:.0f} s")
    for file, seconds in sorted(files.items(), key=lambda one: -one[1])[:DEAREST_TOLD]:
        terminalreporter.write_line(f"  {file}: {seconds:.0f} s")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One whole system for all tests of a file: real Kafka, real PostgreSQL, every processor, the API.

    Not for all files: a system takes 0.15 of a core while nobody asks it for anything, starting one some seconds.
    """
    system = Live(tmp_path_factory.mktemp("live"), free_ports(1)[0])
    yield system
    assert system.stop() == 0, "the demo ends in order on Ctrl-C"


@pytest.fixture(scope="session")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Real Kafka and PostgreSQL for all tests of this process that bring their own parts.

    `make test` has two processes and gives each a file at a time.
    """
    alone = Nodes(tmp_path_factory.mktemp("nodes"))
    yield alone
    assert alone.stop() == 0, "both end in order"


@pytest.fixture
def beside(nodes: Nodes, tmp_path: Path) -> Iterator[Beside]:
    """Topics and a database of this test's own on the broker and database that are there."""
    system = Beside(nodes, tmp_path)
    yield system
    system.close()
