"""Personal data sealed before it reaches the log: AES-256-GCM under a key of its own for every case.

Owns the keys. Destroying a key erases what it sealed, and the chain, being over ciphertext, still verifies.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Callable
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.case.values import Sealed, Text
from runtime import failpoints

NONCE_BYTES = 12
MAKE_KEY = """
    with made as (insert into subject_key values ($1, $2) on conflict do nothing returning wrapped)
    select wrapped from made union all select wrapped from subject_key where kid = $1
"""


def operator_key(master: str) -> str:
    """The token of whoever keeps the machine: it follows from the master key, which opens everything anyway."""
    return hmac.digest(hashlib.sha256(master.encode()).digest(), b"operator", "sha256").hex()


class Keys:
    """The master key's uses: the digest of bodies, and the wrapping of subject keys."""

    def __init__(self, master: str, pool: Any) -> None:
        secret = hashlib.sha256(master.encode()).digest()
        self._digest_key = hmac.digest(secret, b"digest", "sha256")
        self._wrap = AESGCM(hmac.digest(secret, b"wrap", "sha256"))
        self._operator = operator_key(master) if master else ""
        self._pool = pool

    def of_operator(self, token: str) -> bool:
        """True for the operator's token; without a master key there is none."""
        return bool(self._operator) and hmac.compare_digest(token.encode(), self._operator.encode())

    def digest(self, body: Any) -> str:
        """The keyed digest (hex) by which two bodies under one action id are compared: over the plaintext."""
        plain = msgspec.json.encode(body, order="deterministic")
        return hmac.digest(self._digest_key, plain, "sha256").hex()

    async def sealer(self, kid: str) -> Callable[[str], Sealed]:
        """What seals texts under the key of that subject, which is made the first time and kept before it is used."""
        box = AESGCM(await self._made(kid))

        def seal(text: str) -> Sealed:
            nonce = os.urandom(NONCE_BYTES)
            return Sealed(kid, base64.b64encode(nonce + box.encrypt(nonce, text.encode(), kid.encode())).decode())

        return seal

    async def open(self, text: Text | None) -> str | None:
        """The plain text; None where its key was destroyed."""
        if not isinstance(text, Sealed):
            return text
        key = await self._key(text.kid)
        if key is None:
            return None
        box = base64.b64decode(text.box)
        try:
            return AESGCM(key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], text.kid.encode()).decode()
        except InvalidTag:
            return None

    async def _made(self, kid: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        wrapped = nonce + self._wrap.encrypt(nonce, AESGCM.generate_key(256), kid.encode())
        async with self._pool.acquire() as connection:
            held = await connection.fetchval(MAKE_KEY, kid, wrapped)
        failpoints.hit("api.key_kept")
        # Nothing: another request makes the same key in this moment, and the statement began before it stood there.
        key = self._unwrapped(kid, held) if held is not None else await self._key(kid)
        assert key is not None, "made when missing"
        return key

    async def _key(self, kid: str) -> bytes | None:
        async with self._pool.acquire() as connection:
            held = await connection.fetchval("select wrapped from subject_key where kid = $1", kid)
        return None if held is None else self._unwrapped(kid, held)

    def _unwrapped(self, kid: str, held: bytes) -> bytes:
        return self._wrap.decrypt(held[:NONCE_BYTES], held[NONCE_BYTES:], kid.encode())
