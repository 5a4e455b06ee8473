"""What can go wrong before anything runs: each has a plain sentence in both languages, and what to do."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.demo import require_port
from ops.embedded.archive import prune
from ops.embedded.jars import Jar, ensure, missing
from ops.embedded.java import find_java
from ops.embedded.jvm import archive_path, command
from ops.embedded.kafka import cluster_id
from ops.embedded.stack import EmbeddedStack
from runtime.faults import Fault
from runtime.logs import HIDDEN, hide_secrets
from runtime.settings import Settings, load_settings


def test_a_jar_that_differs_is_refused_and_named(tmp_path: Path) -> None:
    jar = Jar("org.example:thing:1.0", hashlib.sha256(b"right").hexdigest(), 5)
    (tmp_path / "thing-1.0.jar").write_bytes(b"right")
    assert missing(tmp_path, (jar,)) == []
    (tmp_path / "thing-1.0.jar").write_bytes(b"wrong")
    with pytest.raises(Fault, match=r"org\.example:thing:1\.0") as refused:
        missing(tmp_path, (jar,))
    assert refused.value.code == "jar.checksum"


def test_without_a_network_the_first_start_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    jar = Jar("org.slf4j:slf4j-api:1.7.36", "0" * 64, 5)
    with pytest.raises(Fault) as refused:
        ensure(tmp_path, show=False, jars=(jar,))
    assert refused.value.code == "jar.no_network"
    assert list((tmp_path / "jars").iterdir()) == []


@given(st.binary(min_size=16, max_size=16))
def test_a_cluster_id_is_never_taken_for_an_option(random: bytes) -> None:
    found = cluster_id(random)
    assert len(found) == 22
    assert found[0].isalpha()


def test_an_archive_of_classes_is_of_one_java_and_its_jars_and_mapped_where_it_is(tmp_path: Path) -> None:
    java, jars = tmp_path / "java", [tmp_path / "a.jar", tmp_path / "b.jar"]
    java.write_bytes(b"one")
    archive = archive_path(tmp_path, java, jars)
    assert archive not in (archive_path(tmp_path, java, jars[::-1]), archive_path(tmp_path, java, jars[:1]))
    assert not [word for word in command(tmp_path, java, jars) if str(archive) in word]
    archive.parent.mkdir(mode=0o700)
    archive.touch(0o600)
    assert f"-XX:SharedArchiveFile={archive}" in command(tmp_path, java, jars)
    for own in (archive, archive.parent):
        usual = own.stat().st_mode
        own.chmod(usual | 0o020)
        assert not [word for word in command(tmp_path, java, jars) if str(archive) in word], "others may write there"
        own.chmod(usual)
    java.write_bytes(b"another")
    assert archive_path(tmp_path, java, jars) != archive


def test_the_archives_set_up_last_are_kept_and_nothing_of_a_setup_that_was_killed(tmp_path: Path) -> None:
    for at in range(5):
        (tmp_path / f"{at}.jsa").touch()
        os.utime(tmp_path / f"{at}.jsa", (at, at))
    for name, at in ((".part-old", 100), (".part-new", 4_000)):
        (tmp_path / name / "kafka").mkdir(parents=True)
        os.utime(tmp_path / name, (at, at))
    prune(tmp_path, 4_000)
    assert sorted(one.name for one in tmp_path.iterdir()) == [".part-new", "2.jsa", "3.jsa", "4.jsa"]


def test_a_java_named_without_its_folder_is_looked_for_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java, _ = find_java()
    (tmp_path / "some-java").symlink_to(java)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_java("some-java")[0] == tmp_path / "some-java"


def test_a_java_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(Fault) as refused:
        find_java(str(tmp_path / "java"))
    assert refused.value.code == "java.missing"


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Fault, match=str(port)) as refused:
            require_port(Settings(port=port))
    assert refused.value.code == "port.taken"


@pytest.mark.asyncio
async def test_a_folder_of_another_version_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "format.json").write_text('{"format": 0}')
    with pytest.raises(Fault) as refused:
        async with EmbeddedStack(tmp_path, tmp_path):
            raise AssertionError("it must not start")
    assert refused.value.code == "data.old"
    assert not (tmp_path / "kafka").exists()


def test_a_wrong_setting_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_PORT", "many")
    with pytest.raises(Fault, match="LIANDONG_PORT"):
        load_settings()


def test_secrets_never_reach_a_log_line() -> None:
    line = hide_secrets(None, "info", {"event": "x", "access_token": "t", "postgres_dsn": "d", "case": "c"})
    assert line == {"event": "x", "access_token": HIDDEN, "postgres_dsn": HIDDEN, "case": "c"}
