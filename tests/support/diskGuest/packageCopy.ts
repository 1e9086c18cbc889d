import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryFolder } from "../findPulumi";

const packageName = "pulumi-fc-agents";

/** A project with an installed package of its own, whose guest agent a test can give another version. */
export class PackageCopy {
  private readonly script: string;

  private constructor(public readonly project: string) {
    this.script = join(project, "node_modules", packageName, "dist", "provider", "guest", "fc-agent.sh");
  }

  /** Copies a program and the built package into an empty folder; all other packages are the repository's. */
  public static make(program: string, folder: string): PackageCopy {
    cpSync(program, folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
    const installed = join(folder, "node_modules");
    mkdirSync(join(installed, packageName), { recursive: true });
    for (const name of readdirSync(join(repositoryFolder, "node_modules"))) {
      if (name !== packageName)
        symlinkSync(join(repositoryFolder, "node_modules", name), join(installed, name));
    }
    for (const part of ["dist", "package.json"])
      cpSync(join(repositoryFolder, part), join(installed, packageName, part), { recursive: true });
    return new PackageCopy(folder);
  }

  /** The package is another version from now on: its guest agent has a line more. Returns the new text. */
  public changeGuestAgent(): string {
    const text = `${readFileSync(this.script, "utf8")}\n# another version\n`;
    writeFileSync(this.script, text);
    return text;
  }
}
