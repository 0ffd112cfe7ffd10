"""
A Labeler in another language, which shares no line with the gateway: the standard library, and openssl for Ed25519.

  labeler.py login DATABASE_URL EMAIL      password on standard input: checks it against the row, by the database role
  labeler.py check ORIGIN ISSUER           token on standard input: checks it by the published keys alone
  labeler.py accounts ORIGIN               token on standard input: reads accounts through the graph

Prints JSON; exits 1, saying why, when it refuses, and 3 when the machine lacks something.
"""

import base64
import hashlib
import hmac
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request


def refuse(reason):
    print(json.dumps({"refused": reason}))
    sys.exit(1)


class Postgres:
    """As much of the protocol as one statement needs: SCRAM-SHA-256 and a query with parameters."""

    def __init__(self, url):
        at = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((at.hostname, at.port or 5432), timeout=10)
        self.stream = self.socket.makefile("rb")
        names = ["user", urllib.parse.unquote(at.username), "database", at.path[1:], ""]
        self.send(b"", struct.pack("!i", 196608) + b"\0".join(n.encode() for n in names) + b"\0")
        self.authenticate(urllib.parse.unquote(at.password or ""))

    def send(self, kind, body):
        self.socket.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def receive(self):
        kind, length = self.stream.read(1), struct.unpack("!i", self.stream.read(4))[0]
        body = self.stream.read(length - 4)
        if kind == b"E":
            fields = {part[:1]: part[1:].decode() for part in body.split(b"\0") if part}
            refuse(f"{fields[b'C']} {fields[b'M']}")
        return kind, body

    def authenticate(self, password):
        nonce = base64.b64encode(os.urandom(18)).decode()
        while True:
            kind, body = self.receive()
            if kind == b"Z":
                return
            if kind != b"R":
                continue
            step, detail = struct.unpack("!i", body[:4])[0], body[4:]
            if step == 10:
                first = f"n,,n=,r={nonce}".encode()
                self.send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first)
            elif step == 11:
                self.send(b"p", proof(password, nonce, detail.decode()))

    def rows(self, statement, *values):
        texts = [value.encode() for value in values]
        self.send(b"P", b"\0" + statement.encode() + b"\0\0\0")
        bound = b"".join(struct.pack("!i", len(text)) + text for text in texts)
        self.send(b"B", b"\0\0\0\0" + struct.pack("!h", len(texts)) + bound + b"\0\0")
        self.send(b"E", b"\0\0\0\0\0")
        self.send(b"S", b"")
        found = []
        while True:
            kind, body = self.receive()
            if kind == b"Z":
                return found
            if kind == b"D":
                found.append(columns(body))


def columns(body):
    values, at = [], 2
    for _ in range(struct.unpack("!h", body[:2])[0]):
        length = struct.unpack("!i", body[at : at + 4])[0]
        at += 4
        values.append(None if length < 0 else body[at : at + length].decode())
        at += max(length, 0)
    return values


def proof(password, nonce, challenge):
    parts = dict(part.split("=", 1) for part in challenge.split(","))
    last = f"c=biws,r={parts['r']}"
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
    key = hmac.digest(salted, b"Client Key", "sha256")
    signed = f"n=,r={nonce},{challenge},{last}".encode()
    signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
    sent = bytes(a ^ b for a, b in zip(key, signature))
    return f"{last},p={base64.b64encode(sent).decode()}".encode()


def login(url, email, password):
    try:
        import crypt
    except ImportError:
        sys.exit(3)
    statement = "SELECT id, email, system_role, hashed_password FROM users WHERE email = $1 AND is_active"
    found = Postgres(url).rows(statement, email)
    if not found:
        refuse("no account")
    user, address, role, stored = found[0]
    if not hmac.compare_digest(crypt.crypt(password, stored) or "", stored):
        refuse("wrong password")
    return {"id": int(user), "email": address, "role": role}


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def is_signed(key, message, signature):
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: os.path.join(folder, name) for name in ("key", "message", "signature")}
        # An Ed25519 public key in DER is this and its 32 bytes.
        der = bytes.fromhex("302a300506032b6570032100") + decoded(key["x"])
        for name, content in (("key", der), ("message", message), ("signature", signature)):
            with open(paths[name], "wb") as file:
                file.write(content)
        verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", paths["key"], "-rawin"]
        done = subprocess.run(
            [*verify, "-in", paths["message"], "-sigfile", paths["signature"]], capture_output=True, check=False
        )
        return done.returncode == 0


def check(origin, issuer, token):
    try:
        head, body, signature = token.split(".")
        header, claims = json.loads(decoded(head)), json.loads(decoded(body))
    except ValueError:
        refuse("not a token")
    if header.get("alg") != "EdDSA" or header.get("typ") != "at+jwt":
        refuse("another kind of token")
    with urllib.request.urlopen(f"{origin}/.well-known/jwks.json", timeout=10) as answer:
        keys = json.load(answer)["keys"]
    key = next((key for key in keys if key["kid"] == header.get("kid") and key.get("crv") == "Ed25519"), None)
    if key is None:
        refuse("unknown key")
    if not is_signed(key, f"{head}.{body}".encode(), decoded(signature)):
        refuse("wrong signature")
    if claims.get("iss") != issuer or claims.get("aud") != "labeler" or claims.get("type") != "access":
        refuse("not for the Labeler")
    if not claims.get("nbf", 0) - 5 <= time.time() < claims["exp"]:
        refuse("not good now")
    return {"id": int(claims["sub"]), "email": claims["email"], "role": claims["role"]}


def accounts(origin, token):
    names = ("users", "organizations", "projectMembers")
    query = "{" + " ".join(f"{name} {{ totalCount }}" for name in names) + "}"
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{origin}/graphql", json.dumps({"query": query}).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        data = json.load(answer)["data"]
    return {name: data[name]["totalCount"] for name in names}


command, *arguments = sys.argv[1:]
secret = sys.stdin.read()
print(json.dumps({"login": login, "check": check, "accounts": accounts}[command](*arguments, secret)))
