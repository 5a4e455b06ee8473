"""TLS and SASL come from the settings: what does not fit is refused by name, what fits reaches every client."""

from __future__ import annotations

import ast
import re
import ssl
from pathlib import Path

import faust
import pytest

from eventlog.broker import client_security
from runtime.faults import Fault
from runtime.settings import Settings, load_settings
from streams.worker import credentials
from tests.support.certificates import make_certificates

CLIENT = re.compile(r"(?:AIO)?Kafka(?:\w*Client|Consumer|Producer)")
FOLDERS = ("eventlog", "projections", "streams", "api", "ops")
SASL = {"KAFKA": "k:9092", "KAFKA_SECURITY": "sasl_plaintext", "KAFKA_USER": "u", "KAFKA_PASSWORD": "never-shown"}


def _set(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"LIANDONG_{name}", value)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"KAFKA": ""}, "LIANDONG_KAFKA_SECURITY"),
        ({"KAFKA_USER": ""}, "LIANDONG_KAFKA_USER"),
        ({"KAFKA_PASSWORD": ""}, "LIANDONG_KAFKA_PASSWORD"),
        ({"KAFKA_SECURITY": "plaintext"}, "LIANDONG_KAFKA_PASSWORD"),
        ({"KAFKA_SECURITY": "none"}, "LIANDONG_KAFKA_SECURITY"),
        ({"KAFKA_SASL_MECHANISM": "PLAIN"}, "LIANDONG_KAFKA_SASL_MECHANISM"),
        ({"KAFKA_SECURITY": "sasl_ssl", "KAFKA_CA": "/no/such/ca.pem"}, "LIANDONG_KAFKA_CA"),
        ({"KAFKA_CA": __file__}, "LIANDONG_KAFKA_CA"),
    ],
)
def test_a_combination_that_is_none_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], named: str
) -> None:
    _set(monkeypatch, {**SASL, **changed})
    with pytest.raises(Fault, match=named) as refused:
        load_settings()
    assert refused.value.code == "settings.invalid"
    assert "never-shown" not in "".join(refused.value.lines())


def test_a_file_that_is_no_certificate_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    _set(monkeypatch, {**SASL, "KAFKA_SECURITY": "sasl_ssl", "KAFKA_CA": str(tmp_path / "ca.pem")})
    with pytest.raises(Fault, match=r"ca\.pem") as refused:
        client_security()
    assert refused.value.code == "settings.invalid"


def test_a_plaintext_broker_needs_no_arguments() -> None:
    assert Settings().kafka_security == "plaintext"
    assert client_security() == {}
    assert credentials() is None


def test_all_clients_get_the_same_security(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ca, _ = make_certificates(tmp_path)
    _set(monkeypatch, {**SASL, "KAFKA_SECURITY": "sasl_ssl", "KAFKA_CA": str(ca)})
    given = client_security()
    context = given.pop("ssl_context")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert given == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "u",
        "sasl_plain_password": "never-shown",
    }
    faust_gets = credentials()
    assert isinstance(faust_gets, faust.SASLCredentials)
    assert (faust_gets.protocol.value, faust_gets.mechanism.value) == ("SASL_SSL", "SCRAM-SHA-512")
    assert "never-shown" not in repr(faust_gets)


def test_tls_alone_checks_the_certificate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ca, _ = make_certificates(tmp_path)
    _set(monkeypatch, {"KAFKA": "k:9092", "KAFKA_SECURITY": "ssl", "KAFKA_CA": str(ca)})
    assert set(client_security()) == {"security_protocol", "ssl_context"}
    assert isinstance(credentials(), faust.SSLCredentials)


def test_no_client_is_made_without_the_security() -> None:
    """But for the embedded broker, which is plaintext on loopback."""
    root, bare = Path(__file__).parents[2], list[str]()
    for path in (path for folder in FOLDERS for path in (root / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and CLIENT.fullmatch(ast.unparse(node.func)):
                given = [ast.unparse(keyword.value) for keyword in node.keywords if keyword.arg is None]
                if "client_security()" not in given and path.parent.name != "embedded":
                    bare.append(f"{path.relative_to(root)}:{node.lineno}")
    assert bare == []
