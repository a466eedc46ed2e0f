# SPDX-License-Identifier: MIT
"""Certificate authorities and certificates, made by openssl."""
import os
import subprocess

from .process import find_program_or_skip


def _openssl(*arguments):
    subprocess.run([find_program_or_skip("openssl"), *arguments], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class Authority:
    """An authority of its own, in `folder`."""

    def __init__(self, folder, name="authority"):
        self.folder = folder
        self.certificate = os.path.join(folder, f"{name}.pem")
        self.key = os.path.join(folder, f"{name}.key")
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                 "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def issue(self, name, alternative):
        """A certificate with key for e.g. "IP:127.0.0.1" or "DNS:irc.test": their two files."""
        base = os.path.join(self.folder, name)
        with open(f"{base}.ext", "w") as file:
            file.write(f"subjectAltName={alternative}\nbasicConstraints=CA:FALSE\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", f"{base}.key", "-out", f"{base}.csr")
        _openssl("x509", "-req", "-in", f"{base}.csr", "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                 "-days", "2", "-extfile", f"{base}.ext", "-out", f"{base}.pem")
        return f"{base}.pem", f"{base}.key"


def pkcs12(certificate, key, password):
    path = certificate[:-4] + ".p12"
    _openssl("pkcs12", "-export", "-in", certificate, "-inkey", key, "-passout", f"pass:{password}", "-out", path)
    return path
