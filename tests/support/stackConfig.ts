import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type ConfigValue = string | number | boolean | object | Secret | undefined;

/** A value that stands encrypted in the configuration file. */
export class Secret {
  public constructor(public readonly text: string) {}
}

/** Encrypts a text into the scratch configuration file, as `pulumi config set --secret` does. */
export type Encrypt = (text: string) => Promise<void>;

/**
 * A stack's configuration file. It is written here and not by the CLI, a third of a second for each value; only
 * secrets are encrypted by the CLI, once each.
 */
export class StackConfig {
  private readonly values = new Map<string, ConfigValue>();
  private readonly encrypted = new Map<string, string>();
  private salt = "";

  public constructor(
    private readonly project: string,
    private readonly folder: string,
    /** Where `encrypt` writes to. */
    private readonly scratchFile: string,
    private readonly encrypt: Encrypt,
  ) {}

  public get path(): string {
    return join(this.folder, "Pulumi.test.yaml");
  }

  /** Sets values; one that is `undefined` is taken away. */
  public async set(values: Readonly<Record<string, ConfigValue>>): Promise<void> {
    for (const [key, value] of Object.entries(values)) {
      if (value === undefined) this.values.delete(key);
      else this.values.set(key, value);
      if (value instanceof Secret && !this.encrypted.has(value.text)) await this.encryptOnce(value.text);
    }
    this.write();
  }

  private async encryptOnce(text: string): Promise<void> {
    await this.encrypt(text);
    const written = readFileSync(this.scratchFile, "utf8");
    this.salt = /encryptionsalt: (\S+)/.exec(written)?.[1] ?? "";
    const secure = /secure: (\S+)/.exec(written)?.[1];
    if (secure === undefined) throw new Error(`no secret in the configuration:\n${written}`);
    this.encrypted.set(text, secure);
  }

  private write(): void {
    const config = Object.fromEntries(
      [...this.values].map(([key, value]) => [
        `${this.project}:${key}`,
        value instanceof Secret ? { secure: this.encrypted.get(value.text) } : value,
      ]),
    );
    // JSON is YAML.
    writeFileSync(
      this.path,
      JSON.stringify({ encryptionsalt: this.salt || undefined, config }, undefined, 2),
    );
  }
}
