import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { findingSchema } from "../../provider/firecrackerHost/finding";
import { repositoryFolder } from "../support/findPulumi";
import { findNamespaceObstacle, makeNamespace } from "../support/namespace";
import { type CommandResult, startCommand } from "../support/runCommand";
import { skipBecause } from "../support/skipBecause";
import type { Sshd } from "../support/sshd";
import { findUserObstacle, makeSystemUser } from "../support/systemUser";
import { temporaryFolder } from "../support/temporaryFolder";
import { useSshd } from "../support/useSshd";

const runFile = promisify(execFile);

const reportSchema = z.object({
  host: z.string(),
  architecture: z.string().optional(),
  kernel: z.string().optional(),
  findings: z.array(findingSchema),
  errors: z.number(),
  warnings: z.number(),
});
type Report = z.infer<typeof reportSchema>;

/** Runs the command's source, which needs no build. */
function doctor(...args: string[]): Promise<CommandResult> {
  const entry = join(repositoryFolder, "provider", "cli", "fcAgents.ts");
  return startCommand(process.execPath, ["-r", "ts-node/register/transpile-only", entry, "doctor", ...args], {
    cwd: repositoryFolder,
    env: { ...process.env, SSH_AUTH_SOCK: "" },
    timeoutMs: 60_000,
  }).result;
}

/** How a test server is reached. */
function reach(sshd: Sshd, user = sshd.user): string[] {
  return [`${user}@127.0.0.1:${sshd.port}`, "--identity", sshd.privateKeyPath, "--host-key", sshd.hostKey];
}

async function readReport(args: readonly string[]): Promise<Report & { exitCode: number | undefined }> {
  const { exitCode, stdout, stderr } = await doctor(...args, "--json");
  assert.equal(stderr, "");
  return { ...reportSchema.parse(JSON.parse(stdout)), exitCode };
}

function find(report: Report, name: string): z.infer<typeof findingSchema> {
  const found = report.findings.find((finding) => finding.name === name);
  assert.ok(found !== undefined, `no finding ${name}`);
  return found;
}

describe("fc-agents doctor", function () {
  this.timeout(60_000);
  const { main, startExtra } = useSshd();

  it("shows an aligned list with marks, hints and a sum", async () => {
    const { stdout, stderr, exitCode } = await doctor(...reach(main()));
    assert.equal(stderr, "");
    const lines = stdout.trimEnd().split("\n");
    assert.match(lines[0] ?? "", /^root@127\.0\.0\.1:\d+ \((x86_64|aarch64), Linux \d+\.\d+/);
    const marked = lines.filter((line) => /^ {2}[✓!✗] /.test(line));
    assert.ok(marked.length >= 20, stdout);
    // The names are padded to one length, and what follows begins in one column.
    const column = (line: string): number => /^ {2}\S \S+ +/.exec(line)?.[0].length ?? 0;
    assert.equal(new Set(marked.map(column)).size, 1, stdout);
    assert.match(stdout, / {4}→ \S/);
    assert.ok(lines.every((line) => line.length <= 100));
    const hasErrors = marked.some((line) => line.startsWith("  ✗"));
    assert.match(
      lines.at(-1) ?? "",
      hasErrors ? /^\d+ errors?, / : /^(No errors, \d+ warnings?|All is fine)\.$/,
    );
    assert.equal(exitCode, hasErrors ? 1 : 0);
  });

  it("tells the same as JSON, with what sshd allows", async () => {
    const report = await readReport(reach(main()));
    assert.equal(report.host, `root@127.0.0.1:${main().port}`);
    const errors = report.findings.filter(({ level }) => level === "error").length;
    assert.deepEqual([report.errors, report.exitCode], [errors, errors > 0 ? 1 : 0]);
    assert.equal(find(report, "ssh-sockets").message, "Unix sockets are forwarded");
    assert.match(find(report, "ssh-sessions").message, /at least 8 commands/);
    for (const name of ["kvm", "kernel", "netns", "python", "disk", "swap", "ksm", "cgroups", "clock"]) {
      find(report, name);
    }
  });

  it("takes user and port as options, and the host's key from a known_hosts file", async () => {
    const folder = await temporaryFolder();
    try {
      const knownHosts = join(folder.path, "known_hosts");
      writeFileSync(knownHosts, `${main().knownHostsLine}\n`);
      const { port, user, privateKeyPath } = main();
      const report = await readReport(
        ["127.0.0.1", "-p", String(port), "-u", user, "-i", privateKeyPath].concat(
          "--known-hosts",
          knownHosts,
        ),
      );
      assert.equal(report.host, `root@127.0.0.1:${port}`);
    } finally {
      await folder.remove();
    }
  });

  it("warns where sshd forwards no sockets and allows few sessions", async () => {
    const strict = await startExtra({ configLines: ["AllowStreamLocalForwarding no", "MaxSessions 2"] });
    const report = await readReport(reach(strict));
    assert.equal(find(report, "ssh-sockets").level, "warning");
    const sessions = find(report, "ssh-sessions");
    assert.equal(sessions.level, "warning");
    assert.match(sessions.message, /^of 8 commands over one connection, only [12] ran at once/);
    assert.match(sessions.hint ?? "", /MaxSessions/);
  });

  it("finds in a host that is a namespace the firewall that would drop a microVM's packets", async function () {
    skipBecause(this, findNamespaceObstacle());
    const namespace = await makeNamespace();
    try {
      const inside = await startExtra({ netns: namespace.name });
      assert.equal(find(await readReport(reach(inside)), "foreign-drops").level, "ok");
      const chain = "{ type filter hook forward priority 0; policy drop; }";
      await runFile("ip", ["netns", "exec", namespace.name, "nft", "add", "table", "ip", "docker-like"]);
      await runFile("ip", [
        "netns",
        "exec",
        namespace.name,
        "nft",
        `add chain ip docker-like FORWARD ${chain}`,
      ]);
      const drops = find(await readReport(reach(inside)), "foreign-drops");
      assert.equal(drops.level, "warning");
      assert.match(drops.message, /drops forwarded packets: ip docker-like FORWARD$/);
    } finally {
      await namespace.remove();
    }
  });

  it("ends with exit code 1 for a user who may do too little", async function () {
    skipBecause(this, findUserObstacle());
    const user = makeSystemUser("doctor");
    const sshd = await startExtra();
    try {
      const report = await readReport(reach(sshd, user.name));
      assert.equal(report.exitCode, 1);
      assert.match(find(report, "root").message, /namespaces, TAP devices and the jailer need root/);
      assert.equal(find(report, "netns").level, "error");
    } finally {
      await sshd.stop();
      user.remove();
    }
  });

  it("ends with exit code 1 where there is no python3, and says what to install", async () => {
    const bare = await startExtra({ configLines: ["SetEnv SHLVL=1 PATH=/nonexistent"] });
    const report = await readReport(reach(bare));
    assert.deepEqual([report.exitCode, report.findings.length], [1, 1]);
    assert.match(find(report, "python").message, /no python3 on the PATH/);
    assert.match(find(report, "python").hint ?? "", /apt-get install python3/);
  });

  it("ends with exit code 2 where nobody answers, or with another key", async () => {
    const gone = await startExtra();
    const args = reach(gone);
    await gone.halt();
    const refused = await doctor(...args);
    assert.deepEqual([refused.exitCode, refused.stdout], [2, ""]);
    assert.match(
      refused.stderr,
      /^Error: Could not log in over SSH on root@127.*attempt 3 of 3: connection refused/,
    );
    const [target = "", identity = "", path = ""] = reach(main());
    const foreign = await doctor(target, identity, path, "--host-key", gone.hostKey);
    assert.equal(foreign.exitCode, 2);
    assert.match(foreign.stderr, /host key/i);
  });

  const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /^Error: Name the host: fc-agents doctor \[USER@\]HOST\[:PORT\]\nSee fc-agents --help\n$/],
    [["a", "b"], /One host at a time, got a b/],
    [["h", "--colour"], /Unknown option '--colour'/],
    [["h:x"], /Expected a port from 1 to 65535, got 'x'/],
    [["h", "--port", "70000"], /Expected --port to be a port from 1 to 65535, got `70000`/],
    [["h:22", "--port", "23"], /The port is 22 in the host's name and 23 in --port/],
    [["a@h", "-u", "b"], /The user is a in the host's name and b in --user/],
    [["<host>"], /Expected HOST to be the name of your host \(this is a placeholder\)/],
    [["h", "-i", "none.pem"], /Could not read none\.pem: there is no such file/],
    [["h", "-i", "package.json"], /^Error: package\.json holds no private key\n/],
    [["h", "--host-key", "x"], /Expected --host-key to be a host key/],
    [
      ["h", "--insecure-ignore-host-key", "--known-hosts", "f"],
      /--insecure-ignore-host-key to be false when --known-hosts is given/,
    ],
  ];
  for (const [args, message] of mistakes) {
    it(`answers 'fc-agents doctor ${args.join(" ")}' with one clear error and exit code 2`, async () => {
      const { exitCode, stdout, stderr } = await doctor(...args);
      assert.deepEqual([exitCode, stdout], [2, ""]);
      assert.match(stderr, message);
    });
  }
});
