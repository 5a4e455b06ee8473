"""What a part tells of itself on its metrics' address."""

from __future__ import annotations

from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from runtime.metrics import targets


def told(folder: Path, part: str, name: str) -> dict[str, float]:
    """A metric of the part that has that data folder, by partition (or ""); nothing while it does not answer."""
    address = targets(folder).get(part)
    if address is None:
        return {}
    try:
        text = httpx.get(f"http://{address}/metrics").raise_for_status().text
    except httpx.HTTPError:
        return {}
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {sample.labels.get("partition", ""): sample.value for sample in samples if sample.name == name}
