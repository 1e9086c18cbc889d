import type { AuthenticationType } from "ssh2";
import type { Credential } from "./credentials";

/** Walks through the credentials, leaving out those that the server would not take. */
export class LoginAttempts {
  public readonly tried: string[] = [];
  public isExhausted = false;
  public lastFailure: string | undefined;
  private readonly waiting: Credential[];

  public constructor(credentials: readonly Credential[]) {
    this.waiting = [...credentials];
  }

  public next(methodsLeft: readonly AuthenticationType[] | null): Credential["auth"] | false {
    for (;;) {
      const credential = this.waiting.shift();
      if (credential === undefined) {
        this.isExhausted = true;
        if (this.tried.length === 0) this.tried.push("no way to log in that it takes");
        return false;
      }
      if (methodsLeft?.includes(credential.method) === false) {
        this.noteFailure(`it takes ${methodsLeft.join(" or ")}`);
        continue;
      }
      this.tried.push(credential.label);
      return credential.auth;
    }
  }

  public noteFailure(text: string): void {
    this.lastFailure = text;
  }
}
