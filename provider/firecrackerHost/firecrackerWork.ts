import * as z from "zod";
import { LocalFileError } from "../errors/localFileError";
import { dropUndefined } from "../forward/dropUndefined";
import { showOnResourceLine } from "../forward/engineLog";
import type { Known } from "../hostResource/hostResourceKind";
import { type HostCommand, runHostProgram } from "../hostProgram/runHostProgram";
import { runHostProgramWithFiles } from "../hostProgram/runHostProgramWithFiles";
import type { Host } from "../ssh/host";
import {
  type FirecrackerHostInputs,
  type FirecrackerHostOutputs,
  firecrackerHostOutputsSchema,
  type FirecrackerHostState,
  firecrackerHostStatuses,
} from "./firecrackerHostContract";
import { findingSchema } from "./finding";
import { hashLocalFile, listLocalFiles, type LocalFile, measureLocalFile } from "./localFile";
import { knownSums, releasesUrl } from "./releases";

/** Bounds a look at the host, a lock and a removal, in milliseconds. */
const shortTimeoutMs = 120_000;

/** While another stack downloads the same, this one waits for it so long (`WAIT_SECONDS` on the host). */
const waitForOthersMs = 900_000;

/** The slowest line that an upload has to work over, in bytes a second. */
const slowestUpload = 64 * 1024;

/** What the host says of the files. JSON's null stands for a file that is not there. */
const seenSchema = z.object({
  status: z.enum(firecrackerHostStatuses),
  architecture: z.string(),
  firecrackerPath: z.string().nullable(),
  jailerPath: z.string().nullable(),
  kernelPath: z.string().nullable(),
  firecrackerVersion: z.string().nullable(),
  kernelSha256: z.string().nullable(),
  findings: z.array(findingSchema),
});

const installedSchema = z.object({ needs: z.array(z.string()), seen: seenSchema.optional() });
const observedSchema = z.object({ seen: seenSchema });
const removedSchema = z.object({ warnings: z.array(z.string()) });

/** A local file whose content is known. */
interface HashedFile extends LocalFile {
  sha256: string;
}

/** Brings Firecracker and the kernel onto the host; what is there already is left as it is. */
export async function ensureFirecracker(
  host: Host,
  inputs: FirecrackerHostInputs,
  known: Known<FirecrackerHostState>,
): Promise<FirecrackerHostOutputs> {
  const files = await hashFiles(inputs);
  const install = (args: object, timeoutMs: number): HostCommand => ({
    what: "Could not install Firecracker",
    op: "firecracker.install",
    args: { ...describeInstallation(inputs, known, files), ...args },
    timeoutMs,
    onProgress: (text) => {
      showOnResourceLine(inputs.ownUrn, text);
    },
  });
  const seconds = inputs.downloadTimeoutSeconds;
  const first = installedSchema.parse(await runHostProgram(host, install({ seconds }, boundWork(seconds))));
  if (first.seen !== undefined) return describeSeen(inputs, first.seen);
  const sent = files.filter(({ name }) => first.needs.includes(name));
  const uploads = await measureFiles(sent);
  const bytes = uploads.reduce((sum, { size }) => sum + size, 0);
  const uploadSeconds = Math.max(seconds, Math.ceil(bytes / slowestUpload));
  const command = install({ seconds: uploadSeconds, uploads }, boundWork(uploadSeconds));
  const paths = sent.map(({ path }) => path);
  const { seen, needs } = installedSchema.parse(await runHostProgramWithFiles(host, command, paths));
  if (seen === undefined) throw new Error(`The host asks for ${needs.join(", ")}, which was sent to it`);
  return describeSeen(inputs, seen);
}

/** Bounds the archive and the kernel, one after the other, in milliseconds. */
function boundWork(seconds: number): number {
  return shortTimeoutMs + waitForOthersMs + 2 * seconds * 1000;
}

/** Looks at the files. Where they are absent, their paths stay as they were: others are built on them. */
export async function observeFirecracker(
  host: Host,
  state: FirecrackerHostState,
  instanceId: string,
): Promise<FirecrackerHostOutputs> {
  const answer = await runHostProgram(host, {
    what: "Could not look at Firecracker",
    op: "firecracker.observe",
    args: { instanceId, hasKernel: state.kernel !== undefined },
    timeoutMs: shortTimeoutMs,
  });
  const before = firecrackerHostOutputsSchema.parse(state);
  const now = describeSeen(state, observedSchema.parse(answer).seen);
  return { ...before, ...dropUndefined(now) };
}

/** Gives up what this instance uses; the last one that uses it removes it. Returns warnings. */
export async function removeFirecracker(host: Host, instanceId: string): Promise<readonly string[]> {
  const answer = await runHostProgram(host, {
    what: "Could not remove Firecracker",
    op: "firecracker.remove",
    args: { instanceId },
    timeoutMs: shortTimeoutMs,
  });
  return removedSchema.parse(answer).warnings.map((warning) => `${host.name}: ${warning}`);
}

function describeInstallation(
  inputs: FirecrackerHostInputs,
  known: Known<FirecrackerHostState>,
  files: readonly HashedFile[],
): object {
  const { kernel } = inputs;
  return {
    owner: inputs.stableKey,
    instanceId: known.instanceId,
    isNew: known.state === undefined,
    requireKvm: inputs.requireKvm,
    engine: { version: inputs.version, jailer: inputs.jailer, ...describeSource(inputs, files) },
    kernel:
      kernel === undefined ? null : { url: kernel.url, sha256: sumOf(files, "kernel") ?? kernel.sha256 },
  };
}

function describeSource({ source, version }: FirecrackerHostInputs, files: readonly HashedFile[]): object {
  const { url, mirror, file, firecracker, sha256 } = source;
  if (firecracker !== undefined) {
    return { files: { firecracker: sumOf(files, "firecracker"), jailer: sumOf(files, "jailer") } };
  }
  if (file !== undefined) return { sha256: sumOf(files, "archive") };
  if (url !== undefined) return { url, sha256 };
  const releases = mirror === undefined ? releasesUrl : mirror.replace(/\/+$/, "");
  return { base: `${releases}/v${version}`, sha256, known: knownSums[version] };
}

function sumOf(files: readonly HashedFile[], name: string): string | undefined {
  return files.find((file) => file.name === name)?.sha256;
}

/** The sums of the local files: as the program has told them, so that a destroyed file of an installed thing is no error. */
async function hashFiles(inputs: FirecrackerHostInputs): Promise<HashedFile[]> {
  const hashed: HashedFile[] = [];
  for (const file of listLocalFiles(inputs.source, inputs.kernel)) {
    const sha256 = inputs.localSha256?.[file.name] ?? (await hashLocalFile(file));
    const wanted =
      file.name === "kernel"
        ? inputs.kernel?.sha256
        : file.name === "archive"
          ? inputs.source.sha256
          : undefined;
    if (wanted !== undefined && wanted !== sha256) {
      throw new LocalFileError(
        file.property,
        file.path,
        `its SHA-256 sum is ${sha256}, and ${wanted} was expected`,
      );
    }
    hashed.push({ ...file, sha256 });
  }
  return hashed;
}

async function measureFiles(files: readonly LocalFile[]): Promise<{ name: string; size: number }[]> {
  return Promise.all(files.map(async (file) => ({ name: file.name, size: await measureLocalFile(file) })));
}

function describeSeen(
  inputs: FirecrackerHostInputs,
  seen: z.infer<typeof seenSchema>,
): FirecrackerHostOutputs {
  return {
    status: seen.status,
    architecture: seen.architecture,
    firecrackerPath: seen.firecrackerPath ?? undefined,
    jailerPath: inputs.jailer ? (seen.jailerPath ?? undefined) : undefined,
    kernelPath: seen.kernelPath ?? undefined,
    firecrackerVersion: seen.firecrackerVersion ?? undefined,
    kernelSha256: seen.kernelSha256 ?? undefined,
    findings: seen.findings,
  };
}
