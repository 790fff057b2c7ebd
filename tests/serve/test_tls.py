"""TLS: rows travel where the certificate is trusted and names the host; all else is refused in words."""

from __future__ import annotations

import datetime as dt
import ipaddress

import pytest

import rem_arrow as rem
from tests.serve.served import WRITER, token_file

x509 = pytest.importorskip("cryptography.x509")

from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402

SUBJECT = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Certificates that sign themselves, by what they are, with their keys."""
    folder, now = tmp_path_factory.mktemp("tls"), dt.datetime.now(dt.timezone.utc)
    here, elsewhere = x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("example.org")
    for name, host, days in (("good", here, 9), ("other", here, 9), ("elsewhere", elsewhere, 9), ("late", here, -1)):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            x509.CertificateBuilder(SUBJECT, SUBJECT, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=20))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(True, None), critical=True)
            .add_extension(x509.SubjectAlternativeName([host]), critical=False)
            .sign(key, hashes.SHA256())
        )
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        for suffix, how in (
            ("key", serialization.NoEncryption()),
            ("locked", serialization.BestAvailableEncryption(b"x")),
        ):
            form = serialization.PrivateFormat.PKCS8
            (folder / f"{name}.{suffix}").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, how))
    (folder / "empty").write_bytes(b"")
    return folder


def served(files, name, **options):
    """A server with a certificate."""
    return rem.start_server(
        rem.connect(), tls_certificate=files / f"{name}.pem", tls_key=files / f"{name}.key", **options
    )


def test_rows_travel_encrypted(files, tmp_path):
    """Over a certificate that the client is given; the token counts as it does without TLS."""
    with served(files, "good", token_file=token_file(tmp_path)) as server:
        assert server.address.startswith("rems://")
        with rem.connect(server.address, token=WRITER, certificate=files / "good.pem") as db:
            assert db.sql("SELECT 1").item() == 1
        with pytest.raises(rem.InputError, match="token is missing or wrong"):
            rem.connect(server.address, token="x" * 20, certificate=files / "good.pem")


@pytest.mark.parametrize(
    ("name", "certificate", "message"),
    [
        ("good", "other.pem", "is not trusted: self-signed certificate; give certificate= the PEM file"),
        ("good", None, "is not trusted: self-signed certificate"),
        ("late", "late.pem", "is not trusted: certificate has expired"),
        ("elsewhere", "elsewhere.pem", "is for another host"),
        ("good", "good.key", "good.key holds no certificate as PEM"),
        ("good", "empty", "empty holds no certificate as PEM"),
        ("good", "nowhere.pem", "nowhere.pem cannot be read: No such file"),
    ],
)
def test_a_server_that_is_not_the_one_is_refused(files, name, certificate, message):
    """Before a token is sent."""
    with served(files, name) as server, pytest.raises(rem.InputError, match=message):
        rem.connect(
            server.address, token=server.token, certificate=None if certificate is None else files / certificate
        )


def test_tls_and_none_do_not_meet(files):
    """The error says which of the two addresses to write."""
    with served(files, "good") as server, pytest.raises(rem.ExecuteError, match="if it has TLS, write rems://"):
        rem.connect(server.address.replace("rems:", "rem:"), token=server.token)
    with rem.start_server(rem.connect()) as server, pytest.raises(rem.InputError, match="has no TLS; write rem://"):
        rem.connect(server.address.replace("rem:", "rems:"), token=server.token)


@pytest.mark.parametrize(
    ("certificate", "key"),
    [("good.pem", "other.key"), ("good.key", "good.pem"), ("empty", "empty"), ("good.pem", "good.locked")],
)
def test_a_server_needs_a_certificate_and_its_key(files, certificate, key):
    """Other files are refused, and a password is not asked for."""
    with rem.connect() as db, pytest.raises(rem.InputError, match="are no certificate as PEM and its key"):
        rem.start_server(db, tls_certificate=files / certificate, tls_key=files / key)
