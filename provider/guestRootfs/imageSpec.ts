import { createHash } from "node:crypto";
import { guestAgentScript } from "./guestAgentScript";
import type { GuestRootfsInputs } from "./guestRootfsContract";
import { type NodeRelease, nodeReleases } from "./nodeReleases";

/**
 * The number of the recipe by which images are built. Another number builds all images anew, so it changes only when
 * that is worth it.
 */
const recipe = 1;

/** What an image is to be, as the host program is told. */
export interface ImageSpec {
  /** Hash over all that only a new build can change. */
  buildHash: string;
  /** Hash over what can be replaced in an image as it is: the guest agent and the name servers. */
  filesHash: string;
  agentHash: string;
  agent: string;
  suite: string;
  mirror: string;
  components: readonly string[];
  updateSuites: readonly string[];
  keyring: string;
  sizeMib: number;
  packages: readonly string[];
  /** By the machine's name in `uname -m`; `any` is for each. */
  node: Readonly<Record<string, NodeRelease>>;
  /** Empty: npm's own. */
  npmRegistry: string;
  claudeCodeVersion: string;
  claudeCodeIntegrity: readonly string[];
  resolvers: readonly string[];
}

/** Words the inputs as an image that is to be. */
export function specifyImage(inputs: GuestRootfsInputs, agent = guestAgentScript()): ImageSpec {
  const { suite, mirror, components, keyring, sizeMib, npmRegistry, claudeCodeVersion, resolvers } = inputs;
  const built = {
    suite,
    mirror,
    components,
    updateSuites: inputs.updateSuites ?? [`${suite}-updates`, `${suite}-security`],
    keyring,
    sizeMib,
    packages: [...new Set(inputs.packages)].sort(),
    node: chooseNode(inputs),
    npmRegistry: npmRegistry ?? "",
    claudeCodeVersion,
    claudeCodeIntegrity: [...(inputs.claudeCodeIntegrity ?? [])].sort(),
  };
  return {
    ...built,
    resolvers,
    agent: agent.text,
    agentHash: agent.hash,
    buildHash: hashOf({ recipe, force: inputs.force, ...built }),
    filesHash: hashOf({ agent: agent.hash, resolvers }),
  };
}

function chooseNode({ nodeUrl, nodeSha256 }: GuestRootfsInputs): Readonly<Record<string, NodeRelease>> {
  if (nodeUrl === undefined || nodeSha256 === undefined) return nodeReleases;
  return { any: { url: nodeUrl, sha256: nodeSha256 } };
}

/** Names the whole content: equal hashes, nothing to do. */
export function contentHashOf({
  buildHash,
  filesHash,
}: Partial<Pick<ImageSpec, "buildHash" | "filesHash">>): string {
  return buildHash === undefined || filesHash === undefined ? "" : hashOf([buildHash, filesHash]);
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
