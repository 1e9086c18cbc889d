import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { guestAgentScript } from "../../provider/guestRootfs/guestAgentScript";
import { ImageBench } from "../guestRootfs/imageBench";
import { ComponentHost } from "../support/componentHost";
import { assertSucceeded } from "../support/deployment";
import { agentProgram, writeDiskInitrd } from "../support/diskGuest/diskInitrd";
import { ImageCache } from "../support/diskGuest/imageCache";
import { PackageCopy } from "../support/diskGuest/packageCopy";
import type { HostContents } from "../support/hostContents";
import { worldAddresses } from "../support/network/networkWorld";
import type { Changes } from "../support/readChanges";
import { ModelApi } from "../support/realAgent/modelApi";
import { skipBecause } from "../support/skipBecause";
import { type ConfigValue, Secret } from "../support/stackConfig";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";

/** On a machine with two cores and other tests beside it: building an image takes 45 s alone. */
const operationTimeoutMs = 300_000;
const names = ["anna", "bert", "carl"];
const { internet, otherInternet, dns, metadata, privates } = worldAddresses;
const modelName = "model.example";
const modelPort = 8000;
/** How long a guest tries to connect: the one that is let through needs no more beside two others. */
const reachSeconds = 8;

/** Firecracker, the image, the snapshot with its bake, and the four parts of each run with their component. */
const count = 1 + 1 + 2 + names.length * 5;

/** What each agent does: it changes its disk, tries to get out meanwhile, and looks whether others have changed it. */
function makePrompt(name: string): string {
  const attempts = [
    `allowed ${modelName} 443`,
    `port ${modelName} 80`,
    `stranger ${otherInternet} 443`,
    `private ${privates[0]} 443`,
    `metadata ${metadata} 80`,
    `host 203.0.113.10 22`,
  ];
  return [
    `mkdir -p /root/marks; echo ${name} > /root/marks/${name}; echo "edited by ${name}" >> /etc/debian_version; sync`,
    `reach() {`,
    `  exchange="exec 3<>/dev/tcp/$2/$3 && echo hello >&3 && head -c 5 <&3"`,
    `  outcome=silent`,
    `  if timeout ${reachSeconds} bash -c "$exchange" > /dev/null 2>&1; then outcome=answered; fi`,
    `  echo "$1=$outcome"`,
    `}`,
    ...attempts.map((attempt) => `reach ${attempt} &`),
    `wait`,
    `echo "agent=$(sha256sum < /sbin/fc-agent | cut -d ' ' -f 1)"`,
    `echo "root=$(awk '$2 == "/" && $3 == "ext4" { print $1, substr($4, 1, 2) }' /proc/mounts)"`,
    `echo "address=$(ip -4 -o address show eth0 | awk '{ print $4 }')"`,
    `echo "marks=$(ls /root/marks | xargs)"`,
    `echo "last=$(tail -n 1 /etc/debian_version)"`,
  ].join("\n");
}

/** What such an agent says when all is as it should be. */
function expectAnswer(name: string): Record<string, string> {
  return {
    ...{ allowed: "answered", port: "silent", stranger: "silent" },
    ...{ private: "silent", metadata: "silent", host: "silent" },
    ...{ agent: guestAgentScript().hash, root: "/dev/vda rw", address: "172.16.0.2/24" },
    ...{ marks: name, last: `edited by ${name}` },
  };
}

/** Another image is another snapshot, and so are its clones; a run keeps its result, and notes its other microVM. */
const expectedAfterNewImage = {
  "GuestRootfs image": "update",
  "SnapshotBake agent": "replace",
  ...Object.fromEntries(
    names.flatMap((name) => [
      [`MicroVm ${name}`, "replace"],
      [`AgentRun ${name}`, "update"],
    ]),
  ),
};

function changesIn({ operationsByClass }: Changes): Record<string, string> {
  return Object.fromEntries(
    Object.entries(operationsByClass).filter(([, operation]) => operation !== "same"),
  );
}

function parseAnswer(answer: unknown): Record<string, string> {
  const lines = String(answer).trimEnd().split("\n");
  return Object.fromEntries(lines.map((line) => line.split("=", 2) as [string, string]));
}

/* One stack on one host: each test goes on where the one before has ended. */
describe("From a bare host to an agent's result, with every resource, end to end", function () {
  this.timeout(operationTimeoutMs);
  let host: ComponentHost;
  let bench: ImageBench;
  let folder: TemporaryFolder;
  let installed: PackageCopy;
  let bare: HostContents;
  let image: Record<string, unknown>;
  let outputs: Record<string, unknown>;
  let configure: (values: Readonly<Record<string, ConfigValue>>) => Promise<void>;
  const tasks: Record<string, object> = Object.fromEntries(
    names.map((name) => [name, { prompt: makePrompt(name) }]),
  );

  before(async function () {
    const opened = await ImageBench.open();
    skipBecause(this, "obstacle" in opened ? opened.obstacle : undefined);
    // The skip has thrown; this is for the compiler.
    if ("obstacle" in opened) throw new Error(opened.obstacle);
    bench = opened;
    folder = await temporaryFolder();
    const initrdPath = join(folder.path, "initrd");
    skipBecause(this, (await writeDiskInitrd(initrdPath))?.obstacle);
    const project = join(folder.path, "project");
    installed = PackageCopy.make(join(__dirname, "programs", "fromNothing"), project);
    host = await ComponentHost.openFor(this, project, { operationTimeoutMs });
    await host.world.answerName(modelName, [internet]);
    bare = await host.contents();
    const { name, suite, mirror, keyring, updateSuites, components, ...more } = bench.rawInputs();
    const { nodeUrl, nodeSha256, npmRegistry, sizeMib, timeoutSeconds } = more;
    image = {
      ...{ name, suite, mirror, keyring, updateSuites, components },
      ...{ nodeUrl, nodeSha256, npmRegistry, sizeMib, timeoutSeconds },
      ...{ resolvers: [dns], takeOver: true },
    };
    const { privateKey, ...builder } = bench.sshd.connection();
    configure = (values) =>
      host.configure({
        ...{ builder, builderKey: new Secret(privateKey), image, initrdPath, agentProgram, tasks },
        ...{ memSizeMib: 1024, timeoutSeconds: 240, resolvers: [dns] },
        allow: [`${modelName}:443`, `${modelName}:${modelPort}`],
        ...values,
      });
    await configure({});
  });
  after(async () => {
    await (host as ComponentHost | undefined)?.close();
    await (bench as ImageBench | undefined)?.close();
    await (folder as TemporaryFolder | undefined)?.remove();
  });

  const answerOf = (name: string): unknown => host.outputsOf("AgentRun", name).result;
  const taskIds = (): unknown[] => names.map((name) => host.outputsOf("AgentRun", name).taskId);
  const bakedDrive = (): string => join(dirname(String(outputs.snapshotPath)), "drives", "rootfs");
  const listMarks = (file: string): string[] => {
    const args = ["-R", "ls -p /root/marks", file];
    const rows = execFileSync("debugfs", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const found = rows.split("\n").map((row) => row.split("/")[5] ?? "");
    return found.filter((name) => !["", ".", ".."].includes(name));
  };

  it("previews everything without a word to the host", async () => {
    const preview = await host.stack.preview();
    assertSucceeded(preview);
    assert.equal(preview.changes.create, count, preview.text);
    assert.equal(host.world.sshd.countConnections() + bench.sshd.countConnections(), 0);
  });

  it("installs Firecracker and a kernel, builds an image, bakes it, and has a result from each clone", async () => {
    const cache = new ImageCache(bench, { resolvers: [dns] });
    const isCached = cache.put();
    const up = await host.stack.up();
    assertSucceeded(up);
    if (!isCached) cache.keep();
    outputs = await host.stack.outputs();
    for (const name of names) assert.deepEqual(parseAnswer(answerOf(name)), expectAnswer(name));
  });

  it("runs the binaries and the kernel that it has brought, and the package's own guest agent from the image", () => {
    const version = execFileSync(String(outputs.firecrackerPath), ["--version"], { encoding: "utf8" });
    assert.match(version, /^Firecracker v1\.17\.0/);
    assert.deepEqual(readFileSync(String(outputs.kernelPath)), readFileSync(host.image.vmlinux));
    assert.equal(outputs.agentHash, guestAgentScript().hash);
    for (const name of names) {
      const { firecrackerPath, jailerPath } = host.stack.exportState().get(name, ":MicroVm").inputs;
      assert.deepEqual([firecrackerPath, jailerPath], [outputs.firecrackerPath, outputs.jailerPath]);
    }
  });

  it("gives each clone a disk of its own: what they write is neither in the snapshot nor in the image", () => {
    assert.deepEqual(listMarks(bakedDrive()), []);
    assert.deepEqual(listMarks(String(outputs.imagePath)), []);
  });

  it("lets out to the declared name and port only", () => {
    const seen = host.world.arrivals.filter(({ to }) => to !== dns);
    const places = seen.map(({ protocol, to, port }) => `${protocol} ${to}:${port}`);
    assert.deepEqual([...new Set(places)], [`tcp ${internet}:443`]);
  });

  it("changes nothing in a refresh and in a second pulumi up", async () => {
    const [ids, { ino, mtimeMs }] = [taskIds(), statSync(bench.image)];
    assertSucceeded(await host.stack.refresh());
    const again = await host.stack.up();
    assertSucceeded(again);
    assert.deepEqual(again.changes, { same: count }, again.text);
    assert.deepEqual(taskIds(), ids);
    const now = statSync(bench.image);
    assert.deepEqual([now.ino, now.mtimeMs], [ino, mtimeMs]);
  });

  it("plans a new image, a new snapshot, and no run that has a result, when packages are added", async () => {
    await configure({ image: { ...image, packages: ["tree"] } });
    const preview = await host.stack.preview();
    assertSucceeded(preview);
    assert.deepEqual(changesIn(preview), expectedAfterNewImage);
    await configure({});
  });

  it("has Claude Code itself answer, from the image, through the way out that is declared", async () => {
    const api = await ModelApi.start();
    const door = await host.world.openDoor(internet, modelPort, Number(new URL(api.url).port));
    try {
      api.expect({ text: "Hello from a clone" });
      tasks.bert = {
        prompt: "Say hello",
        effort: "low",
        env: {
          REAL_AGENT: "1",
          ANTHROPIC_BASE_URL: `http://${modelName}:${modelPort}`,
          CLAUDE_CODE_MAX_RETRIES: "0",
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
        },
      };
      await configure({});
      const ids = taskIds();
      assertSucceeded(await host.stack.up());
      assert.equal(answerOf("bert"), "Hello from a clone");
      assert.deepEqual([taskIds()[0], taskIds()[2]], [ids[0], ids[2]]);
    } finally {
      await door();
      await api.close();
    }
  });

  it("brings the guest agent of another version of the package into image and snapshot; runs keep their results", async () => {
    const [ids, answers] = [taskIds(), (await host.stack.outputs()).answers];
    const agentHash = createHash("sha256").update(installed.changeGuestAgent()).digest("hex");
    assert.deepEqual(changesIn(await host.stack.preview()), expectedAfterNewImage);
    const up = await host.stack.up();
    assertSucceeded(up);
    assert.deepEqual(changesIn(up), expectedAfterNewImage);
    const now = await host.stack.outputs();
    assert.deepEqual([now.agentHash, now.imagePath], [agentHash, outputs.imagePath]);
    assert.deepEqual([taskIds(), now.answers], [ids, answers]);

    // A task that is new runs in a fresh clone of the new snapshot.
    tasks.carl = { prompt: "sha256sum < /sbin/fc-agent; [ -e /root/marks ] || echo no marks" };
    await configure({});
    assertSucceeded(await host.stack.up());
    assert.equal(String(answerOf("carl")).trimEnd(), `${agentHash}  -\nno marks`);
    assert.deepEqual(taskIds().slice(0, 2), ids.slice(0, 2));
  });

  it("leaves the host as it was after a destroy", async () => {
    const made = [outputs.firecrackerPath, outputs.kernelPath, outputs.imagePath, outputs.snapshotPath];
    for (const path of made) assert.ok(existsSync(String(path)), String(path));
    assertSucceeded(await host.stack.destroy());
    assert.deepEqual(await host.contents(), bare);
    for (const path of made) assert.ok(!existsSync(dirname(String(path))), String(path));
  });
});
