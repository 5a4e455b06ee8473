"""Settings from LIANDONG_* environment variables, read once at the start of a process.

Owns names, defaults and limits of all settings. Secrets are SecretStr: they never show in a log or an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

import platformdirs
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.faults import Fault

PREFIX = "LIANDONG_"


class Settings(BaseSettings):
    """One value each; `kafka` and `postgres` left empty mean the embedded ones."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    host: str = "127.0.0.1"
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] = 0
    data_dir: Path = Path(platformdirs.user_data_dir("liandong"))
    cache_dir: Path = Path(platformdirs.user_cache_dir("liandong"))
    kafka: str = ""
    kafka_security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    kafka_ca: str = ""
    kafka_user: str = ""
    kafka_password: SecretStr = SecretStr("")
    kafka_sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    postgres: SecretStr = SecretStr("")
    topic_prefix: Annotated[str, Field(pattern=r"^[a-z0-9._-]{0,40}$")] = ""
    replication: Annotated[int, Field(ge=1, le=5)] = 1
    profile: str = "xinmi"
    demo: bool = False
    master_key: SecretStr = SecretStr("")
    java: str = ""
    session_s: Annotated[float, Field(gt=0, le=300)] = 6.0
    """A processor unheard of for so long has left its group. A cluster as it comes refuses less than 6."""
    member: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,100}$")] = ""
    """A processor's name in its group: started again under it within `session_s`, it has its partitions at once. No two
    of one group may live at a time. Empty: a new member every time."""
    assigned_s_max: Annotated[float, Field(gt=0, le=600)] = 60.0
    """A processor that is given no partition for so long ends, to be started again."""
    drain_s_max: Annotated[float, Field(gt=0, le=600)] = 30.0
    """A wall that reads nothing for so long is let go."""
    files_a_partition_max: Annotated[int, Field(ge=1, le=1_000_000)] = 1_000
    """Case files that a decider, a projector or a clock has at hand, some 6 KB each: 150 MB where one process holds all
    24 partitions. Others are fetched again."""
    open_letters_max: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000
    """More dead letters that nobody has seen to: the decider stands. The same for every process."""
    audit_every_s: Annotated[float, Field(gt=0, le=3_600)] = 10.0
    """So often the auditor compares the whole board with the log."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        wrong = "; ".join(_kafka_security(self))
        if wrong:
            raise ValueError(wrong)
        return self


def load_settings() -> Settings:
    """The settings of this process. Raises Fault `settings.invalid`, naming each variable and what is wrong with it."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(_wrong(e["loc"], e["msg"]) for e in error.errors())
        raise Fault(
            "settings.invalid",
            f"环境变量设置有误:{wrong}。",
            f"Settings are wrong: {wrong}.",
            hint_zh="请改正后重试。",
            hint_en="Correct them and try again.",
        ) from error


def _wrong(loc: tuple[int | str, ...], said: str) -> str:
    """A setting by itself is named by its place; what several settings make together names them in its text."""
    return f"{PREFIX}{'_'.join(map(str, loc)).upper()}: {said}" if loc else said.removeprefix("Value error, ")


def _kafka_security(settings: Settings) -> Iterator[str]:
    """What does not fit together. A credential that would stay unused, or go out readable, is refused as well."""
    security, password = settings.kafka_security, settings.kafka_password.get_secret_value()
    if security != "plaintext" and not settings.kafka:
        yield f"LIANDONG_KAFKA_SECURITY: {security} needs LIANDONG_KAFKA; the embedded broker is plaintext on loopback"
    for name, value in (("LIANDONG_KAFKA_USER", settings.kafka_user), ("LIANDONG_KAFKA_PASSWORD", password)):
        if security.startswith("sasl") and not value:
            yield f"{name}: must not be empty with LIANDONG_KAFKA_SECURITY={security}"
        if value and not security.startswith("sasl"):
            yield f"{name}: is set, but LIANDONG_KAFKA_SECURITY={security} logs nobody in"
    if security == "sasl_plaintext" and settings.kafka_sasl_mechanism == "PLAIN":
        yield "LIANDONG_KAFKA_SASL_MECHANISM: PLAIN would send the password readable; use sasl_ssl or SCRAM-SHA-512"
    if settings.kafka_ca and not security.endswith("ssl"):
        yield f"LIANDONG_KAFKA_CA: is set, but LIANDONG_KAFKA_SECURITY={security} checks no certificate"
    if settings.kafka_ca and not Path(settings.kafka_ca).is_file():
        yield f"LIANDONG_KAFKA_CA: there is no file {settings.kafka_ca}"
