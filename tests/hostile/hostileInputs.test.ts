import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { isIPv4 } from "node:net";
import fc from "fast-check";
import lifecycles from "../../provider/lifecycles";
import { catchError } from "../support/catchError";
import { withSeed } from "../support/faults/seededRandom";
import { Canary, hostileText, hostileTexts } from "../support/hostile/hostileText";
import { useRealPath, type Failure } from "../support/hostile/realPath";
import { logIn } from "../support/logIn";
import { TaskServer } from "../support/taskServer/taskServer";

describe("Hostile values from the stack, on their way to the host", () => {
  const path = useRealPath();
  const canary = new Canary();
  const texts = hostileTexts(canary);

  after(() => {
    canary.remove();
  });

  afterEach("nothing of a value was run by a shell", () => {
    assert.deepEqual(canary.list(), []);
  });

  async function failuresOf(own: Record<string, unknown>): Promise<Failure[]> {
    const { failures = [] } = await lifecycles.FcTaskServer.check({}, path().serverInputs(own));
    return failures;
  }

  /** A refusal names the property and can be shown in a terminal. */
  function assertNames(failures: readonly Failure[], property: string): void {
    assert.ok(failures.length > 0, property);
    for (const { reason } of failures) {
      assert.ok(reason.includes(`\`${property}`), reason);
      assert.doesNotMatch(reason, /\p{Cc}/u);
    }
  }

  it("any text as a property of another kind, or of none, is refused by the property's name", async () => {
    const properties = [
      "tapPort",
      "running",
      "maxResultBytes",
      "resultRetentionHours",
      "takeOver",
      "task",
      "connection",
    ];
    const ofTask = ["effort", "outputFormat", "maxAttempts"];
    for (const text of texts) {
      for (const name of properties) assertNames(await failuresOf({ [name]: text }), name);
      for (const name of ofTask) {
        assertNames(await failuresOf({ task: { prompt: "p", [name]: text } }), `task.${name}`);
      }
    }
  });

  it("any host is plain letters, digits and dots, or refused by name: nothing that a shell or ssh would read", async () => {
    await withSeed(async (seed) => {
      const property = fc.asyncProperty(hostileText(canary), async (host) => {
        const failures = await failuresOf({ connection: { ...path().sshd.connection(), host } });
        if (failures.length > 0) assertNames(failures, "connection.host");
        else assert.match(host, /^[\p{L}\p{N}_:][\p{L}\p{N}._:-]*$/u);
      });
      await fc.assert(property, { numRuns: 1000, seed });
    });
  });

  it("any user logs in as exactly that user, which is none, or is refused by name", async function () {
    this.timeout(60_000);
    let dialed = 0;
    for (const user of texts) {
      const connection = { ...path().sshd.connection(), user, dialErrorLimit: 1, perDialTimeout: 10 };
      const failures = await failuresOf({ connection });
      if (failures.length > 0) {
        assertNames(failures, "connection.user");
        continue;
      }
      dialed += 1;
      const { message } = await catchError(logIn(connection));
      assert.doesNotMatch(message, /\p{Cc}(?<!\n)/u);
    }
    assert.ok(dialed > 10, `${dialed} were tried`);
  });

  it("no message shows a secret, whatever it is mistaken for", async () => {
    const marker = "marked-as-secret";
    for (const text of ["", " ", "\n", "$(id)", "\u001b[31m", "\ud800"].map(
      (part) => `${marker}${part}${marker}`,
    )) {
      for (const secret of [text, { [marker]: text }, [text]]) {
        const connection = path().sshd.connection();
        for (const own of [
          { oauthToken: secret },
          { connection: secret },
          ...["privateKey", "privateKeyPassword", "password", "hostKey"].map((name) => ({
            connection: { ...connection, [name]: secret, proxy: { host: "h", [name]: secret } },
          })),
        ]) {
          const reasons = (await failuresOf(own)).map(({ reason }) =>
            reason.replaceAll(`\`${marker}\``, "KEY"),
          );
          assert.ok(!JSON.stringify(reasons).includes(marker), JSON.stringify(reasons));
        }
      }
    }
  });

  it("any tapIp is an IPv4 address or refused by name; one that is on no device is refused by the host, which is left as it was", async function () {
    this.timeout(60_000);
    for (const tapIp of [
      ...texts,
      "1.2.3",
      "256.1.1.1",
      "127.0.0.1 ",
      "127.1",
      "0x7f.1",
      "::1",
      "1.2.3.4/24",
      "١٢٧.0.0.1",
    ]) {
      const failures = await failuresOf({ tapIp });
      assert.ok(!isIPv4(tapIp));
      assertNames(failures, "tapIp");
    }
    for (const tapIp of ["0.0.0.0", "255.255.255.255", "224.0.0.1", "192.0.2.1"])
      await assertHostRefuses({ tapIp });
  });

  it("any netns is a file's name or refused by name; one that is not there is refused by the host, which is left as it was", async function () {
    this.timeout(60_000);
    for (const netns of [...texts, "a/b", "..", ".", "a b", "a;b", "-x", "x".repeat(256)]) {
      const failures = await failuresOf({ netns });
      if (failures.length > 0) assertNames(failures, "netns");
      else assert.match(netns, /^[\w.:@-]+$/);
    }
    for (const netns of ["host", "none", "NaN", "a..b", "x@y:z", "_", "root", "x".repeat(255)]) {
      await assertHostRefuses({ netns: `${netns.slice(0, 250)}-none` });
    }
  });

  /** A deployment over SSH that the host refuses, with nothing left of it. */
  async function assertHostRefuses(own: { tapIp?: string; netns?: string }): Promise<void> {
    const checked = await lifecycles.FcTaskServer.check({}, path().serverInputs(own));
    assert.deepEqual(checked.failures, []);
    const { message } = await catchError(lifecycles.FcTaskServer.create(checked.inputs));
    assert.ok(message.includes(own.tapIp ?? own.netns ?? "none"), message);
    assert.ok(!message.includes(path().token));
    const { tapIp, tapPort } = path().server.identity;
    assert.equal(existsSync(new TaskServer({ identity: { tapIp, tapPort, ...own } }).folder), false);
  }
});
