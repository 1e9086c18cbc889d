import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { FirecrackerProcess } from "../support/firecracker/firecrackerProcess";
import { shellArguments } from "../support/firecracker/guestPrograms";
import { useMachines } from "../support/firecracker/useMachines";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";
import { waitUntil } from "../support/waitUntil";

const run = promisify(execFile);
const timeout = 20_000;

describe("the process of Firecracker", function () {
  this.timeout(60_000);
  const machines = useMachines();
  let folder: TemporaryFolder;

  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());

  /** Exit code and words of a process that ends at once. */
  async function refusal(...args: readonly string[]): Promise<{ code: unknown; words: string }> {
    const error: unknown = await run(machines.programs().firecracker, [...args], {
      cwd: folder.path,
      timeout,
    }).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof Error && "code" in error && "stderr" in error, "expected a refusal");
    return { code: error.code, words: String(error.stderr) };
  }

  it("tells its version", async () => {
    const { stdout } = await run(machines.programs().firecracker, ["--version"], { timeout });
    assert.match(stdout, /^Firecracker v\d+\.\d+\.\d+/);
  });

  it("refuses arguments that it does not know, twice, or without their value", async () => {
    for (const [args, words] of [
      [["--bogus"], /Found argument '.*bogus'/],
      [["--id", "a", "--id", "b"], /provided more than once/],
      [["--api-sock"], /requires a value/],
      [["--no-api"], /'config-file' required/],
      [["--seccomp-filter", "f", "--no-seccomp"], /cannot be used together/],
    ] as const) {
      const refused = await refusal(...args);
      assert.match(refused.words, words);
      assert.equal(refused.code, 153);
    }
    assert.notEqual((await refusal("--id", "a_b")).code, 0);
    assert.notEqual((await refusal("--level", "loud")).code, 0);
  });

  it("refuses an API socket that is there already", async () => {
    writeFileSync(join(folder.path, "api.sock"), "");
    const refused = await refusal("--api-sock", "api.sock");
    assert.equal(refused.code, 1);
    assert.match(refused.words, /api\.sock/);
  });

  it("boots what a file describes, without an API", async () => {
    const { vmlinux, initramfs } = machines.image();
    const bootArguments = shellArguments("echo from a file; exec /bin/busybox reboot -f");
    const source = { kernel_image_path: vmlinux, initrd_path: initramfs, boot_args: bootArguments };
    writeFileSync(join(folder.path, "vm.json"), JSON.stringify({ "boot-source": source, drives: [] }));
    const args = ["--no-api", "--config-file", "vm.json"];
    const { stdout } = await run(machines.programs().firecracker, args, {
      cwd: folder.path,
      timeout: 60_000,
    });
    assert.match(stdout, /from a file/);
  });

  it("keeps a connection open, and answers its requests in their order", async () => {
    const machine = await machines.start();
    const socket = connect(machine.socket);
    try {
      let received = "";
      socket.on("data", (chunk: Buffer) => {
        received += chunk.toString();
      });
      const body = JSON.stringify({ vcpu_count: 2, mem_size_mib: 256 });
      const put = `PUT /machine-config HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      // In pieces, and two of them at once.
      socket.write(put.slice(0, 30));
      await once(socket, "connect");
      socket.write(`${put.slice(30)}GET /machine-config HTTP/1.1\r\nConnection: close\r\n\r\n`);
      await waitUntil("both have been answered", () => received.includes('"mem_size_mib":256'));
      assert.match(received, /^HTTP\/1\.1 204 \r\n[^]*\r\n\r\nHTTP\/1\.1 200 /);
      received = "";
      socket.write("GET / HTTP/1.1\r\n\r\n");
      await waitUntil("the third has been answered", () => received.includes("Not started"));
    } finally {
      socket.destroy();
    }
  });

  it("turns away more than ten connections at once", async () => {
    const machine = await machines.start();
    const sockets: Socket[] = [];
    try {
      for (let count = 0; count < 10; count += 1) {
        const socket = connect(machine.socket);
        sockets.push(socket);
        socket.write("GET / HTTP/1.1\r\n\r\n");
        await once(socket, "data");
      }
      const turnedAway = connect(machine.socket);
      sockets.push(turnedAway);
      const [words] = (await once(turnedAway, "data")) as [Buffer];
      assert.match(words.toString(), /^HTTP\/1\.1 503 /);
      const [first] = sockets;
      assert.ok(first !== undefined);
      // It closes its end once it has let go of the connection.
      first.end();
      await once(first, "close");
      assert.equal((await machine.call("GET", "/")).status, 200);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  it("writes down requests where a test asks for that", async function () {
    if (!machines.programs().isDouble) this.skip();
    const log = join(folder.path, "requests");
    writeFileSync(join(folder.path, ".record-requests"), "");
    const machine = await machines.start({ folder: folder.path, env: { FIRECRACKER_DOUBLE_LOG: log } });
    await machine.call("PUT", "/snapshot/load", { snapshot_path: "s", mem_file_path: "m" });
    const lines = readFileSync(log, "utf8");
    assert.equal(readFileSync(join(folder.path, "requests.log"), "utf8"), lines);
    const { fault, ...rest } = JSON.parse(lines.trimEnd().split("\n").at(-1) ?? "") as Record<
      string,
      unknown
    >;
    assert.match(String(fault), /No such file/);
    assert.deepEqual(rest, {
      method: "PUT",
      path: "/snapshot/load",
      body: { snapshot_path: "s", mem_file_path: "m" },
      status: 400,
      isDeprecated: true,
    });
  });

  it("runs from wherever its one file is copied to", async function () {
    if (!machines.programs().isDouble) this.skip();
    const copy = join(folder.path, "firecracker");
    writeFileSync(copy, readFileSync(machines.programs().firecracker), { mode: 0o755 });
    const child = spawn(copy, ["--version"], {
      env: { PATH: "/usr/bin:/bin" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [code] = (await once(child, "exit")) as [number];
    assert.equal(code, 0);
    const moved = await FirecrackerProcess.start({ firecracker: copy, folder: folder.path });
    try {
      assert.equal((await moved.call("GET", "/")).status, 200);
    } finally {
      await moved.kill();
    }
  });
});
