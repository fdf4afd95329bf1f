"""nginx, Caddy and HAProxy as processes of our own, each with the snippet of packaging/proxies in a
configuration that is otherwise as small as it can be. PORCHLIGHT_PROGRAMS is where they were unpacked
(tools/dev/programs.sh)."""
import os
import pathlib
import re
import socket
import ssl
import subprocess
import tempfile

from real_server import PATIENCE, until

PROGRAMS = pathlib.Path(os.environ["PORCHLIGHT_PROGRAMS"])
SNIPPETS = pathlib.Path(__file__).resolve().parents[3] / "packaging" / "proxies"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def put(text, old, new):
    """What stands for the administrator's own in a snippet, exchanged; it must be there."""
    assert old in text, "the snippet has no %r any more" % old
    return text.replace(old, new)


class Proxy:
    """`port` is the clients', `federation_port` that of other servers."""

    def __init__(self, folder, server_port, certificate, key):
        self.folder = pathlib.Path(folder)
        self.port, self.federation_port = free_port(), free_port()
        self.certificate, self.key = pathlib.Path(certificate), pathlib.Path(key)
        text = put((SNIPPETS / self.snippet).read_text(), "127.0.0.1:8008", "127.0.0.1:%d" % server_port)
        self.config = self.folder / "config"
        self.config.write_text(self.around(text))
        libraries = ":".join(str(path) for path in (PROGRAMS / "usr/lib").glob("*-linux-*"))
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LD_LIBRARY_PATH": libraries})
        until(self.is_up, self.snippet)

    def is_up(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise AssertionError(self.log.read())
        for port in (self.port, self.federation_port):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except ConnectionRefusedError:
                return False
        return True

    def connect(self, source="127.0.0.1"):
        """A TLS connection of a client at that address."""
        context = ssl.create_default_context(cafile=str(self.certificate.with_name("porchlight-tests.pem")))
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE, source_address=(source, 0))
        return context.wrap_socket(plain, server_hostname="localhost")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)
        self.log.close()


class Nginx(Proxy):
    snippet = "nginx.conf"

    def command(self):
        return [PROGRAMS / "usr/sbin/nginx", "-p", self.folder, "-c", self.config, "-e", "stderr"]

    def around(self, text):
        for port, own in ((443, self.port), (8448, self.federation_port)):
            text = put(text, "    listen %d ssl" % port, "    listen 127.0.0.1:%d ssl" % own)
            text = put(text, "    listen [::]:%d ssl http2;\n" % port, "")
        text = put(text, "/etc/letsencrypt/live/example.org/fullchain.pem", str(self.certificate))
        text = put(text, "/etc/letsencrypt/live/example.org/privkey.pem", str(self.key))
        text = put(text, "example.org", "localhost")
        here = "".join("    %s_temp_path %s/%s;\n" % (kind, self.folder, kind) for kind in
                       ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return ("daemon off;\nmaster_process off;\npid %s/pid;\nevents { worker_connections 1024; }\n"
                "http {\n    access_log off;\n%s%s}\n" % (self.folder, here, text))


class Caddy(Proxy):
    snippet = "Caddyfile"

    def command(self):
        return [PROGRAMS / "usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", self.config]

    def around(self, text):
        names = "https://localhost:%d, https://localhost:%d {\n\ttls %s %s\n" % (
            self.port, self.federation_port, self.certificate, self.key)
        text = put(text, "example.org, example.org:8448 {\n", names)
        return "{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n}\n" + text


class Haproxy(Proxy):
    snippet = "haproxy.cfg"

    def command(self):
        return [PROGRAMS / "usr/sbin/haproxy", "-db", "-f", self.config]

    def around(self, text):
        whole = self.folder / "whole.pem"
        whole.write_text(self.certificate.read_text() + self.key.read_text())
        for port, own in ((443, self.port), (8448, self.federation_port)):
            text = put(text, "bind :%d ssl" % port, "bind 127.0.0.1:%d ssl" % own)
        text = put(text, "/etc/haproxy/example.org.pem", str(whole))
        return "global\n    maxconn 1000\n" + text


def seconds_of(snippet, pattern):
    """A time that a snippet sets, in seconds."""
    found = re.search(pattern + r" (\d+)s", (SNIPPETS / snippet).read_text())
    assert found, "%s has no %s" % (snippet, pattern)
    return int(found.group(1))
