"""A certificate authority for tests, and certificates for servers on this machine, by openssl."""
import pathlib
import subprocess


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def make_authority(folder, name="Porchlight tests"):
    """The PEM file of a new authority; its key lies beside it."""
    folder = pathlib.Path(folder)
    stem = name.replace(" ", "-").lower()
    key, certificate = folder / f"{stem}.key", folder / f"{stem}.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
            "-keyout", str(key), "-out", str(certificate))
    return certificate


def make_certificate(folder, authority, stem, names=("DNS:localhost", "IP:127.0.0.1")):
    """(certificate, key) for these names, signed by the authority."""
    folder, authority = pathlib.Path(folder), pathlib.Path(authority)
    key, request, certificate = (folder / f"{stem}.{end}" for end in ("key", "csr", "pem"))
    extensions = folder / f"{stem}.ext"
    extensions.write_text(f"subjectAltName={','.join(names)}\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
            "-keyout", str(key), "-out", str(request))
    openssl("x509", "-req", "-days", "2", "-in", str(request), "-CA", str(authority),
            "-CAkey", str(authority.with_suffix(".key")), "-CAcreateserial",
            "-extfile", str(extensions), "-out", str(certificate))
    return certificate, key
