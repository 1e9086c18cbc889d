import { execFile } from "node:child_process";
import { join } from "node:path";
import type { MockedProgram, Registered } from "./mockedProgram";

const timeoutMs = 60_000;

/** What a program declares, by type and name, such as `MicroVm run`. Rejects with what the program threw. */
export async function declare(program: MockedProgram): Promise<Map<string, Registered>> {
  const registered = JSON.parse(await run(JSON.stringify(program))) as Registered[];
  return new Map(registered.map((each) => [`${each.type.split(":").at(-1) ?? ""} ${each.name}`, each]));
}

function run(input: string): Promise<string> {
  const argv = ["--require", "ts-node/register/transpile-only", join(__dirname, "mockedProgram.ts")];
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, argv, { timeout: timeoutMs }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(stderr === "" ? error.message : stderr));
    });
    child.stdin?.end(input);
  });
}
