"""Signed JSON and signed requests between servers, by openssl: shares nothing with the servers under test."""
import base64
import json
import pathlib
import subprocess
import tempfile

# What DER puts before the 32 bytes of an Ed25519 key (RFC 8410).
PUBLIC_KEY = bytes.fromhex("302a300506032b6570032100")
PRIVATE_KEY = bytes.fromhex("302e020100300506032b657004220420")


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def unpadded(data):
    return base64.b64encode(data).decode().rstrip("=")


def raw(text):
    return base64.b64decode(text + "=" * (-len(text) % 4))


def what_is_signed(value):
    return canonical({k: v for k, v in value.items() if k not in ("signatures", "unsigned")})


def pkeyutl(key, message, *arguments):
    """The finished process, and what it wrote. openssl takes one-shot messages from files alone."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder) / name for name in ("key", "message", "result")]
        paths[0].write_bytes(key)
        paths[1].write_bytes(message)
        made = subprocess.run(
            ["openssl", "pkeyutl", "-rawin", "-keyform", "DER", "-inkey", str(paths[0]), "-in", str(paths[1]),
             *(str(paths[2]) if a == "RESULT" else str(a) for a in arguments)], capture_output=True)
        return made, paths[2].read_bytes() if paths[2].exists() else b""


def is_signed(value, name, key_id, verify_key):
    """Whether `value` bears a good signature of server `name` by its key, in unpadded base64."""
    signature = raw(value["signatures"][name][key_id])
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(signature)
        kept.flush()
        made, _ = pkeyutl(PUBLIC_KEY + raw(verify_key), what_is_signed(value),
                          "-verify", "-pubin", "-sigfile", kept.name)
    return made.returncode == 0


def signature_of(value, seed):
    """In unpadded base64, by the key of this seed of 32 bytes."""
    made, signature = pkeyutl(PRIVATE_KEY + seed, what_is_signed(value), "-sign", "-out", "RESULT")
    assert made.returncode == 0 and len(signature) == 64, made.stderr
    return unpadded(signature)


def authorization(method, uri, origin, destination, key_id, seed, content=None):
    """The header of a request from server `origin` (server-server API, "Request Authentication")."""
    signed = {"method": method, "uri": uri, "origin": origin, "destination": destination}
    if content is not None:
        signed["content"] = content
    return (f'X-Matrix origin="{origin}",destination="{destination}",key="{key_id}",'
            f'sig="{signature_of(signed, seed)}"')
