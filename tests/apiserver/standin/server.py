"""Connections: TLS, HTTP/1.1, the request log, and faults on the wire."""

import http.server
import json
import socket
import socketserver
import threading
import time

from . import app as api
from . import errors
from . import meta
from . import tls
from .request import BODY_LIMIT, Request
from .watch import Watch

IDLE = 120              # seconds a connection may be silent
LOGGED_BODY = 65536     # larger bodies do not go into the request log
DRIBBLE = 0.02          # seconds between the bytes of a slow answer
HUGE = 256 * 1024 * 1024
FILLER = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"}},' * 1024
GARBAGE_TEXT = b"<html>{this is [no JSON}\n\x00\xff"


class RequestLog:
    """DIR/requests.log: one JSON value per line and request."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.stream = open(path, "a", encoding="utf-8", buffering=1)

    def write(self, req, code, seconds, note=None):
        line = {"time": meta.now().isoformat(timespec="milliseconds"),
                "user": req.user.name if req.user else None,
                "verb": req.verb, "method": req.method, "path": req.path,
                "query": req.query, "code": code,
                "ms": round(seconds * 1000, 1)}
        if req.raw and len(req.raw) <= LOGGED_BODY:
            try:
                line["body"] = json.loads(req.raw)
            except (ValueError, RecursionError):
                line["body"] = repr(req.raw[:200])
        if note:
            line["note"] = note
        with self.lock:
            self.stream.write(json.dumps(line) + "\n")


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One thread per connection; the handshake is done in that thread."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address, application, pki, log):
        self.address_family = socket.AF_INET6 if ":" in address[0] \
            else socket.AF_INET
        self.app = application
        self.tls = tls.Tls(pki)
        self.log = log
        super().__init__(address, Handler)

    def handle_error(self, request, client_address):
        """A peer that goes away is no news."""


class Gone(Exception):
    """The connection is to be closed without another word."""


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "standin"
    disable_nagle_algorithm = True

    def setup(self):
        self.request.settimeout(10)
        self.request, self.certificate = self.server.tls.accept(self.request)
        self.request.settimeout(IDLE)
        super().setup()

    def finish(self):
        try:
            super().finish()
            self.request.close()
        except OSError:
            pass

    def log_message(self, *args):
        """The request log replaces the one of the base class."""

    def send_error(self, code, message=None, explain=None):
        """Malformed HTTP; the base class calls this."""
        text = (message or explain or "bad request") + "\n"
        self.close_connection = True
        self.transmit(code, text.encode(), "text/plain", {})

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (OSError, Gone, ValueError):
            self.close_connection = True

    def do_GET(self):
        started = time.monotonic()
        prefix = self.server.app.options.prefix
        req = Request(self.command, self.path.removeprefix(prefix),
                      self.headers)
        note = None
        try:
            req.raw = self.read_body()
            if not self.path.startswith(prefix + "/"):
                raise errors.ApiError(404, "NotFound", "outside the prefix")
            code, note = self.serve(req)
        except errors.ApiError as error:
            code = self.transmit_answer(api.error_answer(error))
        except (Gone, OSError):
            self.server.log.write(req, 0, time.monotonic() - started,
                                  "closed")
            raise
        self.server.log.write(req, code, time.monotonic() - started, note)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_GET

    # -- reading

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self.read_chunks()
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit():
            self.close_connection = True
            raise errors.bad_request("bad Content-Length")
        if int(length) > BODY_LIMIT:
            self.discard(min(int(length), 4 * BODY_LIMIT))
            raise self.too_large()
        return self.rfile.read(int(length))

    def discard(self, length):
        """Read on, so that the peer comes to see the refusal."""
        while length > 0 and self.rfile.read(min(length, 65536)):
            length -= 65536

    def read_chunks(self):
        body = b""
        while True:
            size = int(self.rfile.readline(100).partition(b";")[0], 16)
            if len(body) + size > BODY_LIMIT:
                raise self.too_large()
            body += self.rfile.read(size)
            self.rfile.readline(100)
            if size == 0:
                return body

    def too_large(self):
        self.close_connection = True
        return errors.ApiError(413, "RequestEntityTooLarge", "Request entity "
                               f"too large: limit is {BODY_LIMIT}")

    # -- serving

    def serve(self, req):
        """Answer; returns (code, note for the log)."""
        app = self.server.app
        app.identify(req, self.certificate)
        action = {}
        if not req.path.startswith("/faults"):
            action = app.faults.take(req.user.name, req.verb, req.path,
                                     req.res.name if req.res else None)
        note = {"fault": action} if action else None
        if "delay" in action:
            time.sleep(action["delay"])
        app.act({k: v for k, v in action.items() if k != "watchError"})
        if action.get("close") == "before":
            self.hang_up()
        if "status" in action:
            return self.serve_status(action), note
        if action.get("garbage") in ("text", "huge"):
            return self.serve_garbage(action["garbage"]), note
        if req.verb == "watch" and req.known:
            return self.serve_watch(req, action), note
        answer = self.answer(req)
        return self.send_spoilt(answer, action), note

    def answer(self, req):
        try:
            return self.server.app.answer(req)
        except errors.ApiError as error:
            return api.error_answer(error)
        except Exception as error:
            self.server.log.write(req, 500, 0, f"bug: {error!r}")
            if self.server.app.options.debug:
                raise
            return api.error_answer(errors.ApiError(
                500, "InternalError", f"Internal error occurred: {error!r}"))

    def send_spoilt(self, answer, action):
        """Send an answer as the fault wants it."""
        if action.get("close") == "after":
            self.hang_up()
        if action.get("garbage") == "truncated":
            answer.body = answer.body[:len(answer.body) // 2]
        if action.get("close") == "mid":
            head = self.head(answer.code, answer.kind, answer.headers,
                             len(answer.body))
            self.wfile.write(head + answer.body[:len(answer.body) // 2])
            self.hang_up()
        if action.get("garbage") == "slow":
            return self.dribble(answer)
        return self.transmit_answer(answer)

    def serve_status(self, action):
        headers = {}
        if "retryAfter" in action:
            headers["Retry-After"] = str(action["retryAfter"])
        body = action.get("body")
        code = int(action["status"])
        if isinstance(body, (dict, list)):
            answer = api.json_answer(code, body, headers)
        elif isinstance(body, str):
            answer = api.text_answer(code, body, headers)
        else:
            answer = api.error_answer(errors.ApiError(
                code, "", "injected error", None, headers))
        return self.transmit_answer(answer)

    def serve_garbage(self, kind):
        if kind == "text":
            return self.transmit(200, GARBAGE_TEXT, "application/json", {})
        self.wfile.write(self.head(200, "application/json", {}, None))
        self.chunk(b'{"kind":"PodList","apiVersion":"v1","items":[')
        for _ in range(HUGE // len(FILLER)):
            self.chunk(FILLER)
        self.hang_up()
        return 200

    def serve_watch(self, req, action):
        app = self.server.app
        app.authorize(req)
        req.preferred()
        watch = Watch(app, req, self.connection, self.chunk)
        watch.check()
        self.server.log.write(req, 200, 0, "watch begins")
        head = self.head(200, "application/json", {}, None)
        self.wfile.write(head)
        try:
            if "watchError" in action:
                watch.event("ERROR", api.watch_error(action["watchError"]))
            else:
                watch.run()
        except OSError:
            self.hang_up()
        self.wfile.write(b"0\r\n\r\n")
        return 200

    # -- writing

    def head(self, code, kind, headers, length):
        lines = [f"HTTP/1.1 {code} {self.phrase(code)}",
                 f"Date: {self.date_time_string()}",
                 "Cache-Control: no-cache, private",
                 f"Content-Type: {kind}"]
        lines += [f"{k}: {v}" for k, v in headers.items()]
        if length is None:
            lines.append("Transfer-Encoding: chunked")
        else:
            lines.append(f"Content-Length: {length}")
        if self.close_connection:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")

    @staticmethod
    def phrase(code):
        try:
            return http.HTTPStatus(code).phrase
        except ValueError:
            return "Unknown"

    def transmit(self, code, body, kind, headers):
        head = self.head(code, kind, headers, len(body))
        self.wfile.write(head if self.command == "HEAD" else head + body)
        return code

    def transmit_answer(self, answer):
        return self.transmit(answer.code, answer.body, answer.kind,
                             answer.headers)

    def dribble(self, answer):
        self.wfile.write(self.head(answer.code, answer.kind, answer.headers,
                                   len(answer.body)))
        for i in range(len(answer.body)):
            self.wfile.write(answer.body[i:i + 1])
            time.sleep(DRIBBLE)
        return answer.code

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def hang_up(self):
        """Break the connection without a close notice."""
        self.close_connection = True
        try:
            socket.socket.shutdown(self.connection, socket.SHUT_RDWR)
        except OSError:
            pass
        raise Gone
