import { realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { buildPulumi } from "./buildPulumi.mjs";
import { downloadPulumi } from "./downloadPulumi.mjs";
import { isExecutable } from "./findExecutable.mjs";
import { pulumiFolder } from "./folders.mjs";
import { say, step } from "./say.mjs";
import { SetupError } from "./setupError.mjs";

/** Takes `@pulumi/pulumi` 3.225–3.248, and can also be built from Go modules. */
const version = "3.225.0";

/** The CLI, what runs Node.js programs, and what runs dynamic providers. */
const programs = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"];

/**
 * The folder of the Pulumi CLI: the user's own, else the one that an earlier set-up got, else a new one.
 *
 * @returns {Promise<string>}
 */
export async function ensurePulumi() {
  return findOnPath() ?? (isComplete(pulumiFolder) ? pulumiFolder : await getPulumi());
}

function findOnPath() {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "" && isExecutable(join(folder, "pulumi")))
    .flatMap((folder) => [folder, dirname(realpathSync(join(folder, "pulumi")))])
    .find(isComplete);
}

/** @param {string} folder */
function isComplete(folder) {
  return programs.every((name) => isExecutable(join(folder, name)));
}

async function getPulumi() {
  try {
    await step(`downloading the Pulumi CLI ${version}`, () => downloadPulumi(version, pulumiFolder));
    return pulumiFolder;
  } catch (error) {
    say(`  ${describe(error)}`);
  }
  try {
    await step(`building the Pulumi CLI ${version} from Go modules, which takes some minutes`, () =>
      buildPulumi(version, pulumiFolder),
    );
    return pulumiFolder;
  } catch (error) {
    throw new SetupError(
      `the Pulumi CLI could not be installed: ${describe(error)}\n` +
        "Install it as https://www.pulumi.com/docs/install/ says, so that `pulumi` is on PATH, and try again.",
    );
  }
}

/** @param {unknown} error */
function describe(error) {
  if (!(error instanceof Error)) return String(error);
  // fetch hides the reason in the cause.
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
