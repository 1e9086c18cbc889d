import { execFile } from "node:child_process";
import { join } from "node:path";

const projectFolder = join(__dirname, "..", "..");

export interface JobResult {
  exitCode: number;
  output: string;
  lastLine: string;
}

/** Runs one of the modules in scripts/jobs in a process of its own, the way `npm` does it without set-up. */
export function runJob(module: string, job: string, args: readonly string[] = []): Promise<JobResult> {
  const program = [
    `import { ${job} } from ${JSON.stringify(join(projectFolder, "scripts", module))};`,
    `const result = await ${job}(${JSON.stringify(args)});`,
    "process.exitCode = typeof result === 'number' ? result : 0;",
  ].join("\n");
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ["--input-type=module", "--eval", program],
      { cwd: projectFolder, timeout: 25_000 },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : Number(error.code ?? 1);
        const lastLine = stdout.trimEnd().split("\n").at(-1) ?? "";
        resolve({ exitCode, output: stdout + stderr, lastLine });
      },
    );
    child.stdin?.end();
  });
}
