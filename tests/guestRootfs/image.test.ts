import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { guestAgentScript } from "../../provider/guestRootfs/guestAgentScript";
import { defaultClaudeCodeVersion } from "../../provider/guestRootfs/guestRootfsContract";
import { guestRootfsLifecycle } from "../../provider/guestRootfs/guestRootfsLifecycle";
import { join } from "node:path";
import { catchError } from "../support/catchError";
import { assertSucceeded } from "../support/deployment";
import { findPulumiObstacle } from "../support/findPulumi";
import { PulumiStack } from "../support/pulumiStack";
import { skipBecause } from "../support/skipBecause";
import type { SshdConnection } from "../support/sshd";
import { Secret } from "../support/stackConfig";
import { waitUntil } from "../support/waitUntil";
import { findBootFiles } from "./bootFiles";
import { hasOwnMounts, ImageBench, isAlive, type Made } from "./imageBench";
import { bootTimeoutMs, runTaskInside } from "./runTaskInside";

/** On a machine with two cores and other tests beside it; it takes 45 s alone. */
const buildTimeoutMs = 280_000;
const mib = 1024 * 1024;

type State = Record<string, unknown>;

describe("the image of a GuestRootfs", function () {
  this.timeout(60_000);
  let bench: ImageBench;
  let built: Made;
  /** The resource, from the creation on. */
  let id = "";
  let state: State = {};

  before(async function () {
    this.timeout(buildTimeoutMs);
    const opened = await ImageBench.open();
    skipBecause(this, "obstacle" in opened ? opened.obstacle : undefined);
    // The skip has thrown; this is for the compiler.
    if ("obstacle" in opened) throw new Error(opened.obstacle);
    bench = opened;
    built = await bench.ensure();
  });
  after(async () => {
    await (bench as ImageBench | undefined)?.close();
  });

  it("is built, with progress, and leaves neither mounts nor the tree", () => {
    assert.equal(built.action, "build");
    const steps = built.progress.join("\n");
    assert.match(steps, /debootstrap: \d+ packages unpacked/);
    assert.match(steps, /apt-get: installing ca-certificates, curl, git, iproute2/);
    assert.match(steps, /Node\.js: downloading node-v/);
    assert.match(steps, new RegExp(`npm: installing Claude Code ${defaultClaudeCodeVersion}`));
    assert.match(steps, /mkfs\.ext4: writing \d+ MiB/);
    assert.deepEqual(readdirSync(bench.folder).sort(), ["record.json", "rootfs.ext4"]);
    assert.doesNotMatch(readFileSync("/proc/self/mountinfo", "utf8"), new RegExp(bench.folder));
    assert.deepEqual(bench.listBuilders(), []);
    const { size, mode, blocks } = statSync(bench.image);
    assert.deepEqual({ size, mode: mode & 0o777 }, { size: 1536 * mib, mode: 0o600 });
    assert.ok(blocks * 512 < size, "the file is sparse");
  });

  it("has the guest agent, git, curl, ip, Node.js and the pinned Claude Code", () => {
    assert.match(
      bench.debugfs("stat /usr/sbin/fc-agent"),
      /Type: regular\s+Mode:\s+0755[^]*User:\s+0\s+Group:\s+0/,
    );
    assert.equal(bench.debugfs("cat /usr/sbin/fc-agent"), guestAgentScript().text);
    for (const program of [
      "/usr/bin/git",
      "/usr/bin/curl",
      "/usr/bin/setsid",
      "/usr/bin/timeout",
      "/usr/local/bin/node",
    ])
      assert.match(bench.debugfs(`stat ${program}`), /Type: (regular|symlink)/, program);
    // The build has run it: `claude --version` in the tree has to print this very version.
    assert.match(
      bench.debugfs("stat /usr/local/bin/claude"),
      /"\/opt\/claude-code\/node_modules\/\.bin\/claude"/,
    );
    const manifest = bench.debugfs(
      "cat /opt/claude-code/node_modules/@anthropic-ai/claude-code/package.json",
    );
    assert.equal((JSON.parse(manifest) as { version: string }).version, defaultClaudeCodeVersion);
  });

  it("has names of its own and nothing of the host or of the build", () => {
    assert.equal(bench.debugfs("cat /etc/hostname"), "fc-agent\n");
    assert.equal(bench.debugfs("cat /etc/resolv.conf"), "nameserver 1.1.1.1\nnameserver 8.8.8.8\n");
    assert.equal(bench.debugfs("cat /etc/machine-id"), "");
    assert.equal(bench.debugfs("cat /etc/default/locale"), "LANG=C.UTF-8\n");
    assert.match(bench.debugfs("cat /etc/shadow"), /^root:\*:/);
    for (const folder of ["/var/lib/apt/lists", "/var/cache/apt/archives", "/tmp", "/run", "/var/log/apt"])
      assert.deepEqual(bench.list(folder), [], folder);
    for (const path of ["/var/cache/fc-build", "/usr/sbin/policy-rc.d", "/root/.npm", "/root/.claude.json"])
      assert.doesNotMatch(bench.debugfs(`stat ${path}`), /Type:/, path);
    assert.equal(bench.list("/etc/ssh").filter((name) => name.startsWith("ssh_host")).length, 0);
  });

  it("is taken over as it is by a resource that declares the same, which has nothing to do then", async () => {
    const before = statSync(bench.image);
    await create();
    assert.equal(state.status, "present");
    assert.equal(state.imagePath, bench.image);
    assert.equal(state.sizeBytes, 1536 * mib);
    assert.equal(state.agentHash, guestAgentScript().hash);
    assert.match(String(state.builtAt), /^\d{4}-\d\d-\d\dT/);
    assert.equal((await guestRootfsLifecycle.diff(id, state, bench.rawInputs())).changes, false);
    const { ino, mtimeMs } = statSync(bench.image);
    assert.deepEqual({ ino, mtimeMs }, { ino: before.ino, mtimeMs: before.mtimeMs });
  });

  it("belongs to its stack: another one is told so", async () => {
    const inputs = await check(bench.rawInputs({ stableKey: "test/other" }));
    const error = await catchError(guestRootfsLifecycle.create(inputs));
    assert.match(error.message, /belongs to test\/fct-.*takeOver: true/);
  });

  it("gets another guest agent within seconds, while a machine goes on with the old image", async () => {
    const text = `${guestAgentScript().text}\n# another\n`;
    const uuid = /UUID:\s+(\S+)/.exec(bench.debugfs("show_super_stats -h"))?.[1];
    const file = openSync(bench.image, "r");
    try {
      const { ino } = statSync(bench.image);
      const made = await bench.ensure({}, { text, hash: createHash("sha256").update(text).digest("hex") });
      assert.equal(made.action, "files");
      assert.ok(made.seconds < 30, `it took ${made.seconds} s`);
      assert.match(
        made.progress.join("\n"),
        /updating the guest agent in the image; node.* \(\d+\) keeps the old one/,
      );
      assert.notEqual(statSync(bench.image).ino, ino);
      const magic = Buffer.alloc(2);
      readSync(file, magic, 0, 2, 1024 + 0x38);
      assert.equal(magic.toString("hex"), "53ef");
    } finally {
      closeSync(file);
    }
    assert.equal(bench.debugfs("cat /usr/sbin/fc-agent"), text);
    assert.match(bench.debugfs("stat /usr/sbin/fc-agent"), /Mode:\s+0755/);
    assert.equal(/UUID:\s+(\S+)/.exec(bench.debugfs("show_super_stats -h"))?.[1], uuid);
  });

  it("is brought back to the package's own guest agent by an update, without a build", async () => {
    // The test's own change has made it another instance: the resource creates it again from what is there.
    const { builtAt } = state;
    await create();
    assert.equal(state.agentHash, guestAgentScript().hash);
    assert.equal(state.builtAt, builtAt);
    assert.equal(bench.debugfs("cat /usr/sbin/fc-agent"), guestAgentScript().text);
  });

  it("gets other name servers without a build", async () => {
    const news = bench.rawInputs({ resolvers: ["9.9.9.9"] });
    assert.equal((await guestRootfsLifecycle.diff(id, state, news)).changes, true);
    const updated = await guestRootfsLifecycle.update(id, state, await check(news, state));
    assert.equal(bench.debugfs("cat /etc/resolv.conf"), "nameserver 9.9.9.9\n");
    assert.equal((updated.outs as State).builtAt, state.builtAt);
    const inputs = await check(bench.rawInputs(), state);
    state = (await guestRootfsLifecycle.update(id, updated.outs, inputs)).outs as State;
  });

  it("boots, and its agent runs Claude Code", async function () {
    this.timeout(bootTimeoutMs + 130_000);
    const files = await findBootFiles();
    skipBecause(this, "obstacle" in files ? files.obstacle : undefined);
    if ("obstacle" in files) throw new Error(files.obstacle);
    const { result, console } = await runTaskInside(files, bench.image);
    assert.match(console, /fc-agent: network: 172\.16\.0\.2\/24 via 172\.16\.0\.1 on eth0/);
    assert.match(console, /fc-agent: task task-1: exit code 0/);
    assert.match(result, /Hello from the image/);
  });

  it("counts as present when only its time has changed, and as damaged when its bytes have", async () => {
    utimesSync(bench.image, new Date(), new Date(Date.now() - 60_000));
    assert.equal(await statusNow(), "present");
    const file = openSync(bench.image, "r+");
    const place = 700 * mib;
    const kept = Buffer.alloc(4096);
    try {
      readSync(file, kept, 0, kept.length, place);
      writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, place);
      assert.equal(await statusNow(), "damaged");
      const seen = (await guestRootfsLifecycle.read(id, state)).props as State;
      assert.equal((await guestRootfsLifecycle.diff(id, seen, bench.rawInputs())).changes, true);
      writeSync(file, kept, 0, kept.length, place);
    } finally {
      closeSync(file);
    }
    assert.equal(await statusNow(), "present");
  });

  it("survives a build that is cut off with its connection, of which nothing is left", async () => {
    const building = bench.ensure({ force: "again" });
    const failed = catchError(building);
    await waitUntil("the build has mounts of its own", () => bench.listBuilders().some(hasOwnMounts));
    assert.doesNotMatch(readFileSync("/proc/self/mountinfo", "utf8"), new RegExp(bench.folder));
    const build = bench.findBuild();
    assert.ok(build !== undefined);
    process.kill(build.session, "SIGKILL");
    await failed;
    await waitUntil("the host program has ended", () => !isAlive(build.program));
    assert.deepEqual(bench.listBuilders(), []);
    assert.deepEqual(readdirSync(bench.folder).sort(), ["record.json", "rootfs.ext4"]);
    assert.equal(await statusNow(), "present");
  });

  it("survives a build that is killed: no process is left, and the next run removes the tree", async () => {
    const failed = catchError(bench.ensure({ force: "and again" }));
    await waitUntil("the build has mounts of its own", () => bench.listBuilders().some(hasOwnMounts));
    const build = bench.findBuild();
    assert.ok(build !== undefined);
    process.kill(build.program, "SIGKILL");
    await failed;
    await waitUntil("nothing works in the folder", () => bench.listBuilders().length === 0);
    assert.ok(readdirSync(bench.folder).some((name) => name.startsWith("build-")));
    assert.equal((await bench.ensure()).action, "none");
    assert.deepEqual(readdirSync(bench.folder).sort(), ["record.json", "rootfs.ext4"]);
    await create();
  });

  it("keeps the old image when a build fails, with the last lines of what failed", async () => {
    const inputs = bench.rawInputs({ suite: "trusty", mirror: "http://127.0.0.1:9/none" });
    const error = await catchError(guestRootfsLifecycle.update(id, state, await check(inputs, state)));
    assert.match(
      error.message,
      /Could not make the guest's image on .*: debootstrap of trusty from http:\/\/127\.0\.0\.1:9\/none ended with 1\./,
    );
    assert.match(error.message, /Check `suite`, `mirror`/);
    assert.match(error.message, /Last lines of the log:[^]*InRelease|Release/);
    assert.equal(await statusNow(), "present");
  });

  it("goes through the real CLI: previewed without a host, taken over, seen damaged, destroyed", async function () {
    this.timeout(180_000);
    skipBecause(this, findPulumiObstacle());
    const stack = await PulumiStack.create({ project: join(__dirname, "program") });
    try {
      const { connection, stableKey, ...image } = bench.rawInputs({ takeOver: true });
      const { privateKey, ...rest } = connection as SshdConnection;
      assert.ok(stableKey !== undefined);
      await stack.configure({ connection: { ...rest, port: 9 }, privateKey: new Secret(privateKey), image });
      assertSucceeded(await stack.preview());
      await stack.configure({ connection: rest, privateKey: new Secret(privateKey), image });
      const { ino } = statSync(bench.image);
      assertSucceeded(await stack.up());
      assert.equal(statSync(bench.image).ino, ino);
      const { imagePath, status, bootArgs } = await stack.outputs();
      assert.deepEqual({ imagePath, status }, { imagePath: bench.image, status: "present" });
      assert.match(String(bootArgs), /init=\/sbin\/fc-agent/);
      assertSucceeded(await stack.preview("--expect-no-changes"));
      assertSucceeded(await stack.up("--expect-no-changes"));

      // The stack that had it before does not have it any more, and cannot remove it.
      assert.equal(await statusNow(), "absent");
      await guestRootfsLifecycle.delete(id, state);
      assert.ok(existsSync(bench.image));

      truncateSync(bench.image, 700 * mib);
      assertSucceeded(await stack.refresh());
      assert.equal(stack.exportState().get("agent").outputs.status, "damaged");
      assert.notEqual((await stack.preview("--expect-no-changes")).exitCode, 0);

      const file = openSync(bench.image, "r");
      try {
        const destroyed = await stack.destroy();
        assertSucceeded(destroyed);
        assert.match(destroyed.text.replace(/\s+/g, " "), /was removed while it is in use by node/);
      } finally {
        closeSync(file);
      }
      assert.equal(existsSync(bench.folder), false);
    } finally {
      await stack.endOperations();
      stack.remove();
    }
  });

  it("that is gone is deleted without an error", async () => {
    await guestRootfsLifecycle.delete(id, state);
    assert.equal(await statusNow(), "absent");
  });

  async function check(raw: State, olds: State = {}): Promise<State> {
    const checked: { inputs?: unknown; failures?: unknown } = await guestRootfsLifecycle.check(olds, raw);
    assert.deepEqual(checked.failures, []);
    return checked.inputs as State;
  }

  /** Declares the image as a new resource, which takes over what is there. */
  async function create(): Promise<void> {
    const created = await guestRootfsLifecycle.create(await check(bench.rawInputs()));
    ({ id } = created);
    state = created.outs as State;
  }

  async function statusNow(): Promise<unknown> {
    return ((await guestRootfsLifecycle.read(id, state)).props as State).status;
  }
});
