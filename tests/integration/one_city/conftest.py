"""These files share one whole system: they ask for cases of their own, and leave every part as they found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ops.embedded.kafka import free_ports
from tests.support.live import Live


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Started for the first of the files that this process is given, ended after the last."""
    system = Live(tmp_path_factory.mktemp("city"), free_ports(1)[0])
    yield system
    assert system.stop() == 0, "the demo ends in order on Ctrl-C"
