/*
 * Makes a fixture for the tests of upgrades, out of this very build of the package: run it in a checkout of the version
 * that the fixture is to stand for, after `npm run build`.
 *
 *   node -r ts-node/register/transpile-only tests/support/faults/makeUpgradeFixture.ts tests/fixtures/upgrade/VERSION
 */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertSucceeded } from "../deployment";
import { repositoryFolder } from "../findPulumi";
import { PulumiStack } from "../pulumiStack";
import { startSshd } from "../sshd";
import { Secret } from "../stackConfig";
import { TaskServer } from "../taskServer/taskServer";
import { WorkingGuest } from "./workingGuest";

const program = join(__dirname, "..", "..", "e2e", "programs", "declared");
const identity = { tapIp: "127.66.7.8", tapPort: 18765 };
const summary = Buffer.from("The README describes the package.\n");
/** Too long for the database. */
const long = Buffer.alloc(17_000, "It goes on and on. ");

async function makeFixture(target: string): Promise<void> {
  const sshd = await startSshd();
  const stack = await PulumiStack.create({ project: program });
  const server = new TaskServer({ identity });
  const results = [summary, long];
  const guest = new WorkingGuest(server, "127.0.0.2", () => results.shift() ?? Buffer.from("one too many"));
  try {
    const { privateKey, ...connection } = sshd.connection();
    await stack.configure({
      connection,
      privateKey: new Secret(privateKey),
      claudeToken: new Secret("sk-ant-oat01-made-for-the-test"),
      servers: { "agent-1": { ...identity, task: { prompt: "Summarise the README", effort: "low" } } },
      runs: { summary: { server: "agent-1" } },
    });
    guest.start();
    assertSucceeded(await stack.up());
    const task = { prompt: "Write at length", model: "opus" };
    const runs = { summary: { server: "agent-1" }, long: { server: "agent-1", task, timeoutSeconds: 60 } };
    await stack.configure({ runs });
    assertSucceeded(await stack.up());
    const exported = await stack.runPlain(["stack", "export", "--show-secrets", "--stack", "test"]);
    mkdirSync(target, { recursive: true });
    const checkout = new RegExp(`project:///(?:\\.\\./)*${repositoryFolder.slice(1)}/`, "g");
    const key = /(BEGIN OPENSSH PRIVATE KEY-----)[^"]*?(-----END)/g;
    // Pulumi notes where each resource was made, and so where this folder lies on the machine.
    const state = exported.stdout.replaceAll(checkout, "project:///../");
    writeFileSync(join(target, "state.json"), state.replace(key, "$1 stripped $2"));
    server.instanceId = stack.exportState().get("agent-1").id ?? "";
    await server.stop();
    cpSync(server.folder, join(target, "folder"), { recursive: true });
    await server.stop({ remove: true });
  } finally {
    await guest.stop();
    await sshd.stop();
    stack.remove();
  }
}

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error("Expected a folder to write the fixture to");
void makeFixture(target);
