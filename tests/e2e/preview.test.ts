import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertFailed, assertSucceeded } from "../support/deployment";
import { findPulumiObstacle, repositoryFolder } from "../support/findPulumi";
import { PulumiStack } from "../support/pulumiStack";
import { skipBecause } from "../support/skipBecause";
import { makeKey } from "../support/sshd";
import { Secret } from "../support/stackConfig";

const token = new Secret("sk-ant-oat01-of-a-preview");

describe("pulumi preview, end to end", function () {
  this.timeout(120_000);
  let folder = "";
  let key = { privateKey: "", publicKey: "" };
  let stack: PulumiStack | undefined;

  before(function () {
    skipBecause(this, findPulumiObstacle());
    folder = mkdtempSync(join(tmpdir(), "fc-preview-"));
    key = makeKey(join(folder, "key"));
  });
  afterEach(() => stack?.remove());
  after(() => {
    if (folder !== "") rmSync(folder, { recursive: true });
  });

  it("shows what will be made while the connection is not known yet", async () => {
    stack = await PulumiStack.create({ project: join(__dirname, "programs", "created-host") });
    await stack.configure({
      privateKey: new Secret(key.privateKey),
      claudeToken: token,
      hostKey: key.publicKey,
    });
    const preview = await stack.preview();
    assertSucceeded(preview);
    assert.deepEqual(preview.operations, { machine: "create", "agent-1": "create", whereabouts: "create" });
  });

  it("contacts no host, so it also works while the host is down", async () => {
    // A host that would take any connection, to see that none comes.
    let connections = 0;
    const host = createServer(() => (connections += 1)).listen(0, "127.0.0.1");
    host.unref();
    await once(host, "listening");
    const { port } = host.address() as { port: number };
    stack = await PulumiStack.create({ project: repositoryFolder });
    await stack.configure({
      ...{ host: "127.0.0.1", port, user: "root", hostKey: key.publicKey },
      ...{ privateKey: new Secret(key.privateKey), claudeToken: token },
    });
    const preview = await stack.preview();
    assertSucceeded(preview);
    assert.deepEqual(preview.operations, { "agent-1": "create", summary: "create" });
    assert.equal(connections, 0);
  });

  it("names every bad input at once, and shows nothing of the token", async () => {
    stack = await PulumiStack.create({ project: repositoryFolder });
    await stack.configure({
      ...{ host: "undefined", port: 70_000, hostKey: key.publicKey, tapIp: "172.16.0", netns: "a/b" },
      ...{ privateKey: new Secret(key.privateKey), claudeToken: new Secret("wrong-token") },
      ...{ prompt: " ", gitRepoUrl: "ftp://example.com/r.git", timeoutSeconds: 5 },
    });
    const preview = await stack.preview();
    for (const message of [
      /Expected `connection\.host` to be .*`undefined`/,
      /Expected `connection\.port` to be .*`70000`/,
      /Expected `tapIp` to be an IPv4 address.*`172\.16\.0`/,
      /Expected `netns` to be .*`a\/b`/,
      /Expected `oauthToken` to be a token that starts with `sk-ant`/,
      /Expected `task\.prompt` to be a string that is not empty/,
      /Expected `task\.gitRepoUrl` to be an https:\/\/ URL/,
    ]) {
      assertFailed(preview, message);
    }
    assert.doesNotMatch(preview.text, /wrong-token/);
  });
});
