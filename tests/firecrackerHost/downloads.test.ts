import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { catchError } from "../support/catchError";
import { skipBecause } from "../support/skipBecause";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";
import { useSshd } from "../support/useSshd";
import { defaultVersion } from "../../provider/firecrackerHost/releases";
import { type FileServer, startFileServer } from "./fileServer";
import {
  engineFolder,
  findRootObstacle,
  install,
  listBeside,
  listFoldersOf,
  removeInstalled,
} from "./firecrackerOnHost";
import {
  architecture,
  elfHead,
  makeRelease,
  type Member,
  type Release,
  releaseMembers,
  sayVersion,
} from "./makeRelease";

describe("Firecracker that the host downloads", function () {
  this.timeout(60_000);
  const { main } = useSshd();
  let folder: TemporaryFolder;
  let server: FileServer;
  let release: Release;

  before(function () {
    skipBecause(this, findRootObstacle());
  });
  beforeEach(async () => {
    folder = await temporaryFolder();
    server = await startFileServer();
    release = makeRelease(folder.path);
    server.answers.set("/fc.tgz", release.content);
  });
  afterEach(async () => {
    await removeInstalled();
    await server.stop();
    await folder.remove();
  });

  const source = (overrides: object = {}): Record<string, unknown> => ({
    source: { url: `${server.url}/fc.tgz`, sha256: release.sha256, ...overrides },
  });
  /** Fails as it should, and leaves nothing on the host. */
  async function failToInstall(overrides: Record<string, unknown>): Promise<string> {
    const error = await catchError(install(main().connection(), overrides));
    assert.ok(!existsSync(engineFolder({ archive: release.sha256 })), "something was left");
    return error.message;
  }
  /** Offers another archive under the same address. */
  function offer(members: readonly Member[]): void {
    release = makeRelease(folder.path, members);
    server.answers.set("/fc.tgz", release.content);
  }

  it("is unpacked, belongs to root and may be run", async () => {
    const { state, id } = await install(main().connection(), source());
    const place = engineFolder({ archive: release.sha256 });
    assert.deepEqual(
      [state.status, state.firecrackerPath, state.jailerPath, state.firecrackerVersion, state.architecture],
      ["ready", `${place}/firecracker`, `${place}/jailer`, defaultVersion, architecture],
    );
    for (const path of [state.firecrackerPath, state.jailerPath ?? ""]) {
      const { mode, uid } = statSync(path);
      assert.deepEqual([mode & 0o7777, uid], [0o755, 0]);
      assert.match(readFileSync(path, "utf8"), /^#!\/bin\/sh/);
    }
    assert.deepEqual(listBeside(state.firecrackerPath), ["firecracker", "jailer", "record.json"]);
    assert.deepEqual(listFoldersOf(id), [place]);
    assert.ok(state.findings.some(({ name }) => name === "kernel"));
  });

  it("is not downloaded a second time", async () => {
    const installed = await install(main().connection(), source());
    const before = statSync(installed.state.firecrackerPath);
    await installed.update({ requireKvm: false });
    assert.deepEqual(server.asked, ["/fc.tgz"]);
    assert.equal(statSync(installed.state.firecrackerPath).ino, before.ino);
  });

  it("comes from a mirror under the names that the project gives its files", async () => {
    const path = `/mirror/v${defaultVersion}/firecracker-v${defaultVersion}-${architecture}.tgz`;
    server.answers.set(path, release.content);
    const { state } = await install(main().connection(), {
      source: { mirror: `${server.url}/mirror/`, sha256: release.sha256 },
    });
    assert.deepEqual([state.status, server.asked], ["ready", [path]]);
  });

  it("follows a redirect", async () => {
    server.answers.set("/old", (_request, response) => {
      response.writeHead(302, { Location: "/fc.tgz" }).end();
    });
    await install(main().connection(), source({ url: `${server.url}/old` }));
    assert.deepEqual(server.asked, ["/old", "/fc.tgz"]);
  });

  it("is refused with another hash, and nothing of it is used", async () => {
    const wrong = "0".repeat(64);
    const message = await failToInstall(source({ sha256: wrong }));
    assert.match(
      message,
      new RegExp(`Could not install Firecracker on root@127.*has the SHA-256 sum ${release.sha256}`),
    );
    assert.match(message, /and 0{64} was expected; nothing of it was used/);
    assert.ok(!existsSync(engineFolder({ archive: wrong })));
  });

  it("is refused when the download breaks off", async () => {
    server.answers.set("/fc.tgz", (_request, response) => {
      response.writeHead(200, { "Content-Length": release.content.length });
      response.write(release.content.subarray(0, 100), () => response.destroy());
    });
    assert.match(await failToInstall(source()), /broke off after \d+ of \d+ bytes|failed: /);
  });

  it("is given up when a slow server takes longer than the time-out", async () => {
    server.answers.set("/fc.tgz", (_request, response) => {
      response.writeHead(200, { "Content-Length": release.content.length });
      let at = 0;
      const timer = setInterval(() => response.write(release.content.subarray(at, (at += 1))), 100);
      response.on("close", () => {
        clearInterval(timer);
      });
    });
    const startedAt = Date.now();
    const message = await failToInstall({ ...source(), downloadTimeoutSeconds: 1 });
    assert.match(message, /the download of http:\/\/127.*\/fc\.tgz took more than 1 s/);
    assert.ok(Date.now() - startedAt < 15_000);
  });

  it("is refused where redirects go in a circle", async () => {
    server.answers.set("/fc.tgz", (_request, response) => {
      response.writeHead(302, { Location: "/fc.tgz" }).end();
    });
    assert.match(await failToInstall(source()), /\/fc\.tgz redirects too often/);
    assert.ok(server.asked.length <= 8, `${server.asked.length} requests`);
  });

  it("is refused where a redirect leads to a file of the host", async () => {
    server.answers.set("/fc.tgz", (_request, response) => {
      response.writeHead(302, { Location: "file:///etc/passwd" }).end();
    });
    assert.match(await failToInstall(source()), /Redirection to url 'file:\/\/\/etc\/passwd' is not allowed/);
  });

  it("is refused where there is nothing, and the message names the address without its query", async () => {
    const message = await failToInstall(source({ url: `${server.url}/none?signature=abc` }));
    assert.match(
      message,
      /http:\/\/127\.0\.0\.1:\d+\/none answered 404 Not Found.*upload the file from here/,
    );
    assert.ok(!message.includes("signature"));
  });

  it("is refused where nobody answers", async () => {
    const { url } = server;
    await server.stop();
    server = await startFileServer();
    const message = await failToInstall(source({ url: `${url}/fc.tgz` }));
    assert.match(message, /the download of .* failed: .*refused/i);
  });

  it("is refused with a path that leads out of the archive", async () => {
    offer([...releaseMembers(), { name: "../../etc/evil", text: "evil" }]);
    assert.match(
      await failToInstall(source()),
      /a path that leads out of it: '\.\.\/\.\.\/etc\/evil'; nothing of it was used/,
    );
  });

  it("is refused with a link in the place of a program", async () => {
    offer(
      releaseMembers().map((member) =>
        member.name.includes("/firecracker-") ? { name: member.name, link: "/bin/sh" } : member,
      ),
    );
    assert.match(await failToInstall(source()), /firecracker-v\S+ in the archive is not an ordinary file/);
  });

  it("is refused when it is the archive of another architecture", async () => {
    const other = architecture === "x86_64" ? "aarch64" : "x86_64";
    offer(releaseMembers({ architecture: other }));
    assert.match(
      await failToInstall(source()),
      new RegExp(`the archive has no release-v\\S+-${architecture}/.*${other}`),
    );
  });

  it("is refused when its program is for another machine", async () => {
    const other = architecture === "x86_64" ? 183 : 62;
    offer(
      releaseMembers().map((member) =>
        member.name.includes("/firecracker-")
          ? { name: member.name, hex: elfHead(other).toString("hex") }
          : member,
      ),
    );
    assert.match(await failToInstall(source()), /firecracker is for (aarch64|x86_64), and the host is/);
  });

  it("is refused when the program says that it is another version", async () => {
    offer(releaseMembers({ says: "1.2.3" }));
    assert.match(
      await failToInstall(source()),
      /says that it is Firecracker 1\.2\.3, and 1\.\S+ was asked for.*`version: "1\.2\.3"`/,
    );
  });

  it("is refused when its program does not run", async () => {
    offer(
      releaseMembers().map((member) =>
        member.name.includes("/firecracker-")
          ? { name: member.name, text: "#!/bin/sh\necho 'no such library' >&2\nexit 3\n" }
          : member,
      ),
    );
    assert.match(
      await failToInstall(source()),
      /ended with 3 when it was asked for its version[^]*no such library/,
    );
  });

  it("is refused without a jailer, unless none is asked for", async () => {
    offer(releaseMembers().filter(({ name }) => !name.includes("jailer")));
    assert.match(await failToInstall(source()), /has no jailer.*`jailer: false`/);
    const { state } = await install(main().connection(), { ...source(), jailer: false });
    assert.deepEqual([state.status, state.jailerPath], ["ready", undefined]);
  });

  it("is refused when it is no archive", async () => {
    server.answers.set("/fc.tgz", sayVersion("Firecracker"));
    const content = server.answers.get("/fc.tgz") as string;
    const { createHash } = await import("node:crypto");
    const sha256 = createHash("sha256").update(content).digest("hex");
    assert.match(await failToInstall(source({ sha256 })), /the archive cannot be unpacked: not a gzip file/);
  });
});
