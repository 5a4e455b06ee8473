"""What the process that keeps the others counts: ends of parts, and room on the disk."""

from __future__ import annotations

import shutil
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge


class SystemMeasures:
    """Counters of one machine's system; `data_dir` is the folder whose disk is looked at when somebody asks."""

    def __init__(self, registry: CollectorRegistry, data_dir: Path) -> None:
        self.restarts = Counter(
            "liandong_part_restarts", "Parts that ended and were started again", ["part"], registry=registry
        )
        free = Gauge("liandong_disk_free_bytes", "Free on the disk of the data folder", registry=registry)
        size = Gauge("liandong_disk_size_bytes", "Size of the disk of the data folder", registry=registry)
        free.set_function(lambda: shutil.disk_usage(data_dir).free)
        size.set_function(lambda: shutil.disk_usage(data_dir).total)
