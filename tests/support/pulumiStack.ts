import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { findPulumi } from "./findPulumi";
import { readChanges, type Changes } from "./readChanges";
import { startCommand, type CommandResult, type RunningCommand } from "./runCommand";
import { StackConfig, type ConfigValue } from "./stackConfig";
import { readStackState, type StackState } from "./stackState";

/** Longer than any operation of these tests takes on a busy machine with two cores. */
const operationTimeoutMs = 120_000;

/** How long an interrupted operation may take to end by itself, and then to end at once. */
const endingMs = { wait: 4000, kill: 10_000 };

export interface StackOptions {
  /** Folder with a Pulumi.yaml. */
  project: string;
  env?: NodeJS.ProcessEnv;
  onOutput?: (chunk: string) => void;
  /** Bounds one operation, in milliseconds. Default: longer than any takes that builds no image. */
  operationTimeoutMs?: number;
}

/** What an operation printed and did. */
export interface OperationResult extends CommandResult, Changes {
  /** Standard output and error, as a person would see them. */
  text: string;
}

export interface RunningOperation extends Omit<RunningCommand, "result"> {
  /** The file to which the engine writes what it does, while it does it: a JSON object on each line. */
  readonly eventLog: string;
  readonly result: Promise<OperationResult>;
}

/** A stack driven by the real CLI, on a file backend and with a home folder of its own. */
export class PulumiStack {
  /** Holds backend, configuration, home and logs. */
  public readonly folder = mkdtempSync(join(tmpdir(), "fc-stack-"));
  /** Everything that the CLI has printed so far. */
  public transcript = "";
  public readonly env: NodeJS.ProcessEnv;
  private readonly config: StackConfig;
  private readonly projectName: string;
  /** A project of the same name, for commands that would write into the real one's folder. */
  private readonly scratch: string;
  private operations = 0;
  private readonly running = new Set<RunningCommand>();

  private constructor(private readonly options: StackOptions) {
    const bin = findPulumi();
    if (bin === undefined) throw new Error("the Pulumi CLI is not installed");
    process.once("exit", this.removeFolder);
    const home = join(this.folder, "home");
    mkdirSync(join(this.folder, "backend"));
    mkdirSync(home);
    this.projectName =
      /^name: (\S+)/m.exec(readFileSync(join(options.project, "Pulumi.yaml"), "utf8"))?.[1] ?? "";
    this.env = {
      PATH: [bin, process.env.PATH].join(delimiter),
      // No key, known_hosts or agent of the person who runs the tests.
      HOME: home,
      PULUMI_HOME: join(home, ".pulumi"),
      PULUMI_BACKEND_URL: `file://${join(this.folder, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "of the tests",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
      // Allows --event-log.
      PULUMI_DEBUG_COMMANDS: "true",
      ...options.env,
    };
    this.scratch = join(this.folder, "scratch");
    mkdirSync(this.scratch);
    writeFileSync(join(this.scratch, "Pulumi.yaml"), `name: ${this.projectName}\nruntime: nodejs\n`);
    const scratchFile = join(this.scratch, "Pulumi.test.yaml");
    this.config = new StackConfig(this.projectName, this.folder, scratchFile, async (text) => {
      await this.runPlain(["config", "set", "--secret", "--stack", "test", "scratch"], text);
    });
  }

  public static async create(options: StackOptions): Promise<PulumiStack> {
    const stack = new PulumiStack(options);
    try {
      await stack.runPlain(["stack", "init", "test"]);
      return stack;
    } catch (error) {
      stack.removeFolder();
      throw error;
    }
  }

  public configure(values: Readonly<Record<string, ConfigValue>>): Promise<void> {
    return this.config.set(values);
  }

  public preview(...args: string[]): Promise<OperationResult> {
    return this.start("preview", args).result;
  }

  public up(...args: string[]): Promise<OperationResult> {
    return this.start("up", ["--yes", "--skip-preview", ...args]).result;
  }

  public refresh(): Promise<OperationResult> {
    return this.start("refresh", ["--yes", "--skip-preview"]).result;
  }

  public destroy(): Promise<OperationResult> {
    return this.start("destroy", ["--yes", "--skip-preview"]).result;
  }

  /** Unlocks a stack whose CLI was killed. */
  public cancel(): Promise<CommandResult> {
    return this.runPlain(["cancel", "--yes", "--stack", "test"]);
  }

  /** Starts an operation without waiting for its end. */
  public start(
    operation: "preview" | "up" | "refresh" | "destroy",
    args: readonly string[],
  ): RunningOperation {
    this.operations += 1;
    const eventLog = join(this.folder, `events-${this.operations}.json`);
    const command = this.startIn(this.options.project, [
      ...[operation, "--stack", "test", "--config-file", this.config.path],
      ...["--non-interactive", "--color", "never", "--event-log", eventLog, ...args],
    ]);
    const result = command.result.then((ended) => ({
      ...ended,
      ...readChanges(eventLog),
      text: ended.stdout + ended.stderr,
    }));
    return { ...command, eventLog, result };
  }

  /** The stack's outputs as the CLI prints them for scripts. */
  public async outputs(): Promise<Record<string, unknown>> {
    const { stdout } = await this.runPlain(["stack", "output", "--json", "--stack", "test"]);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  /** The stack's state as it stands in the backend, secrets encrypted. */
  public exportState(): StackState {
    const path = [".pulumi", "stacks", this.projectName, "test.json"];
    return readStackState(readFileSync(join(this.folder, "backend", ...path), "utf8"));
  }

  /** Runs any other command of the CLI, which has to succeed. */
  public async runPlain(args: readonly string[], stdin?: string): Promise<CommandResult> {
    const result = await this.startIn(this.scratch, [...args, "--non-interactive"], stdin).result;
    if (result.exitCode !== 0) {
      throw new Error(`pulumi ${args.join(" ")} failed:\n${result.stdout}${result.stderr}`);
    }
    return result;
  }

  /**
   * Ends the operations that run as a person does. The first Ctrl-C waits for the resource at hand, so that what has
   * been made gets into the state; the second one ends it.
   */
  public async endOperations(): Promise<void> {
    for (const { result, signalGroup } of this.running) {
      const timers = [
        setTimeout(signalGroup, endingMs.wait, "SIGINT"),
        setTimeout(signalGroup, endingMs.wait + endingMs.kill, "SIGKILL"),
      ];
      signalGroup("SIGINT");
      await result.catch(() => undefined);
      timers.forEach(clearTimeout);
    }
  }

  public remove(): void {
    process.removeListener("exit", this.removeFolder);
    this.removeFolder();
  }

  private readonly removeFolder = (): void => {
    rmSync(this.folder, { recursive: true, force: true });
  };

  private startIn(cwd: string, args: readonly string[], stdin = ""): RunningCommand {
    const command = startCommand("pulumi", args, {
      cwd,
      env: this.env,
      timeoutMs: this.options.operationTimeoutMs ?? operationTimeoutMs,
      stdin,
      onOutput: (chunk) => {
        this.transcript += chunk;
        this.options.onOutput?.(chunk);
      },
    });
    this.running.add(command);
    void command.result.finally(() => this.running.delete(command)).catch(() => undefined);
    return command;
  }
}
