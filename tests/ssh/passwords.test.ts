import assert from "node:assert/strict";
import { AuthenticationRefusedError } from "../../provider/errors/authenticationRefusedError";
import { catchError } from "../support/catchError";
import { logIn } from "../support/logIn";
import { passwordConnection } from "../support/passwordConnection";
import { useServers } from "../support/useServers";

describe("passwords", () => {
  const servers = useServers();
  const { password } = servers;
  const connect = (port: number, more: object = {}): object => passwordConnection(port, password, more);

  it("logs in with a password, checked by the host key", async () => {
    const server = await servers.startSsh();
    const connection = connect(server.port, { insecureIgnoreHostKey: false, hostKey: server.hostKey });
    assert.equal(await logIn(connection), "logged in");
  });

  it("answers a keyboard-interactive question with the password", async () => {
    const server = await servers.startSsh({
      onAuthentication: (context) => {
        if (context.method !== "keyboard-interactive") {
          context.reject(["keyboard-interactive"]);
          return;
        }
        context.prompt([{ prompt: "Password:", echo: false }], (answers) => {
          if (answers[0] === password) context.accept();
          else context.reject();
        });
      },
    });
    assert.equal(await logIn(connect(server.port)), "logged in");
  });

  it("does not try a wrong password again, and does not show it", async () => {
    const server = await servers.startSsh();
    const error = await catchError(logIn(connect(server.port, { password: "hunter2" })));
    assert.ok(error instanceof AuthenticationRefusedError, error.message);
    assert.match(error.message, /the password/);
    assert.match(error.message, /Failed to connect to agent|it takes password/);
    assert.doesNotMatch(error.message, /hunter2/);
    assert.equal(server.countConnections(), 1);
  });
});
