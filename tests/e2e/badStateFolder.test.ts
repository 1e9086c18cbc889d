import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertFailed, Deployment, findDeploymentObstacle } from "../support/deployment";
import type { OperationResult } from "../support/pulumiStack";
import { skipBecause } from "../support/skipBecause";
import { findUserObstacle, makeSystemUser, type SystemUser } from "../support/systemUser";

/* Both users log in to one host whose state folder lies on a disk of 16 KiB, which belongs to the first one. */
describe("A state folder that cannot be written, end to end", function () {
  this.timeout(120_000);
  const password = "of a user of the tests";
  const users: SystemUser[] = [];
  let deployment: Deployment;
  let folder = "";
  let disk = "";
  let up: OperationResult;

  before(async function () {
    skipBecause(this, findDeploymentObstacle() ?? findUserObstacle());
    folder = mkdtempSync(join(tmpdir(), "fc-small-disk-"));
    chmodSync(folder, 0o755);
    const [owner, other] = [makeSystemUser("owner", password), makeSystemUser("other", password)];
    users.push(owner, other);
    disk = makeSmallDisk(join(folder, "disk"), owner.name);
    deployment = await Deployment.open({
      project: join(__dirname, "programs", "declared"),
      sshd: { configLines: ["PasswordAuthentication yes", `SetEnv XDG_STATE_HOME=${disk}`] },
    });
    await deployment.stack.configure({
      ...deployment.loginConfig(),
      servers: {
        "no-room": { tapIp: "127.0.0.77", tapPort: 18_090, connection: { user: owner.name, password } },
        "no-right": { tapIp: "127.0.0.77", tapPort: 18_091, connection: { user: other.name, password } },
      },
    });
    up = await deployment.stack.up("--continue-on-error");
  });
  after(async () => {
    await (deployment as Deployment | undefined)?.close();
    if (disk !== "") execFileSync("umount", [disk]);
    for (const user of users) user.remove();
    if (folder !== "") rmSync(folder, { recursive: true });
  });

  it("is named, with the reason, where its disk is full", () => {
    assertFailed(
      up,
      /Could not deploy the task server on fc-owner\S+: .*\/disk\/fc-agents\S* .*no room left/,
    );
  });

  it("is named, with the reason, where the user has no right to it", () => {
    assertFailed(
      up,
      /Could not deploy the task server on fc-other\S+: .*\/disk\/fc-agents.*permission denied/,
    );
  });

  it("holds nothing half-done afterwards, and the stack nothing either", () => {
    const left = readdirSync(disk, { recursive: true }).filter((path) => path !== "fc-agents");
    assert.deepEqual(left, []);
    const made = deployment.stack.exportState().resources.filter(({ type }) => type.includes("fc-agents"));
    assert.deepEqual(made, []);
  });
});

/** A file system in memory that is full after four pages. */
function makeSmallDisk(path: string, owner: string): string {
  mkdirSync(path);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=16k,mode=0700", "fc-small-disk", path]);
  execFileSync("chown", [owner, path]);
  return path;
}
