"""What a soak measured, as a picture: the answers' times above, every process's memory below, over the same minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from runtime.faults import Fault

MINUTE_S = 60.0
MB = 1_000_000
FORMATS = (".png", ".svg")


def require_drawing(path: Path) -> None:
    """Raises Fault `bench.no_drawing` where the picture could not be drawn in the end."""
    if path.suffix not in FORMATS:
        raise Fault(
            "bench.no_drawing",
            f"无法绘制 {path.suffix or '(无后缀)'} 文件,可用:{'、'.join(FORMATS)}。",
            f"No picture is drawn as {path.suffix or '(no ending)'}; there are {', '.join(FORMATS)}.",
        )
    if not path.absolute().parent.is_dir():
        raise Fault(
            "bench.no_drawing",
            f"文件夹 {path.absolute().parent} 不存在。",
            f"There is no folder {path.absolute().parent}.",
        )
    if find_spec("matplotlib") is None:
        raise Fault(
            "bench.no_drawing",
            "未安装 matplotlib,无法绘图。",
            "matplotlib is not installed, so nothing can be drawn.",
            hint_zh="请运行 make setup,或去掉 --plot。",
            hint_en="Run make setup, or leave --plot away.",
        )


def draw(path: Path, windows: Sequence[Mapping[str, Any]], rate: int) -> None:
    """Draw the windows (`ops.bench.soak.Window` as plain values) into that file."""
    from matplotlib.figure import Figure  # only where something is drawn: it takes a second to import

    minutes = [one["at_s"] / MINUTE_S for one in windows]
    figure = Figure(figsize=(10, 8), layout="constrained")
    times, sizes = figure.subplots(2, 1, sharex=True)
    for name, label in (("most", "most"), ("p99", "p99"), ("p50", "p50")):
        times.plot(minutes, [one[name] for one in windows], label=label, linewidth=1)
    times.set_yscale("log")
    times.set_ylabel("request → outcome, ms, each 10 s")
    times.set_title(f"{rate} actions a second, cases from report to closing")
    for name in sorted(set[str]().union(*(one["memory"] for one in windows))):
        sizes.plot(minutes, [one["memory"].get(name, 0) / MB for one in windows], label=name, linewidth=1)
    sizes.set_ylabel("memory (PSS), MB")
    sizes.set_xlabel("minutes")
    for plot in (times, sizes):
        plot.set_ylim(bottom=1 if plot is times else 0)
        plot.grid(visible=True, linewidth=0.3)
        plot.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    figure.savefig(path)
