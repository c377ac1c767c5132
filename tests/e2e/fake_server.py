"""An order server that says what the test wants: the agent against an implementation other than the project's own."""
import http.server
import json
import socket
import ssl
import struct
import threading
import time
import urllib.parse

import wire


class Stored:
    """One upload as it came."""

    def __init__(self, bundle, signature):
        self.bundle, self.signature = bundle, signature
        self.value = json.loads(bundle)
        self.id = self.value["bundle_id"]


class FakeServer:
    """Listens on a port of the kernel's choice. `uploads` holds every upload tried, `stored` each bundle once."""

    def __init__(self, certificate, key, ca_file, receipt_key, least=ssl.TLSVersion.TLSv1_3, most=ssl.TLSVersion.TLSv1_3, port=0):
        self.receipt_key = receipt_key
        self.changed = threading.Condition()
        self.offers, self.requests, self.uploads, self.stored, self.handshake_errors = [], [], [], {}, []
        self.polls = 0
        self.connections = 0
        self.resumed = []            # of each connection: whether its TLS session is a former one
        self.answer_poll = None      # (request) -> (status, headers, body) or None: as usual
        self.answer_upload = None    # (Stored, how often it was tried) -> (status, headers, body), "cut", or None
        self.begun = []              # ids of the orders that were said to be executing
        self.answer_progress = None  # (order id) -> (status, headers, body), or "mute": no answer at all; None: 204
        self.withdraw = True         # an offer ends with a final bundle for it
        self.tls = self._context(certificate, key, ca_file, least, most)
        self.http = _Listener(("127.0.0.1", port), self)
        self.port = self.http.server_address[1]
        self.url = f"https://localhost:{self.port}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @staticmethod
    def _context(certificate, key, ca_file, least, most):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version, context.maximum_version = least, most
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def close(self):
        with self.changed:
            self.closing = True
            self.changed.notify_all()
        self.http.shutdown()
        self.http.server_close()
        self.http.cut_all()
        self.thread.join(10)

    closing = False

    def offer(self, envelope, id=None):
        """Offers an envelope: a dict, or raw bytes of one."""
        if isinstance(envelope, dict):
            if id is None:
                id = wire.payload_of(envelope)["order_id"]
            envelope = wire.compact(envelope)
        with self.changed:
            self.offers.append((id, envelope))
            self.changed.notify_all()
        return id

    def withdraw_all(self):
        with self.changed:
            self.offers.clear()

    def bundles(self):
        """Every stored bundle's members, in the order they came."""
        with self.changed:
            return [stored.value for stored in self.stored.values()]

    def about(self, order_id):
        """The bundles about the order that was offered under this id."""
        return [bundle for bundle in self.bundles() if bundle["order"] and bundle["order"]["id"] == order_id]

    def wait_for(self, condition, seconds=20, what="the server to see it"):
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                value = condition()
                if value:
                    return value
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"waited {seconds} s for {what}; {self.polls} polls, {len(self.uploads)} uploads")
                self.changed.wait(min(left, 0.25))

    def wait_for_order(self, order_id, count=1, seconds=20):
        return self.wait_for(lambda: len(self.about(order_id)) >= count and self.about(order_id), seconds, f"evidence about {order_id}")

    def wait_for_polls(self, more=1, seconds=20):
        goal = self.polls + more
        self.wait_for(lambda: self.polls >= goal, seconds, f"{more} more polls")

    # What the handler asks.

    def pending(self, limit, wait):
        deadline = time.monotonic() + wait
        with self.changed:
            self.polls += 1
            self.changed.notify_all()
            while not self.offers and not self.closing and (left := deadline - time.monotonic()) > 0:
                self.changed.wait(left)
            chosen, more = self.offers[:limit], len(self.offers) > limit
        entries = b",".join(b'{"id":%s,"envelope":%s}' % (json.dumps(id).encode(), envelope) for id, envelope in chosen)
        return b'{"orders":[%s],"more":%s}' % (entries, b"true" if more else b"false")

    def take_progress(self, order_id, body):
        assert body == {"status": "executing"}, body
        with self.changed:
            self.begun.append(order_id)
            self.changed.notify_all()
            answer = self.answer_progress(order_id) if self.answer_progress else (204, {}, b"")
            while answer == "mute" and not self.closing:
                self.changed.wait(0.25)
        return "cut" if answer == "mute" else answer

    def take(self, bundle, signature):
        upload = Stored(bundle, signature)
        with self.changed:
            self.uploads.append(upload)
            tried = sum(1 for other in self.uploads if other.id == upload.id)
            self.changed.notify_all()
        scripted = self.answer_upload(upload, tried) if self.answer_upload else None
        if scripted not in (None, "cut"):
            return scripted
        with self.changed:
            known = upload.id in self.stored
            assert not known or self.stored[upload.id].bundle == bundle, "the same bundle id with other bytes"
            self.stored.setdefault(upload.id, upload)
            said = upload.value["order"]
            if self.withdraw and said and upload.value["outcome"] != "deferred":
                self.offers = [offer for offer in self.offers if offer[0] != said["id"]]
            self.changed.notify_all()
        if scripted == "cut":
            return "cut"
        receipt = wire.make_receipt(self.receipt_key, bundle)
        payload = wire.payload_of(receipt)
        answer = {"bundle_id": upload.id, "sha256": payload["sha256"], "received_at": payload["received_at"],
                  "chain": {**upload.value["chain"], "gap": False, "fork": False}, "receipt": receipt}
        return (200 if known else 201), {}, wire.compact(answer)


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 32

    def __init__(self, address, owner):
        self.owner, self.open, self.lock = owner, set(), threading.Lock()
        super().__init__(address, _Handler)

    def get_request(self):
        plain, address = super().get_request()
        self.owner.connections += 1
        plain.settimeout(90)
        return self.owner.tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def finish_request(self, request, client_address):
        try:
            request.do_handshake()
        except (OSError, ssl.SSLError) as error:
            with self.owner.changed:
                self.owner.handshake_errors.append(str(error))
                self.owner.changed.notify_all()
            return
        self.owner.resumed.append(request.session_reused)
        with self.lock:
            self.open.add(request)
        try:
            super().finish_request(request, client_address)
        finally:
            with self.lock:
                self.open.discard(request)

    def cut_all(self):
        with self.lock:
            for request in list(self.open):
                try:
                    request.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def handle_error(self, request, client_address):
        pass  # a client that went away


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._serve(b"")

    def do_POST(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._serve(body)

    def _serve(self, body):
        owner = self.server.owner
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        sans = dict(self.connection.getpeercert().get("subjectAltName", ()))
        with owner.changed:
            owner.requests.append({"method": self.command, "path": url.path, "query": query, "headers": dict(self.headers.items()),
                                   "identity": sans.get("URI"), "serial": self.connection.getpeercert()["serialNumber"]})
        if owner.closing:
            return self._cut()
        if self.command == "GET" and url.path == "/api/orders/pending":
            answer = owner.answer_poll(query) if owner.answer_poll else None
            if answer is None:
                return self._answer(200, {}, owner.pending(int(query.get("limit", "10")), float(query.get("wait", "0"))))
            with owner.changed:
                owner.polls += 1
                owner.changed.notify_all()
        elif self.command == "POST" and url.path == "/api/evidence":
            parts = wire.parse_multipart(self.headers["Content-Type"], body)
            assert parts["bundle"][:2] == ("bundle.json", "application/json"), parts["bundle"][:2]
            assert parts["signature"][:2] == ("bundle.sig", "application/octet-stream"), parts["signature"][:2]
            answer = owner.take(parts["bundle"][2], parts["signature"][2])
        elif self.command == "POST" and url.path.endswith("/status"):
            answer = owner.take_progress(urllib.parse.unquote(url.path.split("/")[3]), json.loads(body))
        elif self.command == "GET" and url.path == "/health":
            answer = 200, {}, wire.compact({"status": "ok", "version": "fake", "time": wire.utc()})
        else:
            answer = 404, {"Content-Type": "application/problem+json"}, b'{"status":404,"reason":"not_found"}'
        return self._cut() if answer == "cut" else self._answer(*answer)

    def _answer(self, status, headers, body):
        self.close_connection = self.close_connection or headers.get("Connection") == "close"
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            if status != 204 or not name.startswith("Content-"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _cut(self):
        """The line goes dead: a reset, no answer."""
        self.close_connection = True
        try:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
