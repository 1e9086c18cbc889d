import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TaskServer } from "../taskServer/taskServer";

/** Where a server keeps its queue. */
export function databasePath(server: TaskServer): string {
  return join(server.folder, "queue.db");
}

/** Runs SQL on a database file, which is made where there is none; all of it is in the file itself afterwards. */
export function runSql(path: string, sql: string): void {
  const program = [
    "import sqlite3, sys",
    "connection = sqlite3.connect(sys.argv[1], isolation_level=None)",
    "connection.executescript(sys.argv[2] + ';PRAGMA wal_checkpoint(TRUNCATE)')",
  ];
  execFileSync("python3", ["-c", program.join("\n"), path, sql]);
}

/** Bytes of a file, as a short text that differs where they do. */
export function fingerprint(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** The databases that were moved out of the way in a server's folder. */
export function listSetAside(server: TaskServer): string[] {
  return readdirSync(server.folder)
    .filter((name) => /^queue\.db\.set-aside-[\d-]+$/.test(name))
    .map((name) => join(server.folder, name));
}

/** The first value that a query finds, also while a server has the file open. */
export function querySql(path: string, sql: string): string {
  const program = [
    "import sqlite3, sys",
    "row = sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()",
    "print('' if row is None else row[0], end='')",
  ];
  return execFileSync("python3", ["-c", program.join("\n"), path, sql], { encoding: "utf8" });
}
