"""An HTTP proxy that knows CONNECT and Basic authentication, and nothing else."""
import base64
import select
import socket
import threading


class Proxy:
    def __init__(self, user=None, password=None):
        self.wanted = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}" if user else None
        self.asked = []  # (target, whether it was let through)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                part = client.recv(4096)
                if not part:
                    return
                head += part
            first, *lines = head.split(b"\r\n\r\n")[0].decode().split("\r\n")
            headers = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in lines}
            method, target, _ = first.split()
            allowed = method == "CONNECT" and (self.wanted is None or headers.get("proxy-authorization") == self.wanted)
            self.asked.append((target, allowed))
            if not allowed:
                client.sendall(b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n')
                return
            host, port = target.rsplit(":", 1)
            with socket.create_connection((host, int(port)), 10) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self._pump(client, server)

    @staticmethod
    def _pump(one, other):
        while True:
            for ready in select.select([one, other], [], [], 60)[0]:
                try:
                    data = ready.recv(65536)
                except OSError:
                    data = b""
                if not data:
                    return
                (other if ready is one else one).sendall(data)
