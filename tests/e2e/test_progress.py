"""PROTOCOL.md section 6: word of an order that begins to be carried out, which is progress and nothing else."""
import os

import documents
from world import Case

WAIT = "RB-TEST-WAIT"


class Progress(Case):
    def setUp(self):
        super().setUp()
        # The order lasts until the test has looked.
        self.gate = self.world.path("gate")
        os.mkfifo(self.gate)
        documents.write_runbook(self.world, WAIT, [{"action": "command.run", "argv": ["/bin/cat", self.gate]}])
        self.fake = self.world.start_fake()
        self.agent = self.world.start_agent()
        self.fake.wait_for_polls()

    def begin(self):
        id = self.fake.offer(self.world.signed(WAIT))
        self.fake.wait_for(lambda: self.fake.begun, what="word that the order began")
        self.assertEqual(self.fake.about(id), [])
        return id

    def end(self, id):
        with open(self.gate, "wb"):
            pass
        self.assertEqual(self.fake.wait_for_order(id)[-1]["outcome"], "success")
        self.assertEqual(self.fake.begun, [id])
        self.assertIsNone(self.world.agent_json("status")["upload"]["failure"])
        self.assertNotRegex(self.agent.log(), r"(warning|error) .*(began|uploading|polling)")
        self.assertEqual(self.agent.stop(), 0)

    def test_the_server_hears_that_an_order_is_carried_out_before_its_evidence_comes(self):
        self.end(self.begin())
        self.assertLessEqual(self.fake.connections, 2)

    def test_progress_that_the_server_refuses_hinders_nothing(self):
        for status in (404, 500):
            with self.subTest(status):
                self.fake.begun.clear()
                self.fake.answer_progress = lambda id, status=status: (status, {}, b"")
                id = self.begin()
                with open(self.gate, "wb"):
                    pass
                self.assertEqual(self.fake.wait_for_order(id)[-1]["outcome"], "success")
                self.assertEqual(self.fake.begun, [id])
        self.assertNotRegex(self.agent.log(), r"(warning|error) .*(began|uploading|polling)")

    def test_progress_that_is_never_answered_hinders_nothing(self):
        self.fake.answer_progress = lambda id: "mute"
        self.end(self.begin())
