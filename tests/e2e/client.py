"""A client of the order server, on Python's own TLS and HTTP."""
import http.client
import json
import ssl

import wire


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def reason(self):
        """The word of a problem document."""
        assert self.headers.get("content-type", "").startswith("application/problem+json"), (self.status, self.headers, self.body)
        return self.json["reason"]

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Client:
    """One kept-alive connection with one certificate."""

    def __init__(self, port, ca_file, certificate=None, key=None, least=ssl.TLSVersion.TLSv1_3, most=ssl.TLSVersion.TLSv1_3):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version, context.maximum_version = least, most
        context.load_verify_locations(ca_file)
        if certificate:
            context.load_cert_chain(certificate, key)
        self.connection = http.client.HTTPSConnection("localhost", port, timeout=90, context=context)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.connection.close()

    def call(self, method, target, body=None, headers=None):
        self.connection.request(method, target, body, headers or {})
        return Answer(self.connection.getresponse())

    def get(self, target, headers=None):
        return self.call("GET", target, headers=headers)

    def submit(self, envelope, content_type="application/json"):
        body = wire.compact(envelope) if isinstance(envelope, dict) else envelope
        return self.call("POST", "/api/orders", body, {"Content-Type": content_type})

    def upload(self, bundle, signature, headers=None):
        content_type, body = wire.multipart(bundle, signature)
        return self.call("POST", "/api/evidence", body, {"Content-Type": content_type, **(headers or {})})

    def all_evidence(self, query=""):
        """Every item, over all pages."""
        items, after = [], None
        while True:
            page = self.get(f"/api/evidence?{query}{'&after=' + after if after else ''}")
            assert page.status == 200, page
            items += page.json["items"]
            after = page.json["next"]
            if after is None:
                return items
            after = str(after)
