import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export const repositoryFolder = join(__dirname, "..", "..");

/** Where the set-up puts a CLI that it had to get itself. */
const toolsFolder = join(repositoryFolder, ".tools", "pulumi", "bin");

/** The folder of the Pulumi CLI: the user's own one comes first. `undefined` when there is none. */
export function findPulumi(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return [...folders, toolsFolder].find((folder) =>
    ["pulumi", "pulumi-language-nodejs"].every((name) => isExecutable(join(folder, name))),
  );
}

/** Tells why no stack can be deployed here; `undefined` where one can. */
export function findPulumiObstacle(): string | undefined {
  return findPulumi() === undefined ? "the Pulumi CLI is not installed (npm run setup)" : undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
