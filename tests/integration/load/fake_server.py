"""As much of a homeserver as porchlight-load needs, with faults on demand: so that what it has to find
is there to be found."""
import http.server
import json
import re
import threading

USER = re.compile(r"@(\w[^:]*):fake")


class FakeServer(http.server.ThreadingHTTPServer):
    """Everybody sees everybody. `faults`:

    deaf: a user (the number at the end of the name) whose syncs never hold user 0's changes
    backwards: another, to whom user 0's first change is given again with each later one
    busy: the first so many PUTs, and the first joins, are answered 429
    hang_up: each answer ends its connection
    chunked: answers come in chunks
    token: registration takes two stages, this registration token first
    exists: who is registered already
    """
    daemon_threads = True

    def __init__(self, **faults):
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults = faults
        self.changed = threading.Condition()
        self.position = 0
        self.states = {}  # user number: (position, text, first text)
        self.passed = {}  # session: stages that are done
        self.refused = {"PUT": 0, "join": 0}
        self.asked = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def publish(self, user, text):
        with self.changed:
            self.position += 1
            first = self.states[user][2] if user in self.states else text
            self.states[user] = (self.position, text, first)
            self.changed.notify_all()

    def news(self, user, since):
        """Texts for the user beyond the position; the caller holds `changed`."""
        texts = []
        for subject, (position, text, first) in self.states.items():
            if position <= since or (subject == 0 and user == self.faults.get("deaf")):
                continue
            texts.append(text)
            if subject == 0 and user == self.faults.get("backwards"):
                texts.append(first)
        return texts

    def sync(self, user, since, timeout):
        with self.changed:
            self.changed.wait_for(lambda: self.news(user, since), timeout)
            events = [{"type": "m.presence", "content": {"presence": "online", "status_msg": text}}
                      for text in self.news(user, since)]
            return {"presence": {"events": events}, "next_batch": f"s{self.position}"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass

    def answer(self, status, body, **headers):
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if self.server.faults.get("hang_up"):
            self.send_header("Connection", "close")
            self.close_connection = True
        if self.server.faults.get("chunked"):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (text[:7], text[7:]):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if piece else b"")
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    def handle_any(self):
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length) or b"{}")
        self.server.asked.append(path)
        token = self.headers.get("Authorization", "").removeprefix("Bearer t")
        for end, handler in (("/register", self.register), ("/login", self.login), ("/filter", self.filter),
                             ("/createRoom", self.room), ("/sync", self.sync), ("/status", self.status)):
            if path.endswith(end):
                return handler(body, query, token)
        if "/join/" in path and self.is_busy("join"):
            return self.answer(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 5})
        return self.answer(200, {})

    do_GET = do_PUT = do_POST = handle_any

    def is_busy(self, what):
        if self.server.refused[what] < self.server.faults.get("busy", 0):
            self.server.refused[what] += 1
            return True
        return False

    def enter(self, name):
        number = re.search(r"\d+$", name)[0]
        self.answer(200, {"user_id": f"@{name}:fake", "access_token": f"t{number}"})

    def register(self, body, _query, _token):
        if self.server.faults.get("exists"):
            return self.answer(400, {"errcode": "M_USER_IN_USE", "error": "taken"})
        token, auth = self.server.faults.get("token"), body["auth"]
        if token is None:
            return self.enter(body["username"])
        session = auth.get("session") or f"session {len(self.server.passed)}"
        passed = self.server.passed.setdefault(session, [])
        if auth["type"] == "m.login.registration_token" and auth.get("token") == token:
            passed.append(auth["type"])
        elif auth["type"] == "m.login.dummy" and passed:
            return self.enter(body["username"])
        return self.answer(401, {"session": session, "completed": passed, "flows": [
            {"stages": ["m.login.email.identity", "m.login.dummy"]},
            {"stages": ["m.login.registration_token", "m.login.dummy"]}]})

    def login(self, body, _query, _token):
        if body["password"] != "wonderland":
            return self.answer(403, {"errcode": "M_FORBIDDEN", "error": "wrong password"})
        return self.enter(body["identifier"]["user"])

    def filter(self, _body, _query, _token):
        self.answer(200, {"filter_id": "1"})

    def room(self, _body, _query, _token):
        self.answer(200, {"room_id": "!room:fake"})

    def sync(self, _body, query, token):
        since = int(re.search(r"since=s(\d+)", query)[1]) if "since=" in query else 0
        timeout = int(re.search(r"timeout=(\d+)", query)[1]) / 1000
        self.answer(200, self.server.sync(int(token), since, timeout))

    def status(self, body, _query, token):
        if self.is_busy("PUT"):
            return self.answer(429, {"errcode": "M_LIMIT_EXCEEDED"}, Retry_After="1")
        self.server.publish(int(token), body["status_msg"])
        return self.answer(200, {})
