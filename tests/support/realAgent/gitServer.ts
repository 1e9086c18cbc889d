import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { temporaryFolder } from "../temporaryFolder";

/** A repository that is served over http by git itself. */
export interface GitServer {
  readonly url: string;
  /** The repository, on this machine. */
  readonly path: string;
  /** The commit that a clone starts from. */
  readonly commit: string;
  close(): Promise<void>;
}

/** Serves a repository of one commit at an address of this machine. */
export async function startGitServer(
  address: string,
  files: Readonly<Record<string, string>>,
): Promise<GitServer> {
  const folder = await temporaryFolder();
  const path = join(folder.path, "r.git");
  const commit = makeRepository(path, files);
  const server = createServer((request, response) => {
    askGit(folder.path, request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  server.listen(0, address);
  await once(server, "listening");
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the git server has no port");
  return {
    url: `http://${address}:${bound.port}/r.git`,
    path,
    commit,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      await folder.remove();
    },
  };
}

function makeRepository(path: string, files: Readonly<Record<string, string>>): string {
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", path, "-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
      encoding: "utf8",
    });
  mkdirSync(path);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  git("init", "--quiet");
  git("add", "--all");
  git("commit", "--quiet", "--message", "First");
  return git("rev-parse", "HEAD").trim();
}

/** One request, through `git http-backend` (CGI). */
async function askGit(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path, query = ""] = (request.url ?? "/").split("?", 2);
  const backend = spawn("git", ["http-backend"], {
    stdio: ["pipe", "pipe", "ignore"],
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      REQUEST_METHOD: request.method,
      PATH_INFO: path,
      QUERY_STRING: query,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    },
  });
  request.pipe(backend.stdin).on("error", () => undefined);
  const chunks: Buffer[] = [];
  for await (const chunk of backend.stdout) chunks.push(chunk as Buffer);
  const answer = Buffer.concat(chunks);
  const headerEnd = answer.indexOf("\r\n\r\n");
  const lines = answer.subarray(0, headerEnd).toString("latin1").split("\r\n");
  for (const line of lines) {
    const colon = line.indexOf(": ");
    const [name, value] = [line.slice(0, colon), line.slice(colon + 2)];
    if (name === "Status") response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.end(answer.subarray(headerEnd + 4));
}
