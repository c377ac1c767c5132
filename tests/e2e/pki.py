"""A throw-away certificate authority, and certificates good and bad."""
import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wire import write_private

TRUST_DOMAIN = "example.test"


def host_uri(site_id, host_id):
    return f"spiffe://{TRUST_DOMAIN}/site/{site_id}/host/{host_id}"


def operator_uri(name):
    return f"spiffe://{TRUST_DOMAIN}/operator/{name}"


class Authority:
    def __init__(self, folder, name="Test CA"):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self.name).issuer_name(self.name).public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=30)).not_valid_after(now + datetime.timedelta(days=365))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )  # fmt: skip
        self.file = os.path.join(folder, "ca.pem")
        _write(self.file, self.certificate)

    def issue(self, basename, uri=None, names=(), server=False, days=30, begun_days_ago=1):
        """Writes BASENAME.pem and BASENAME.key; gives their paths. `days` below 0: expired so long ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.timezone.utc)
        sans = [x509.UniformResourceIdentifier(uri)] if uri else []
        for name in names:
            try:
                sans.append(x509.IPAddress(ipaddress.ip_address(name)))
            except ValueError:
                sans.append(x509.DNSName(name))
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, os.path.basename(basename))]))
            .issuer_name(self.name).public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=max(begun_days_ago, 2 - days)))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )  # fmt: skip
        if sans:
            builder = builder.add_extension(x509.SubjectAlternativeName(sans), critical=False)
        certificate_file, key_file = f"{os.path.join(self.folder, basename)}.pem", f"{os.path.join(self.folder, basename)}.key"
        _write(certificate_file, builder.sign(self.key, hashes.SHA256()))
        write_private(key_file, key)
        return certificate_file, key_file


def _write(path, certificate):
    with open(path + ".new", "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    os.replace(path + ".new", path)
