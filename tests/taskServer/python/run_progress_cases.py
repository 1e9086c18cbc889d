import json
import unittest

from task_server.run_progress import RunProgress

# What Claude Code 2.1.331 printed, without what is not read.
INIT = '{"type":"system","subtype":"init","cwd":"/w","session_id":"s","model":"claude-sonnet-5-5"}'
TEXT = (
    '{"type":"assistant","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5-5",'
    '"content":[{"type":"text","text":"I look."}]},"parent_tool_use_id":null,"session_id":"s"}'
)
CALL = (
    '{"type":"assistant","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5-5",'
    '"content":[{"type":"tool_use","id":"toolu_1","name":"Bash","input":{"command":"echo hi","description":"say"}}]},'
    '"parent_tool_use_id":null,"session_id":"s"}'
)
LIMITS = '{"type":"rate_limit_event","rate_limit_info":{"status":"allowed","isUsingOverage":false},"session_id":"s"}'
RETURNED = (
    '{"type":"user","message":{"role":"user","content":[{"tool_use_id":"toolu_1","type":"tool_result","content":"hi",'
    '"is_error":false}]},"parent_tool_use_id":null,"session_id":"s","tool_use_result":{"stdout":"hi"}}'
)
RETRY = (
    '{"type":"system","subtype":"api_retry","attempt":3,"max_retries":10,"retry_delay_ms":2216,"error_status":429,'
    '"error":"rate_limit","session_id":"s"}'
)
SYNTHETIC = (
    '{"type":"assistant","message":{"id":"ce23e658","model":"<synthetic>","role":"assistant","type":"message",'
    '"content":[{"type":"text","text":"Failed to authenticate. API Error: 401"}]},"session_id":"s"}'
)
RESULT = '{"duration_api_ms":22,"session_id":"s","total_cost_usd":0.0025,"is_error":false,"type":"result"}'


def follow(*lines):
    progress = RunProgress()
    progress.feed("\n".join(lines).encode())
    return progress.to_json()


class Progress(unittest.TestCase):
    def test_turns(self):
        """counts a message once that comes block by block, and tells of its tool"""
        expected = {"turn": 1, "tool": "Bash", "detail": "echo hi"}
        self.assertEqual(follow(INIT, TEXT, LIMITS, CALL, RETURNED), expected)
        self.assertEqual(follow(INIT, TEXT, CALL, RETURNED, RESULT), {**expected, "costUsd": 0.0025})

    def test_sub_agents(self):
        """shows what a sub-agent does, and counts the turns of the agent itself only"""
        theirs = CALL.replace("msg_1", "msg_2").replace("null", '"toolu_0"').replace("echo hi", "ls")
        self.assertEqual(follow(TEXT, theirs, CALL), {"turn": 1, "tool": "Bash", "detail": "echo hi"})
        self.assertEqual(follow(TEXT, theirs), {"turn": 1, "tool": "Bash", "detail": "ls"})

    def test_refused(self):
        """takes what the command line says itself for no turn of the model"""
        self.assertEqual(follow('{"type":"fc-agents","state":"running"}', INIT, SYNTHETIC), {"state": "running"})

    def test_retries(self):
        """says that the agent waits for the API until it goes on"""
        self.assertEqual(follow(INIT, RETRY), {"state": "waiting for the API (error 429, retry 3 of 10)"})
        self.assertEqual(follow(INIT, RETRY, TEXT), {"turn": 1})
        for key in ("error_status", "attempt"):
            for value in ("\x1b", None, -1, True, 10**30):
                told = str(follow(json.dumps({**json.loads(RETRY), key: value})))
                self.assertTrue(told.isprintable() and "waiting for the API" in told, told)
