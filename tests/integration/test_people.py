"""The demo with its people, as a whole: the same seed gives the same past, and a kept city is taken up, not doubled."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from ops.embedded.kafka import free_ports

ROOT = Path(__file__).parents[2]
IN = re.compile(r"history is in: (\S+) … (\S+), (\d+) 件新增 new, (\d+) 件已有 known, \d+ s, 摘要 digest (\w+)")
END_S_MAX = 60


def lived(data_dir: Path, seed: int) -> tuple[str, int, int, str, str]:
    """Start the demo, wait for its history, end it: last day, cases new and known, digest, and what it said."""
    env = {
        **os.environ,
        "LIANDONG_DATA_DIR": str(data_dir),
        "LIANDONG_PORT": str(free_ports(1)[0]),
        "PYTHONWARNINGS": "",
    }
    command = [sys.executable, "-m", "ops.cli", "demo", "--headless", "--days", "2", "--rate", "240"]
    said: list[str] = []
    with subprocess.Popen(
        [*command, "--seed", str(seed)],
        env=env,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            said.append(line)
            if IN.search(line):
                demo.send_signal(signal.SIGINT)
        assert demo.wait(END_S_MAX) == 0, "".join(said)
    whole = "".join(said)
    found = IN.search(whole)
    assert found is not None, whole
    return found[2], int(found[3]), int(found[4]), found[5], whole


def test_a_seed_gives_one_past_and_a_kept_city_is_taken_up(tmp_path: Path) -> None:
    day, new, known, digest, said = lived(tmp_path / "a", 7)
    assert new > 50
    assert known == 0
    assert "Traceback" not in said
    assert "内存 memory" in said, "the summary comes with Ctrl-C"

    day_again, new_again, known_again, digest_again, _ = lived(tmp_path / "a", 7)
    other_day, _, _, other_digest, _ = lived(tmp_path / "b", 7)
    third_day, _, _, third_digest, _ = lived(tmp_path / "c", 8)
    if day == other_day == third_day == day_again:  # no midnight passed meanwhile
        assert digest_again == other_digest == digest, "the same seed, the same histories"
        assert third_digest != digest, "another seed, other histories"
        assert known_again >= new
    assert new_again < 20, "only what happened between the two starts"
