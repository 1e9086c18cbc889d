import random
import unittest

from task_server.http_error import HttpError
from task_server.http_parser import Body, EndOfMessage, Request, RequestParser

HEAD = b"Host: h\r\n"
STREAMS = {
    "two gets": b"GET /task HTTP/1.1\r\nHost: h\r\n\r\nGET /healthz HTTP/1.0\r\n\r\n",
    "fixed": b"POST /result?id=1 HTTP/1.1\r\n" + HEAD + b"Content-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n" + HEAD,
    "chunked": b"POST /r HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    b"5;x=y\r\nhello\r\n1\r\n\r\r\n0\r\nA: b\r\n\r\nHEAD / HTTP/1.1\r\n" + HEAD + b"\r\n",
    "empty line before": b"\r\nGET / HTTP/1.1\r\n" + HEAD + b"\r\n\r\nGET / HTTP/1.1\r\n" + HEAD + b"\r\n",
    "two empty lines before": b"\r\n\r\nGET / HTTP/1.1\r\n" + HEAD + b"\r\n",
    "bad chunk after good ones": b"POST /r HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\nx\r\n",
    "chunk longer than its size": b"POST /r HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n",
    "bare line feed": b"GET / HTTP/1.1\nHost: h\n\n",
    "body that ends in a CR, then a line feed": b"POST /r HTTP/1.1\r\n" + HEAD + b"Content-Length: 1\r\n\r\n\r\nGET",
    "long head": b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 17_000 + b"\r\n\r\n",
    "NUL in the head": b"GET / HTTP/1.1\r\nHost: \0\r\n\r\n",
    "both lengths": b"POST /r HTTP/1.1\r\n" + HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "no HTTP": b"hello\r\n\r\n",
}


def parse(pieces):
    """What comes out, bodies put together, since where they are cut may differ."""
    parser = RequestParser()
    events = []
    try:
        for piece in pieces:
            parser.receive(piece)
            while True:
                event = parser.next_event()
                if event is None:
                    break
                if isinstance(event, Body) and events and isinstance(events[-1], Body):
                    events[-1] = Body(events[-1].data + event.data)
                else:
                    events.append(event)
    except HttpError as error:
        events.append(error.status)
    return events


class Parsing(unittest.TestCase):
    def test_byte_by_byte(self):
        """gives the same events byte by byte"""
        for name, stream in STREAMS.items():
            with self.subTest(name):
                self.assertEqual(parse([stream[at : at + 1] for at in range(len(stream))]), parse([stream]))

    def test_every_cut_in_two(self):
        """gives the same events for every cut in two"""
        for name, stream in STREAMS.items():
            with self.subTest(name):
                expected = parse([stream])
                for at in range(0, len(stream), 1 if len(stream) < 1000 else 97):
                    self.assertEqual(parse([stream[:at], stream[at:]]), expected, at)

    def test_random_cuts(self):
        """gives the same events for random streams with random cuts"""
        generator = random.Random(11)
        fragments = [*STREAMS.values(), b"\r\n", b"\r", b"\n", b"0\r\n\r\n", b"GET ", b": ", b"\0", b"5\r\nhello\r\n"]
        for _ in range(4000):
            stream = b"".join(generator.choice(fragments) for _ in range(generator.randint(1, 4)))
            if generator.random() < 0.5 and stream:
                at = generator.randrange(len(stream))
                stream = stream[:at] + bytes([generator.randrange(256)]) + stream[at + 1 :]
            places = sorted(generator.randint(0, len(stream)) for _ in range(generator.randint(1, 5)))
            pieces = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)])]
            self.assertEqual(parse(pieces), parse([stream]), (stream, places))

    def test_events(self):
        """gives request, body and end for each message"""
        request, body, end, following = parse([STREAMS["chunked"]])[:4]
        self.assertIsInstance(request, Request)
        self.assertTrue(request.is_chunked)
        self.assertEqual(body.data, b"hello\r")
        self.assertIsInstance(end, EndOfMessage)
        self.assertEqual(following.method, "HEAD")

    def test_query(self):
        """leaves path and query apart, in whatever form the target comes"""
        for target in (b"/result?id=a&x=%20", b"http://h:8080/result?id=a&x=%20"):
            request = parse([b"POST " + target + b" HTTP/1.1\r\n" + HEAD + b"Content-Length: 0\r\n\r\n"])[0]
            self.assertEqual((request.path, request.query), ("/result", "id=a&x=%20"))

    def test_linear(self):
        """does not search what it has searched already when a head comes byte by byte"""
        parser = RequestParser()
        parser.receive(b"GET / HTTP/1.1\r\nX: ")
        for _ in range(16_000):
            parser.receive(b"y")
            self.assertIsNone(parser.next_event())
        self.assertEqual(parser.buffered_bytes, 16_019)
