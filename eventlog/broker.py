"""How the broker is met: the arguments that every Kafka client takes for TLS and SASL.

Owns the way from settings to clients. A client of ours that is made without these arguments would go round them: each
gets them, also the second, independent one. A certificate is always checked, the name in it too. And how it is met
again: an aiokafka client whose known brokers are all away begins anew from the addresses that it was given.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection, collect_hosts
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.structs import BrokerMetadata

from runtime.faults import Fault
from runtime.settings import Settings, load_settings

REACH_S_MAX = 30.0
TRY_MS_MAX = 5_000
TRY_PAUSE_S = 0.5
CLOSE_S_MAX = 1.0
KNOWN_S_MAX = 10.0
KNOWN_PAUSE_S = 0.1
"""A broker that stood still for longer than its session answers, but names no broker, itself neither, until its next
heartbeat; another has not heard yet of a topic that was just made. Whom this would end may ask again, so long."""


def client_security() -> dict[str, Any]:
    """Keyword arguments under the names that aiokafka and kafka-python share; none for a plaintext listener.

    Read from this process's settings wherever a client is made. Raises Fault `settings.invalid`.
    """
    settings = load_settings()
    if settings.kafka_security == "plaintext":
        return {}
    arguments: dict[str, Any] = {"security_protocol": settings.kafka_security.upper()}
    if settings.kafka_security.endswith("ssl"):
        arguments["ssl_context"] = _trusting(settings)
    if settings.kafka_security.startswith("sasl"):
        arguments["sasl_mechanism"] = settings.kafka_sasl_mechanism
        arguments["sasl_plain_username"] = settings.kafka_user
        arguments["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return arguments


class Unreachable(Fault):
    """No broker answered in time: it may be there later, other than one that refuses us."""


async def reach(bootstrap: str, reach_s_max: float = REACH_S_MAX) -> None:
    """Return once one of the brokers lets us in; where it never will, say so at once and not as a time-out later.

    Raises Fault `kafka.refused` (log-in), `kafka.certificate`; Unreachable where none answers within the limit.
    """
    security = client_security()
    said = ""
    try:
        async with asyncio.timeout(reach_s_max):
            while True:
                for host, port, _ in collect_hosts(bootstrap):
                    try:
                        await _knock(host, port, security)
                    except (SaslAuthenticationFailed, UnsupportedSaslMechanismError, IllegalSaslStateError) as error:
                        raise _refused(f"{host}:{port}", error) from None
                    except ssl.SSLCertVerificationError as error:
                        raise _unknown(f"{host}:{port}", error) from None
                    except (OSError, KafkaError) as error:
                        said = f"{host}:{port}: {error or type(error).__name__}"
                    else:
                        return
                await asyncio.sleep(TRY_PAUSE_S)
    except TimeoutError:
        raise _nobody(bootstrap, said, reach_s_max) from None


async def _knock(host: str, port: int, security: dict[str, Any]) -> None:
    """Connect, log in, and leave again. Where no connection was made (OSError) there is none to wait for."""
    connection = AIOKafkaConnection(host, port, request_timeout_ms=TRY_MS_MAX, **security)
    made = True
    try:
        await connection.connect()
    except OSError:
        made = False
        raise
    finally:
        closed: Any = connection.close()
        if made:
            await asyncio.wait([closed], timeout=CLOSE_S_MAX)


def _refused(server: str, error: Exception) -> Fault:
    return Fault(
        "kafka.refused",
        f"Kafka {server} 拒绝登录:{error}。",
        f"Kafka {server} refused the log-in: {error}.",
        hint_zh="请核对 LIANDONG_KAFKA_USER、LIANDONG_KAFKA_PASSWORD 与 LIANDONG_KAFKA_SASL_MECHANISM。",
        hint_en="Check LIANDONG_KAFKA_USER, LIANDONG_KAFKA_PASSWORD and LIANDONG_KAFKA_SASL_MECHANISM.",
    )


def _unknown(server: str, error: ssl.SSLCertVerificationError) -> Fault:
    return Fault(
        "kafka.certificate",
        f"Kafka {server} 的证书不可信:{error.verify_message}。",
        f"The certificate of Kafka {server} is not trusted: {error.verify_message}.",
        hint_zh="请用 LIANDONG_KAFKA_CA 指定 CA 证书,并核对证书中的主机名。",
        hint_en="Name the CA's certificate with LIANDONG_KAFKA_CA, and check the host names in the certificate.",
    )


def _nobody(bootstrap: str, said: str, reach_s_max: float) -> Unreachable:
    return Unreachable(
        "kafka.unreachable",
        f"{reach_s_max:.0f} 秒内连不上 Kafka {bootstrap}({said})。",
        f"No Kafka at {bootstrap} within {reach_s_max:.0f} seconds ({said}).",
        hint_zh="请核对 LIANDONG_KAFKA,以及监听端口是否要求 LIANDONG_KAFKA_SECURITY。",
        hint_en="Check LIANDONG_KAFKA, and whether that listener wants a LIANDONG_KAFKA_SECURITY.",
    )


def _trusting(settings: Settings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.kafka_ca or None)
    except OSError as error:
        raise Fault(
            "settings.invalid",
            f"LIANDONG_KAFKA_CA:{settings.kafka_ca} 不是可读的 PEM 证书({error})。",
            f"LIANDONG_KAFKA_CA: {settings.kafka_ca} is no readable PEM certificate ({error}).",
            hint_zh="请给出签发 Kafka 服务器证书的 CA 证书。",
            hint_en="Name the certificate of the CA that signed the brokers' certificates.",
        ) from error


_update_from_known: Any = AIOKafkaClient._metadata_update  # pyright: ignore[reportPrivateUsage]


async def _update(client: Any, cluster: Any, topics: Any) -> bool:
    """Ask the brokers that are known, and if none of them answers those that were given.

    A client knows whom its last metadata named: one of three, if it asked while the others were away. If that one
    goes within the five minutes up to the next metadata, aiokafka 0.14 knocks at its door alone, whoever else lives.
    """
    if await _update_from_known(client, cluster, topics):
        return True
    known, given = client.cluster._brokers, {}
    for number, (host, port, _) in enumerate(client.hosts):
        given[f"given-{number}"] = BrokerMetadata(f"given-{number}", host, port, None)
    client.cluster._brokers = given
    try:
        return bool(await _update_from_known(client, cluster, topics))
    finally:
        if client.cluster._brokers is given:  # nothing new came: whoever was known may be the first to be back
            client.cluster._brokers = known


setattr(AIOKafkaClient, "_metadata_update", _update)  # noqa: B010  # of every client, also those that others make
