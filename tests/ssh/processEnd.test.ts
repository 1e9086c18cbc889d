import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { useServers } from "../support/useServers";
import { useSshd } from "../support/useSshd";

const program = join(__dirname, "programs", "useHost.ts");

/** An idle connection is kept for a second, and one whose host is silent is closed a second later. */
const longestMs = 5000;

interface Ended {
  lines: string[];
  code: number | null;
  /** From "done" to the end of the process. */
  lingeredMs: number;
}

/** Runs the program until it ends by itself. */
async function run(works: readonly object[], onConnected: () => void): Promise<Ended> {
  const child = spawn(process.execPath, ["-r", "ts-node/register/transpile-only", program], {
    env: { ...process.env, WORKS: JSON.stringify(works) },
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const lines: string[] = [];
    let doneAt = Infinity;
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      if (line === "done") doneAt = Date.now();
      if (line !== "connected") return;
      onConnected();
      child.stdin.write("go on\n");
    });
    const [code] = (await once(child, "close", { signal: AbortSignal.timeout(25_000) })) as [number | null];
    return { lines, code, lingeredMs: Date.now() - doneAt };
  } finally {
    child.kill("SIGKILL");
  }
}

describe("a process that has used hosts", () => {
  const { main: sshd, startExtra } = useSshd();
  const servers = useServers();

  it("ends by itself soon after the last use, whatever became of the connection", async () => {
    const [proxy, silent] = await Promise.all([startExtra(), startExtra()]);
    const refusing = await servers.startPlain((socket) => socket.destroy());
    const connection = sshd().connection();
    const throughProxy = { ...connection, proxy: proxy.connection() };
    const refused = { ...connection, port: refusing.port, dialErrorLimit: 1 };
    const works = [
      { connection },
      { connection: { ...connection, password: "another login" }, leavesChannelOpen: true },
      { connection: throughProxy },
      { connection: refused },
      { connection: silent.connection(), waitsForLine: true },
    ];
    const { lines, code, lingeredMs } = await run(works, () => {
      silent.freezeConnections();
    });
    assert.equal(code, 0);
    assert.deepEqual(lines.map((line) => (line.includes("Could not log in") ? "refused" : line)).sort(), [
      "connected",
      "done",
      "refused",
      "used",
      "used",
      "used",
      "used",
    ]);
    assert.ok(lingeredMs <= longestMs, `lingered ${lingeredMs} ms`);
  });
});
