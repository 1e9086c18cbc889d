import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const nodeVersion = "24.14.0";
const npmVersion = "10.9.9";
const downloadTimeoutMs = 120_000;

const cacheFolder = join(__dirname, "..", "..", ".tools", "cache");

/** An archive of Node.js as nodejs.org has it, on loopback. */
export interface NodeArchive {
  readonly url: string;
  readonly sha256: string;
  close(): Promise<void>;
}

/** Serves Node.js with npm; both come from the npm registry, which the machines of the tests reach. */
export async function serveNodeArchive(): Promise<NodeArchive> {
  const name = `node-v${nodeVersion}-linux-${process.arch}.tar.gz`;
  const archive = join(cacheFolder, name);
  if (!existsSync(archive)) await assemble(name.replace(".tar.gz", ""), archive);
  const server = createServer((request, response) => {
    if (request.url === `/${name}`) createReadStream(archive).pipe(response);
    else response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    url: `http://127.0.0.1:${address.port}/${name}`,
    sha256: createHash("sha256").update(readFileSync(archive)).digest("hex"),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function assemble(folderName: string, archive: string): Promise<void> {
  mkdirSync(cacheFolder, { recursive: true });
  const work = mkdtempSync(join(cacheFolder, "node-"));
  try {
    const root = join(work, folderName);
    await unpack(`node-linux-${process.arch}@${nodeVersion}`, work, root);
    await unpack(`npm@${npmVersion}`, work, join(root, "lib", "node_modules", "npm"));
    await run("ln", ["-s", "../lib/node_modules/npm/bin/npm-cli.js", join(root, "bin", "npm")]);
    const unfinished = join(work, "archive.tar.gz");
    await run("tar", ["-c", "-z", "-f", unfinished, "-C", work, folderName], { timeout: downloadTimeoutMs });
    renameSync(unfinished, archive);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function unpack(packageName: string, work: string, target: string): Promise<void> {
  const downloads = mkdtempSync(join(work, "pack-"));
  await run("npm", ["pack", "--silent", packageName], { cwd: downloads, timeout: downloadTimeoutMs });
  const [file] = readdirSync(downloads);
  mkdirSync(target, { recursive: true });
  await run("tar", ["-x", "-f", join(downloads, file ?? ""), "-C", target, "--strip-components=1"]);
}
