import { execFileSync } from "node:child_process";

/** A user of this machine, made for a test. */
export interface SystemUser {
  readonly name: string;
  remove(): void;
}

/** Tells why no user can be made here; `undefined` where one can. */
export function findUserObstacle(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "needs root to add a user";
}

/** Adds a user that logs in with keys, and with the password if there is one. */
export function makeSystemUser(purpose: string, password?: string): SystemUser {
  const name = `fc-${purpose}-${process.pid}`;
  execFileSync("useradd", ["--no-create-home", "--shell", "/bin/sh", "--password", "*", name]);
  const remove = (): void => {
    execFileSync("userdel", [name], { stdio: "pipe" });
  };
  try {
    if (password !== undefined) execFileSync("chpasswd", [], { input: `${name}:${password}\n` });
  } catch (error) {
    remove();
    throw error;
  }
  return { name, remove };
}
