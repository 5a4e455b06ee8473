"""What is wrong with a compose file, as far as that can be said without an engine: each fault names its service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema.validators import validator_for
from ruamel.yaml import YAML

from ops.cli import COMMANDS, command
from ops.system import PARTS
from runtime.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
OURS = re.compile(r"liandong:\d")
OPEN_TO_ALL = {"proxy"}
"""Services whose ports other machines may reach."""
SECRET = re.compile(r"PASSWORD|KEY$|SECRET|TOKEN")


def read(path: Path) -> dict[str, Any]:
    """The file with its anchors merged."""
    return YAML(typ="safe").load(path.read_text())


def faults(path: Path) -> list[str]:
    """Everything that is wrong, empty if nothing is."""
    file = read(path)
    found = list(_schema(file)) + list(_variables(path.read_text()))
    if not found:
        for name, service in file["services"].items():
            found += [f"{name}: {fault}" for fault in _one(name, service)]
        found += _profiles(file["services"])
    return found


def _schema(file: dict[str, Any]) -> Iterator[str]:
    """The compose specification's own schema, as check-jsonschema brings it."""
    for error in _specification().iter_errors(file):
        yield f"schema: {error.json_path}: {error.message}"


@cache
def _specification() -> Any:
    schema = get_builtin_schema("vendor.compose-spec")
    return validator_for(schema)(schema)


def _variables(text: str) -> Iterator[str]:
    """What the file asks the person for stands in .env.example; a secret has no default."""
    given = dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    for name, default in re.findall(r"\$\{([A-Z_]+)(?::[-?]([^}]*))?\}", text):
        if name not in given:
            yield f"{name}: is not in .env.example"
        if SECRET.search(name) and (given.get(name) or not (default == "" or default.startswith("see"))):
            yield f"{name}: is a secret with a value that everybody knows"


def _one(name: str, service: dict[str, Any]) -> Iterator[str]:
    if not re.search(r":[^:/]*\d", service["image"]):
        yield f"the image {service['image']} floats"
    if "limits" not in service.get("deploy", {}).get("resources", {}):
        yield "has no limits"
    if "restart" not in service:
        yield "is not started again"
    for port in service.get("ports", []):
        if not str(port).startswith("127.0.0.1:") and name not in OPEN_TO_ALL:
            yield f"the port {port} is open to other machines"
    yield from _mounts(service)
    if OURS.match(service["image"]):
        yield from _settings(service.get("environment", {}))
        if not is_command(service.get("command", [])):
            yield f"liandong {' '.join(service.get('command', []))} is no command"


def _mounts(service: dict[str, Any]) -> Iterator[str]:
    told = (ROOT / "docs" / "deploy.md").read_text()
    for mount in service.get("volumes", []):
        source = mount.split(":")[0]
        if source.startswith("./tls/") and source[2:] not in told:
            yield f"docs/deploy.md does not tell how to make {source}"
        if source.startswith("./") and not source.startswith("./tls/") and not (ROOT / source).is_file():
            yield f"there is no file {source}"


def _settings(environment: dict[str, Any]) -> Iterator[str]:
    """Every variable is a setting, and all of them together are settings that a process would start with."""
    unknown = [name for name in environment if name.removeprefix(PREFIX).lower() not in Settings.model_fields]
    yield from (f"{name} is no setting" for name in unknown)
    if unknown:
        return
    values = {name.removeprefix(PREFIX).lower(): _interpolated(str(value)) for name, value in environment.items()}
    if "kafka_ca" in values:
        values["kafka_ca"] = __file__  # what is mounted there is not on this machine
    try:
        Settings.model_validate(values)
    except ValueError as error:
        yield f"settings: {error}"


def _interpolated(value: str) -> str:
    return re.sub(r"\$\{[A-Z_]+(?::([-?])([^}]*))?\}", lambda m: (m[1] == "-" and m[2]) or "given", value)


def is_command(words: list[str]) -> bool:
    """True for the words of a command that `liandong` has, up to its end."""
    if not words or words[0] not in COMMANDS:
        return False
    found = command(words[0])
    for word in words[1:]:
        found = getattr(found, "commands", {}).get(word)
        if found is None:
            return False
    return not hasattr(found, "commands")


def _profiles(all_services: dict[str, dict[str, Any]]) -> Iterator[str]:
    """In each profile every part runs, and nothing waits for what the profile does not start."""
    profiles = {profile for service in all_services.values() for profile in service.get("profiles", [])} or {""}
    for profile in sorted(profiles):
        active = {name: s for name, s in all_services.items() if profile in s.get("profiles", [profile])}
        ours = [tuple(s.get("command", [])) for s in active.values() if OURS.match(s["image"])]
        for part in PARTS:
            if ("serve", part) not in ours:
                yield f"profile {profile or '-'}: nothing runs liandong serve {part}"
        for name, service in active.items():
            wanted = [*service.get("depends_on", {}), *_network(service)]
            yield from (
                f"{name}: waits for {other}, which {profile} does not start" for other in wanted if other not in active
            )


def _network(service: dict[str, Any]) -> list[str]:
    mode = service.get("network_mode", "")
    return [mode.removeprefix("service:")] if mode.startswith("service:") else []
