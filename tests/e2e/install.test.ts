import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertSucceeded, Deployment, findDeploymentObstacle } from "../support/deployment";
import { repositoryFolder } from "../support/findPulumi";
import { startCommand } from "../support/runCommand";
import { skipBecause } from "../support/skipBecause";

const npmTimeoutMs = 180_000;

/* An empty project of a user, with the example's program and nothing of this repository but the package. */
describe("The installed package, end to end", function () {
  this.timeout(300_000);
  let folder = "";
  let project = "";
  let tarball = "";

  before(async function () {
    skipBecause(this, findDeploymentObstacle());
    folder = mkdtempSync(join(tmpdir(), "fc-install-"));
    project = join(folder, "project");
    cpSync(join(repositoryFolder, "examples", "fc-agent-run"), project, { recursive: true });
    writeFileSync(join(project, "Pulumi.yaml"), "name: user\nruntime: nodejs\nmain: index.ts\n");
    writeFileSync(
      join(project, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: { module: "node16", moduleResolution: "node16", strict: true, skipLibCheck: true },
      }),
    );
    writeFileSync(
      join(project, "package.json"),
      JSON.stringify({
        private: true,
        dependencies: { "@pulumi/pulumi": versionOf("@pulumi/pulumi"), typescript: versionOf("typescript") },
      }),
    );
    await npm(repositoryFolder, "pack", "--pack-destination", folder, "--ignore-scripts");
    tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "");
  });
  after(() => {
    if (folder !== "") rmSync(folder, { recursive: true });
  });

  it("holds what a user needs and nothing else", async () => {
    const { stdout } = await npm(repositoryFolder, "pack", "--dry-run", "--json", "--ignore-scripts");
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
    for (const needed of [
      ...["package.json", "README.md", "LICENSE", "docs/microvm.md"],
      ...["dist/provider/index.d.ts", "dist/components/fcAgentRun.js"],
      "dist/provider/hostProgram/fc_host/vm/start.py",
    ]) {
      assert.ok(paths.includes(needed), `${needed} is missing`);
    }
    assert.ok(paths.some((path) => path.endsWith(".py") || path.endsWith(".pyz")));
    const strangers = paths.filter(
      (path) =>
        !/^(dist\/(provider|components)\/|docs\/[a-z]+\.md$|(README|CHANGELOG)\.md$|LICENSE$|package\.json$)/.test(
          path,
        ),
    );
    assert.deepEqual(strangers, []);
    assert.ok(!paths.some((path) => /\.test\.|__pycache__|\.tsbuildinfo/.test(path)));
  });

  it("deploys from a tarball in an empty project, with its types checked", async () => {
    await npm(project, "install", "--prefer-offline", "--no-audit", "--no-fund", tarball);
    await deployOnce({ PULUMI_NODEJS_TRANSPILE_ONLY: "false" });
  });

  it("deploys from a folder that is linked", async () => {
    await npm(project, "install", "--prefer-offline", "--no-audit", "--no-fund", `file:${repositoryFolder}`);
    await deployOnce();
  });

  async function deployOnce(env: NodeJS.ProcessEnv = {}): Promise<void> {
    const deployment = await Deployment.open({ project, env });
    try {
      await deployment.addGuest();
      const { connection, ...secrets } = deployment.loginConfig();
      await deployment.stack.configure({
        ...{ ...connection, ...secrets },
        ...{ netns: deployment.namespace.name, prompt: "Are you there?", timeoutSeconds: 60 },
      });
      assertSucceeded(await deployment.stack.up());
      const { result } = deployment.stack.exportState().outputs;
      assert.equal(result, "The stand-in agent was asked: Are you there?");
      assertSucceeded(await deployment.stack.destroy());
      await deployment.assertNothingLeft();
    } finally {
      await deployment.close();
    }
  }
});

async function npm(cwd: string, ...args: string[]): Promise<{ stdout: string }> {
  const result = await startCommand("npm", args, { cwd, env: process.env, timeoutMs: npmTimeoutMs }).result;
  assert.equal(result.exitCode, 0, result.stdout + result.stderr);
  return result;
}

function versionOf(name: string): string {
  const text = readFileSync(join(repositoryFolder, "node_modules", name, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
