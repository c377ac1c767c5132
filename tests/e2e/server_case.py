"""What the tests of the order server share."""
import wire
from bundles import PlayedHost
from world import HOST, SITE, Case


class Server(Case):
    def setUp(self):
        super().setUp()
        self.daemon = self.world.start_server()
        self.operator, self.host = self.world.operator(), self.world.host()
        self.addCleanup(self.operator.close)
        self.addCleanup(self.host.close)
        self.played = PlayedHost(self.world.evidence_key)

    def pending(self, wait=0, client=None, **query):
        query = {"site_id": SITE, "host_id": HOST, "wait": wait, **query}
        return (client or self.host).get("/api/orders/pending?" + "&".join(f"{name}={value}" for name, value in query.items()))

    def submit(self, **members):
        envelope = self.world.signed("RB-X", **members)
        answer = self.operator.submit(envelope)
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json, {"order_id": wire.payload_of(envelope)["order_id"]})
        return envelope

    def status(self, envelope, client=None):
        answer = (client or self.operator).get(f"/api/orders/{wire.payload_of(envelope)['order_id']}/status")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def refuse(self, answer, status, reason):
        self.assertEqual((answer.status, answer.reason), (status, reason), answer)
        self.assertEqual(answer.json["status"], status)
