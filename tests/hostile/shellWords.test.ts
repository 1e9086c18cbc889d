import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import fc from "fast-check";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import { withHost } from "../../provider/ssh/hostPool";
import { quote } from "../../provider/ssh/quote";
import { withSeed } from "../support/faults/seededRandom";
import { Canary, hostileText } from "../support/hostile/hostileText";
import { readFishWords } from "../support/hostile/readFishWords";
import { useSshd } from "../support/useSshd";

const run = promisify(execFile);
const printer =
  "import json, os, sys; sys.stdout.write(json.dumps([os.fsencode(a).decode() for a in sys.argv[1:]]))";

describe("Words on a command line", () => {
  const { main } = useSshd();
  const canary = new Canary();

  after(() => {
    canary.remove();
  });

  afterEach("nothing of a word was run by a shell", () => {
    assert.deepEqual(canary.list(), []);
  });

  const word = hostileText(canary).map((text) =>
    text.replaceAll("\0", "").toWellFormed().slice(0, 2000).toWellFormed(),
  );
  // Many words in one shell: a process each would take minutes.
  const words = fc.array(word, { minLength: 30, maxLength: 40 });
  const command = (argv: readonly string[]): string[] => ["python3", "-c", printer, ...argv];

  const check = async (property: (argv: string[]) => Promise<void> | void, numRuns: number): Promise<void> =>
    withSeed(async (seed) => {
      await fc.assert(
        fc.asyncProperty(words, async (argv) => property(argv)),
        { numRuns, seed },
      );
    });

  for (const shell of ["dash", "bash"]) {
    it(`reach a program unchanged through ${shell}, and none is run`, async function () {
      this.timeout(60_000);
      await check(async (argv) => {
        const { stdout } = await run(shell, ["-c", quote(command(argv))], { maxBuffer: 16 * 1024 * 1024 });
        assert.deepEqual(JSON.parse(stdout), argv);
      }, 15);
    });
  }

  it("reach a program unchanged as fish reads them, where a backslash counts inside single quotes", async () => {
    await check((argv) => {
      assert.deepEqual(readFishWords(quote(argv)), argv);
    }, 300);
  });

  it("reach a program unchanged through the login shell of a real sshd", async function () {
    this.timeout(60_000);
    await check(async (argv) => {
      const { stdout } = await withHost(connectionSchema.parse(main().connection()), (host) =>
        host.exec(command(argv), { timeoutMs: 20_000 }),
      );
      assert.deepEqual(JSON.parse(stdout.toString()), argv);
    }, 15);
  });
});
