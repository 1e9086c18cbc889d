import assert from "node:assert/strict";
import { resolve } from "node:path";
import { catchError } from "../support/catchError";
import { withSeed } from "../support/faults/seededRandom";
import { AlteredSources, DifferenceFoundError, fuzzParser } from "../support/hostile/runFuzzer";
import { boundMs } from "../support/hostile/soak";

const sources = resolve(__dirname, "../../provider/taskServer");

/** Each takes one check out of the parser. */
const withoutCheck: readonly (readonly [what: string, module: string, from: string, to: string])[] = [
  [
    "Content-Length beside Transfer-Encoding",
    "http_parser",
    'if "transfer-encoding" in headers:',
    "if False:",
  ],
  ["two values of one length", "http_parser", "if name in _SINGLE_HEADERS:", "if False:"],
  ["a length with a sign", "http_parser", 're.compile(r"[0-9]+")', 're.compile(r"[+]?[0-9]+")'],
  ["blanks before the colon", "http_parser", "_NAME.fullmatch(name) is None", "_NAME.match(name) is None"],
  ["a line end that is LF alone", "http_parser", String.raw`|(?<!\r)\n`, ""],
  ["NUL and other control characters", "http_parser", String.raw`[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|`, ""],
  [
    "any other transfer coding",
    "http_parser",
    'coding.lower() != "chunked"',
    '"chunked" not in coding.lower()',
  ],
  ["what a chunk ends with", "http_parser", String.raw`if not b"\r\n".startswith(end):`, "if False:"],
  ["sizes that overflow", "http_parser", "len(digits) > MAX_CHUNK_SIZE_DIGITS", "len(digits) > 99"],
  ["how long a head is", "http_parser", "if stop - start > most:", "if False:"],
  ["how many fields there are", "http_parser", "len(lines) - 1 > MAX_HEADERS", "False"],
  [
    "Transfer-Encoding in HTTP/1.0",
    "http_parser",
    "if not is_http_1_1:\n        raise",
    "if False:\n        raise",
  ],
  ["the form of the target", "http_target", 'if "#" in target or', "if"],
  ["the form of Host", "http_parser", '_HOST.fullmatch(headers.get("host", "")) is None', "False"],
];

describe("The request parser, fuzzed", () => {
  it("reads 120,000 requests as a strict reader does, however they are cut, and never fails in another way", async function () {
    this.timeout(boundMs(120_000));
    await withSeed(async (seed) => {
      const halves = await Promise.all(
        [0, 1_000_000_000].map((offset) => fuzzParser(seed + offset, 44_000, sources)),
      );
      const sum = (name: keyof (typeof halves)[0]): number =>
        halves.reduce((total, half) => total + half[name], 0);
      console.log(
        `      ${sum("requests")} requests on ${sum("streams")} connections, ` +
          `${sum("accepted")} accepted, ${sum("refused")} refused`,
      );
      assert.ok(sum("requests") >= 120_000);
      assert.ok(sum("refused") > 20_000 && sum("accepted") > 20_000, "both kinds have to come often");
    });
  });

  for (const [what, module, from, to] of withoutCheck) {
    it(`would be caught if it did not check ${what}`, async function () {
      this.timeout(60_000);
      const altered = new AlteredSources([module, from, to]);
      try {
        const error = await catchError(fuzzParser(7, 20_000, altered.path));
        assert.ok(error instanceof DifferenceFoundError, error.message);
        assert.match(error.message, /"difference": /);
      } finally {
        altered.remove();
      }
    });
  }
});
