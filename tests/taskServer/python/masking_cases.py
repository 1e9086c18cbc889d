import itertools
import random
import unittest

from task_server.masking import Masker

MASK = b"[masked]"


def mask_in_pieces(secrets, pieces):
    masker = Masker(secrets, MASK)
    kept = b"".join(masker.feed(piece) for piece in pieces) + masker.feed(b"", is_last=True)
    return kept, masker.has_masked


def cut(data, *places):
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)])]


class Masking(unittest.TestCase):
    def test_every_cut(self):
        """masks the same wherever the stream is cut in three"""
        secret = b"sk-ant-abc"
        for text in (b"", b"x", secret, b"ab" + secret + b"cd" + secret + secret, secret[:-1] + b"?" + secret[1:]):
            expected = text.replace(secret, MASK)
            for places in itertools.combinations_with_replacement(range(len(text) + 1), 2):
                kept, has_masked = mask_in_pieces([secret], cut(text, *places))
                self.assertEqual(kept, expected, places)
                self.assertEqual(has_masked, secret in text)

    def test_secret_that_begins_another(self):
        """masks a secret whole that begins with another one, wherever it is cut"""
        secrets = [b"sk-ant-abcdef", b"sk-ant-abc"]
        text = b"-sk-ant-abcdef-sk-ant-abc-sk-ant-abcde"
        expected, _ = mask_in_pieces(secrets, [text])
        self.assertEqual(expected, b"-[masked]-[masked]-[masked]de")
        for place in range(len(text) + 1):
            self.assertEqual(mask_in_pieces(secrets, cut(text, place))[0], expected, place)

    def test_random_streams(self):
        """masks random streams of a small alphabet as one replacement would, cut anywhere"""
        generator = random.Random(7)
        for _ in range(3000):
            secret = bytes(generator.choices(b"ab", k=generator.randint(1, 5)))
            text = bytes(generator.choices(b"ab", k=generator.randint(0, 40)))
            places = sorted(generator.randint(0, len(text)) for _ in range(generator.randint(0, 6)))
            kept, _ = mask_in_pieces([secret], cut(text, *places))
            self.assertEqual(kept, text.replace(secret, MASK), (secret, text, places))

    def test_bounded(self):
        """holds back less than a secret's length"""
        masker = Masker([b"secret"], MASK)
        self.assertEqual(len(masker.feed(b"x" * 1000)), 1000 - len(b"secret") + 1)

    def test_no_secrets(self):
        """leaves a stream alone where there is no secret"""
        self.assertEqual(mask_in_pieces([], [b"a", b"b"]), (b"ab", False))
