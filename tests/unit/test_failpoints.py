"""Failpoints: off they are nothing, on each arming fires once; every name of the list is hit in one place."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.cli import app
from ops.doctor import CHECKS
from ops.failpoints import POINTS, PROCESSES
from runtime import failpoints
from runtime.failpoints import EXIT_FIRED, SETTING, Act, Fired, Folder, Order
from runtime.faults import Fault
from runtime.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDERS = ("domain", "runtime", "eventlog", "reference", "projections", "streams", "api", "ops")
POINTS_MIN = 40
ENDED_S_MAX = 30.0
NAMES = {"oven.lit": "it is warm", "oven.full": "the bread is in"}
KINDS = ("baker", "miller")

PLACES = {
    "account": {"api/accounts.py"},
    "adoption": {"eventlog/adopting.py"},
    "api": {
        f"api/{name}.py"
        for name in ("accounts", "adopting", "cases", "decisions", "fan", "feed", "hub", "opening", "parts", "sealing")
    },
    "appender": {"eventlog/append.py"},
    "clock": {"streams/clock.py"},
    "contents": {"eventlog/refs.py"},
    "dispatch": {"streams/dispatch.py", "streams/docket.py", "streams/pipeline.py"},
    "project": {"projections/runner.py"},
    "react": {"streams/react.py"},
    "rebuild": {"ops/rebuild.py", "projections/rebuild.py"},
    "ruling": {"streams/ruling.py"},
    "system": {"ops/supervision.py", "ops/system.py"},
    "topics": {"ops/prepare.py"},
    "worker": {"streams/worker.py"},
}
"""Who takes a step → the files in which that is said."""

CHILD = """
import sys, threading
from runtime import failpoints
failpoints.switch_on(sys.argv[1], {"oven.lit": "it is warm", "oven.full": "the bread is in"}, ("baker", "miller"))
print("on", flush=True)
for line in sys.stdin:
    step = threading.Thread(target=failpoints.hit, args=[line.strip()])
    step.start()
    step.join()
    print("past", flush=True)
"""
"""Every hit is another thread's: what is fired must hold or end the whole process all the same."""


class Child:
    """A process of that kind that hits the failpoint whose name it is told."""

    def __init__(self, folder: Path, kind: str = "baker") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, kind],
            env={**os.environ, SETTING: str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._told() == "on"

    def hit(self, name: str) -> str:
        """What it said after the hit: "past", or nothing where it ended."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        return self._told()

    def end(self) -> tuple[int, str]:
        """Its code and what it said on standard error."""
        _, said = self.process.communicate(timeout=ENDED_S_MAX)
        return self.process.returncode, said

    def _told(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path, NAMES, KINDS)


def on(monkeypatch: pytest.MonkeyPatch, folder: Folder, process: str = "baker") -> None:
    """Failpoints are on in this very process until the test ends."""
    monkeypatch.setenv(SETTING, str(folder.path))
    monkeypatch.setattr(failpoints, "_on", None)
    failpoints.switch_on(process, NAMES, KINDS)


def hits() -> dict[str, list[str]]:
    """Name → the files in which it is hit, by the parsed code of the product."""
    found: dict[str, list[str]] = {}
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("**/*.py")):
        file, text = path.relative_to(ROOT), path.read_text()
        if "failpoints" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Attribute(value=ast.Name(id="failpoints"), attr="hit"):
                    found.setdefault("a hit", []).append(str(file))
                case ast.Expr(
                    value=ast.Call(func=ast.Attribute(value=ast.Name(id="failpoints"), attr="hit"), args=args)
                ):
                    assert len(args) == 1
                    assert isinstance(args[0], ast.Constant), f"{file}: a name is written out where it is hit"
                    found.setdefault(str(args[0].value), []).append(str(file))
                case _:
                    pass
    return found


def test_every_name_is_hit_in_one_place_and_every_hit_has_its_name_on_the_list() -> None:
    found = hits()
    everywhere = found.pop("a hit")
    assert len(everywhere) == sum(map(len, found.values())), "each hit is a statement of its own"
    assert found.keys() == POINTS.keys()
    assert {name: files for name, files in found.items() if len(files) > 1} == {}
    assert {who: {found[name][0] for name in POINTS if name.startswith(f"{who}.")} for who in PLACES} == PLACES


def test_there_are_enough_of_them_each_with_its_sentence() -> None:
    assert len(POINTS) >= POINTS_MIN
    assert len(set(POINTS.values())) == len(POINTS)
    for name, sentence in POINTS.items():
        who, _, step = name.partition(".")
        assert who in PLACES
        assert step.replace("_", "").isalpha()
        assert sentence[0].islower()
        assert sentence[-1] != "."


def test_off_a_hit_of_whatever_name_is_nothing(monkeypatch: pytest.MonkeyPatch, folder: Folder) -> None:
    monkeypatch.delenv(SETTING, raising=False)
    folder.arm("oven.lit", "raise")
    failpoints.switch_on("baker", NAMES, KINDS)
    failpoints.hit("oven.lit")
    failpoints.hit("nobody.knows")
    assert folder.line("oven.lit") == "raise"
    assert failpoints.named_folder() is None


def test_an_order_is_an_act_then_perhaps_which_hit_and_in_which_process(folder: Folder) -> None:
    assert folder.order("kill") == Order(Act.KILL, 1, None)
    assert folder.order("stop 5") == Order(Act.STOP, 5, None)
    assert folder.order("raise miller") == Order(Act.RAISE, 1, "miller")
    assert folder.order("exit 12 baker") == Order(Act.EXIT, 12, "baker")


@pytest.mark.parametrize(
    "line", ["", "die", "kill 0", "kill -1", "kill 5 5", "kill ٣", "kill cook", "kill 5 baker now", "Kill"]
)
def test_another_order_is_refused_in_words_wherever_it_comes_from(folder: Folder, line: str) -> None:
    with pytest.raises(Fault, match=r"failpoints\.unknown_order") as refused:
        folder.arm("oven.lit", line)
    assert "kill 5 baker" in refused.value.lines()[1]
    assert folder.line("oven.lit") == ""
    if line:
        (folder.path / "oven.lit").write_text(line)
        with pytest.raises(Fault, match=r"failpoints\.unknown_order"):
            Folder(folder.path, NAMES, KINDS)


def test_an_unknown_name_is_refused_with_one_that_is_near(folder: Folder) -> None:
    with pytest.raises(Fault, match=r"failpoints\.unknown_name.*oven\.lti") as refused:
        folder.arm("oven.lti", "kill")
    assert "oven.lit" in refused.value.lines()[0]
    (folder.path / "oven.lti").write_text("kill\n")
    with pytest.raises(Fault, match=r"failpoints\.unknown_name"):
        Folder(folder.path, NAMES, KINDS)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Fault, match=r"failpoints\.no_folder"):
        Folder(tmp_path / "nowhere", NAMES, KINDS)


def test_a_file_that_is_still_being_written_is_not_armed_yet(monkeypatch: pytest.MonkeyPatch, folder: Folder) -> None:
    (folder.path / "oven.lit").touch()
    on(monkeypatch, folder)
    failpoints.hit("oven.lit")
    (folder.path / "oven.lit").write_text("raise\n")
    with pytest.raises(Fired, match=r"oven\.lit"):
        failpoints.hit("oven.lit")


def test_what_is_misspelt_while_a_process_runs_is_found_at_its_next_hit(
    monkeypatch: pytest.MonkeyPatch, folder: Folder
) -> None:
    on(monkeypatch, folder)
    (folder.path / "oven.lti").write_text("kill\n")
    with pytest.raises(Fault, match=r"failpoints\.unknown_name"):
        failpoints.hit("oven.full")


def test_an_order_fires_once_and_again_when_it_is_armed_again(monkeypatch: pytest.MonkeyPatch, folder: Folder) -> None:
    on(monkeypatch, folder)
    for _ in range(3):
        folder.arm("oven.lit", "raise")
        assert folder.shot("oven.lit") is None
        failpoints.hit("oven.full")
        with pytest.raises(Fired, match=r"oven\.lit"):
            failpoints.hit("oven.lit")
        failpoints.hit("oven.lit")
        shot = folder.shot("oven.lit")
        assert shot is not None
        assert (shot.order, shot.pid, shot.process) == ("raise", os.getpid(), "baker")
        assert abs(shot.at_ms - time.time_ns() // 1_000_000) < 60_000


def test_hits_are_counted_from_the_arming(monkeypatch: pytest.MonkeyPatch, folder: Folder) -> None:
    on(monkeypatch, folder)
    for _ in range(2):
        failpoints.hit("oven.lit")
        folder.arm("oven.lit", "raise 3")
        failpoints.hit("oven.lit")
        failpoints.hit("oven.lit")
        with pytest.raises(Fired):
            failpoints.hit("oven.lit")


def test_an_order_for_another_kind_of_process_stays(monkeypatch: pytest.MonkeyPatch, folder: Folder) -> None:
    on(monkeypatch, folder, "miller")
    folder.arm("oven.lit", "raise baker")
    failpoints.hit("oven.lit")
    assert folder.line("oven.lit") == "raise baker"
    on(monkeypatch, folder, "baker")
    with pytest.raises(Fired):
        failpoints.hit("oven.lit")


def test_of_two_that_claim_it_one_has_it(folder: Folder) -> None:
    folder.arm("oven.lit", "stop 7")
    assert folder.claim("oven.lit", "baker") is Act.STOP
    assert folder.claim("oven.lit", "miller") is None
    assert folder.shot("oven.lit") is not None


def test_kill_is_sigkill_and_the_process_says_so_last(folder: Folder) -> None:
    child = Child(folder.path)
    folder.arm("oven.lit", "kill 2")
    assert child.hit("oven.lit") == "past"
    assert child.hit("oven.lit") == ""
    code, said = child.end()
    assert code == -signal.SIGKILL
    assert "failpoints.on: baker" in said
    assert said.rstrip().endswith("failpoints.fired: oven.lit, kill")
    shot = folder.shot("oven.lit")
    assert shot is not None
    assert shot.pid == child.process.pid


def test_exit_cleans_nothing_up_and_has_a_code_of_its_own(folder: Folder) -> None:
    child = Child(folder.path)
    folder.arm("oven.full", "exit")
    assert child.hit("oven.full") == ""
    assert child.end()[0] == EXIT_FIRED


def test_stop_holds_the_process_at_the_step_until_it_is_told_to_go_on(folder: Folder) -> None:
    child = Child(folder.path)
    folder.arm("oven.lit", "stop")
    assert child.process.stdin is not None
    child.process.stdin.write("oven.lit\n")
    child.process.stdin.flush()
    _, status = os.waitpid(child.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    assert folder.shot("oven.lit") is not None
    child.process.send_signal(signal.SIGCONT)
    assert child.hit("oven.full") == "past"
    assert child.end()[0] == 0


def test_of_many_processes_one_dies(folder: Folder) -> None:
    children = [Child(folder.path) for _ in range(4)]
    folder.arm("oven.lit", "kill")
    for child in children:
        assert child.process.stdin is not None
        child.process.stdin.write("oven.lit\n")
    codes = sorted(child.end()[0] for child in children)
    assert codes == [-signal.SIGKILL, 0, 0, 0]


def test_a_command_says_that_they_are_on_and_the_doctor_calls_it_a_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(SETTING, str(tmp_path))
    monkeypatch.setattr(failpoints, "_on", None)
    assert CliRunner().invoke(app, ["reference", "--help"]).exit_code == 0
    assert [record.levelname for record in caplog.records if record.name == "failpoints"] == ["CRITICAL"]
    look = CHECKS["故障点 failpoints"]
    with pytest.raises(Fault, match=r"failpoints\.on"):
        look(Settings())
    monkeypatch.delenv(SETTING)
    assert look(Settings()) == "关闭 off"


def test_the_kinds_of_processes_are_those_that_there_are() -> None:
    from ops.serve import serve_app

    parts = {command.callback.__name__ for command in serve_app.registered_commands if command.callback}
    assert {*parts, "system", "command"} == set(PROCESSES)
