"""The open cases of the running system, as a preview wants them."""

from __future__ import annotations

from typing import Any

from domain.standard.impact import OpenCase
from ops.reference.library import Cluster
from projections.case_state import open_cases
from reference.draft import open_case


def read_open_cases(at: Cluster) -> list[OpenCase]:
    """All of them, from the rows. Raises Fault `postgres.unreachable`."""

    async def read(connection: Any) -> list[OpenCase]:
        return [case async for file in open_cases(connection) if (case := open_case(file)) is not None]

    return at.through(read)
