"""Values of an adoption. A version is the SHA-256 (hex) of the manifest that names the contents."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

KEY = "adoption"
"""The key of an adoption on `actions` and `events`; no case has it, a case's id is a UUID."""
NOTE_CHARS_MAX = 500

Version = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Note = Annotated[str, Meta(max_length=NOTE_CHARS_MAX)]
