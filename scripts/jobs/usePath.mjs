import { delimiter, relative } from "node:path";
import { projectFolder, pulumiFolder } from "../setup/folders.mjs";

/**
 * Lets everything that this process starts find the Pulumi CLI.
 *
 * @param {string} folder
 * @returns {string} how to name it to a person
 */
export function usePath(folder) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  if (!folders.includes(folder)) process.env.PATH = [folder, ...folders].join(delimiter);
  return `pulumi from ${folder === pulumiFolder ? relative(projectFolder, folder) : folder}`;
}
