"""Settings from LIANDONG_* environment variables, read once at the start of a process.

Owns names, defaults and limits of all settings. Secrets are SecretStr: they never show in a log or an error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.faults import Fault

PREFIX = "LIANDONG_"


class Settings(BaseSettings):
    """One value each; `kafka` and `postgres` left empty mean the embedded ones."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    host: str = "127.0.0.1"
    data_dir: Path = Path(platformdirs.user_data_dir("liandong"))
    cache_dir: Path = Path(platformdirs.user_cache_dir("liandong"))
    kafka: str = ""
    postgres: SecretStr = SecretStr("")
    topic_prefix: Annotated[str, Field(pattern=r"^[a-z0-9._-]{0,40}$")] = ""
    replication: Annotated[int, Field(ge=1, le=5)] = 1
    profile: str = "xinmi"
    demo: bool = False
    master_key: SecretStr = SecretStr("")
    java: str = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def load_settings() -> Settings:
    """The settings of this process. Raises Fault `settings.invalid`, naming each variable and what is wrong with it."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{PREFIX}{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise Fault(
            "settings.invalid",
            f"环境变量设置有误:{wrong}。",
            f"Settings are wrong: {wrong}.",
            hint_zh="请改正后重试。",
            hint_en="Correct them and try again.",
        ) from error
