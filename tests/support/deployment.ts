import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { endSshCommands } from "./endSshCommands";
import { findPulumiObstacle } from "./findPulumi";
import {
  findNamespaceObstacle,
  makeNamespace,
  stateRoot,
  type Namespace,
  type NamespaceOptions,
} from "./namespace";
import { PulumiStack, type OperationResult } from "./pulumiStack";
import {
  privateKeyNeedles,
  sampleProcesses,
  scanFiles,
  scanText,
  tokenNeedle,
  type Needle,
  type ProcessSampler,
} from "./secretScan";
import { findSshdObstacle, startSshd, type Sshd, type SshdOptions } from "./sshd";
import { Secret } from "./stackConfig";
import { startGuest, type Guest, type GuestOptions } from "./startGuest";

export interface DeploymentOptions {
  /** Folder with a Pulumi.yaml. */
  project: string;
  sshd?: SshdOptions;
  env?: NodeJS.ProcessEnv;
}

/** Tells why nothing can be deployed to this machine; `undefined` where it can. */
export function findDeploymentObstacle(): string | undefined {
  return findPulumiObstacle() ?? findSshdObstacle() ?? findNamespaceObstacle();
}

/**
 * All that an end-to-end test deploys with: this machine as the host behind an sshd of its own, a namespace with
 * guests, a stack. Processes are watched for secrets from the beginning.
 */
export class Deployment {
  public readonly namespaces: Namespace[] = [];
  public readonly guests: Guest[] = [];
  public readonly token = makeToken();
  /** For a change of the token. */
  public readonly otherToken = makeToken();
  private readonly since = Date.now() - 1000;
  private readonly sampler: ProcessSampler;

  private constructor(
    public readonly sshd: Sshd,
    public readonly namespace: Namespace,
    public readonly stack: PulumiStack,
  ) {
    this.namespaces.push(namespace);
    this.sampler = sampleProcesses({ needles: this.needles() });
  }

  public static async open(options: DeploymentOptions): Promise<Deployment> {
    const undo: (() => void | Promise<void>)[] = [];
    try {
      const sshd = await startSshd(options.sshd);
      undo.push(() => sshd.stop());
      const namespace = await makeNamespace();
      undo.push(() => namespace.remove());
      const stack = await PulumiStack.create({ project: options.project, env: options.env ?? {} });
      return new Deployment(sshd, namespace, stack);
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    }
  }

  /** What a program needs to log in: the key as a secret, the rest as it is. */
  public loginConfig(): { privateKey: Secret; claudeToken: Secret; connection: object } {
    const { privateKey, ...connection } = this.sshd.connection();
    return { privateKey: new Secret(privateKey), claudeToken: new Secret(this.token), connection };
  }

  public async addNamespace(options: NamespaceOptions = {}): Promise<Namespace> {
    const namespace = await makeNamespace(options);
    this.namespaces.push(namespace);
    return namespace;
  }

  public async addGuest(options: GuestOptions & { namespace?: Namespace } = {}): Promise<Guest> {
    const guest = await startGuest(options.namespace ?? this.namespace, options);
    this.guests.push(guest);
    return guest;
  }

  /** Folders on the host of task servers in this deployment's namespaces. */
  public listServerFolders(namespace = this.namespace): string[] {
    const names = existsSync(stateRoot) ? readdirSync(stateRoot) : [];
    return names
      .filter((name) => name.includes(namespace.name) && statSync(join(stateRoot, name)).isDirectory())
      .map((name) => join(stateRoot, name));
  }

  /** Number of results over 16 KiB, which are files, that the task servers of a namespace hold, whole and synced. */
  public countLargeResults(namespace = this.namespace): number {
    const folders = this.listServerFolders(namespace).map((folder) => join(folder, "results"));
    return folders.filter(existsSync).flatMap((folder) => readdirSync(folder)).length;
  }

  /** Asserts that neither a process nor a folder of a task server is left on the host. */
  public async assertNothingLeft(namespace = this.namespace): Promise<void> {
    assert.deepEqual(await namespace.listProcesses(), []);
    assert.deepEqual(this.listServerFolders(namespace), []);
  }

  /** Ends the watch and asserts that no process, file, log or output has shown token or key. */
  public async assertNoSecretShown(): Promise<void> {
    const { samples, findings } = await this.sampler.stop();
    assert.ok(samples > 50, `looked at the processes ${samples} times only`);
    const needles = this.needles();
    const guestFolders = this.guests.map(({ folder }) => folder);
    const folders = [stateRoot, tmpdir(), "/var/tmp", "/run", "/var/log", join(homedir(), ".local")];
    assert.deepEqual(
      [
        ...findings,
        ...scanText(needles, "the CLI's output", this.stack.transcript),
        ...scanText(needles, "sshd's log", this.sshd.log()),
        // Not on the host: the guests' disks, and the key that logs in, which the test's own sshd has made.
        ...scanFiles(needles, folders, { since: this.since, except: [this.sshd.folder, ...guestFolders] }),
      ],
      [],
    );
  }

  /** Removes everything, also after a failure. */
  public async close(): Promise<void> {
    await this.sampler.stop();
    await Promise.all(this.guests.map((guest) => guest.stop()));
    await this.stack.endOperations();
    await this.sshd.stop();
    endSshCommands(this.sshd);
    await Promise.all(this.namespaces.map((namespace) => namespace.remove()));
    this.stack.remove();
  }

  private needles(): Needle[] {
    return [...[this.token, this.otherToken].map(tokenNeedle), ...privateKeyNeedles(this.sshd.privateKey)];
  }
}

function makeToken(): string {
  return `sk-ant-oat01-${randomBytes(24).toString("hex")}`;
}

/** Asserts that an operation succeeded, and shows what it printed if not. */
export function assertSucceeded(result: OperationResult): void {
  assert.equal(result.exitCode, 0, result.text);
}

/** Asserts that an operation failed with a message. */
export function assertFailed(result: OperationResult, message: RegExp): void {
  assert.notEqual(result.exitCode, 0, result.text);
  assert.match(result.text.replace(/\s+/g, " "), message);
}
