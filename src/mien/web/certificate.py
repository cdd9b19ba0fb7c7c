"""A certificate of one's own, so that a phone's browser gives this page its camera: browsers want HTTPS for that.

It is signed by nobody but itself: a browser asks once whether it is trusted, and the fingerprint lets one check that it
is the one. Certificate and key are kept in the user's data folder; the key is readable by the user alone.
"""

from __future__ import annotations

import datetime
import ipaddress
import platform
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mien.errors import SourceError
from mien.files import telling, written_whole
from mien.web.guard import EVERYWHERE, HERE

DAYS = 397  # browsers refuse those that hold longer
LEAST_DAYS = 7  # one that ends sooner is made anew
CERTIFICATE, KEY = "certificate.pem", "key.pem"


@dataclass(frozen=True)
class Certificate:
    """Where a certificate and its key lie, and how the certificate can be recognised."""

    cert: Path
    key: Path

    @property
    def fingerprint(self) -> str:
        """SHA-256, as browsers show it. Raises SourceError when there is no such certificate."""
        digits = _load(self.cert).fingerprint(hashes.SHA256()).hex().upper()
        return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def own_certificate(host: str, folder: Path | None = None, *, now: datetime.datetime | None = None) -> Certificate:
    """The certificate for a server on `host`: the one that is kept, or a new one where it ends soon or does not fit.

    Args:
        host: what the server listens on.
        folder: the data folder; the user's own unless told.
        now: the time, for tests.

    Raises:
        SinkError: it cannot be kept.
    """
    folder = (folder or Path(platformdirs.user_data_dir("mien", appauthor=False))) / "certificate"
    found = Certificate(folder / CERTIFICATE, folder / KEY)
    now, names = now or datetime.datetime.now(datetime.UTC), _names(host)
    if not _fits(found, names, now):
        _make(found, names, now)
    return found


def _names(host: str) -> list[str]:
    """What the server goes by: this machine's names, and the address it listens on."""
    machine = platform.node() or "localhost"
    names = [*HERE, machine, f"{machine.removesuffix('.local')}.local"]
    name = host.strip("[]")
    return names if name in EVERYWHERE or name in names else [*names, name]


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode())


def _fits(kept: Certificate, names: list[str], now: datetime.datetime) -> bool:
    if not kept.key.is_file():
        return False
    try:
        certificate = _load(kept.cert)
        covered = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (SourceError, x509.ExtensionNotFound):
        return False
    ends_in = certificate.not_valid_after_utc - now
    return ends_in > datetime.timedelta(days=LEAST_DAYS) and all(_general(name) in list(covered) for name in names)


def _load(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} is no certificate (PEM) that can be read: name another file") from error


def _make(where: Certificate, names: list[str], now: datetime.datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mien on this machine")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # clocks differ
        .not_valid_after(now + datetime.timedelta(days=DAYS - 1))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        # Phones install only an authority; this one vouches for itself alone.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    with telling(where.cert.parent):
        where.cert.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with written_whole(where.key) as draft:
        draft.chmod(0o600)
        plain = serialization.NoEncryption()
        draft.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    with written_whole(where.cert) as draft:
        draft.write_bytes(certificate.public_bytes(pem))
