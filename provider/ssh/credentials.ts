import { readFile } from "node:fs/promises";
import type { AnyAuthMethod, ParsedKey } from "ssh2";
import { NoCredentialsError } from "../errors/noCredentialsError";
import { PrivateKeyUnusableError } from "../errors/privateKeyUnusableError";
import type { Endpoint } from "./endpoint";
import { expandHome } from "./expandHome";
import { fingerprint } from "./hostKey";
import { loadSsh2 } from "./loadSsh2";

/** One way to log in, with its name for messages. */
export interface Credential {
  label: string;
  /** The method's name in the SSH protocol, by which a server says what it would take. */
  method: "publickey" | "password" | "keyboard-interactive";
  auth: AnyAuthMethod;
}

const defaultIdentityFiles = ["~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"];

/**
 * Lists the ways to log in, in the order in which they are tried: private key, password, agent. Key files
 * of ~/.ssh come in only where no credential was given at all.
 */
export async function collectCredentials(endpoint: Endpoint): Promise<Credential[]> {
  const credentials: Credential[] = [];
  const notes: string[] = [];
  if (endpoint.privateKey !== undefined) credentials.push(await usePrivateKey(endpoint, endpoint.privateKey));
  if (endpoint.password !== undefined) credentials.push(...usePassword(endpoint.user, endpoint.password));
  const isAnyGiven = credentials.length > 0 || endpoint.agentSocketPath !== undefined;
  if (!isAnyGiven && endpoint.identityFiles.length > 0) {
    credentials.push(...(await useKeyFiles(endpoint, endpoint.identityFiles, notes)));
  }
  const agent = endpoint.agentSocketPath ?? process.env["SSH_AUTH_SOCK"];
  if (agent !== undefined && agent !== "") {
    const auth: AnyAuthMethod = { type: "agent", username: endpoint.user, agent };
    credentials.push({ label: `the SSH agent at ${agent}`, method: "publickey", auth });
  }
  if (!isAnyGiven && endpoint.identityFiles.length === 0) {
    credentials.push(...(await useKeyFiles(endpoint, defaultIdentityFiles.map(expandHome), notes)));
  }
  if (credentials.length === 0) throw new NoCredentialsError(endpoint.name, notes);
  return credentials;
}

async function usePrivateKey(endpoint: Endpoint, text: string): Promise<Credential> {
  const source = `\`${endpoint.inputPath}.privateKey\``;
  const key = await parsePrivateKey(text, endpoint.privateKeyPassword);
  if (key instanceof Error) throw new PrivateKeyUnusableError(endpoint.name, source, key.message);
  return makeKeyCredential(endpoint.user, source, key);
}

function makeKeyCredential(username: string, source: string, key: ParsedKey): Credential {
  const label = `${source} (${key.type} ${fingerprint(key.getPublicSSH())})`;
  return { label, method: "publickey", auth: { type: "publickey", username, key } };
}

/** Key files are found, not given: one that is missing or locked is passed over and noted. */
async function useKeyFiles(
  endpoint: Endpoint,
  paths: readonly string[],
  notes: string[],
): Promise<Credential[]> {
  const found: Credential[] = [];
  for (const path of paths) {
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text === undefined) {
      notes.push(`${path} cannot be read`);
      continue;
    }
    const key = await parsePrivateKey(text, endpoint.privateKeyPassword);
    if (key instanceof Error) notes.push(`${path} cannot be used: ${key.message}`);
    else found.push(makeKeyCredential(endpoint.user, path, key));
  }
  return found;
}

async function parsePrivateKey(text: string, passphrase: string | undefined): Promise<ParsedKey | Error> {
  const { utils } = await loadSsh2();
  // Secret stores trim the last line break and editors on Windows add carriage returns; neither is the key's fault.
  const key = utils.parseKey(`${text.replaceAll("\r\n", "\n").trim()}\n`, passphrase);
  if (key instanceof Error || key.isPrivateKey()) return key;
  return new Error("this is a public key");
}

/** Many servers take passwords only as the answer to a question. */
function usePassword(username: string, password: string): Credential[] {
  return [
    { label: "the password", method: "password", auth: { type: "password", username, password } },
    {
      label: "the password (keyboard-interactive)",
      method: "keyboard-interactive",
      auth: {
        type: "keyboard-interactive",
        username,
        prompt: (_name, _instructions, _language, prompts, finish) => {
          finish(prompts.map(() => password));
        },
      },
    },
  ];
}
