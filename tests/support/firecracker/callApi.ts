import { request } from "node:http";

export interface ApiAnswer {
  readonly status: number;
  /** Parsed JSON; undefined where there is none. */
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

const answerTimeoutMs = 60_000;

/** One request to Firecracker's API, on a connection of its own. `body` may be text that is no JSON. */
export function callApi(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const content = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
    const headers = { "Content-Length": Buffer.byteLength(content), "Content-Type": "application/json" };
    const call = request(
      {
        socketPath,
        method,
        path,
        headers: content === "" ? {} : headers,
        timeout: answerTimeoutMs,
        // Firecracker never closes a connection, and only takes ten at once.
        agent: false,
      },
      (answer) => {
        let received = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => {
          received += chunk;
        });
        answer.once("error", reject);
        answer.once("end", () => {
          const { statusCode = 0, headers: answered } = answer;
          resolve({
            status: statusCode,
            body: received === "" ? undefined : parse(received),
            headers: answered,
          });
        });
      },
    );
    call.once("error", reject);
    call.once("timeout", () =>
      call.destroy(new Error(`${method} ${path}: no answer in ${answerTimeoutMs} ms`)),
    );
    call.end(content);
  });
}

/** The text of a refusal; undefined where there is none. */
export function faultOf(answer: ApiAnswer): string | undefined {
  const { body } = answer;
  if (typeof body !== "object" || body === null || !("fault_message" in body)) return undefined;
  return typeof body.fault_message === "string" ? body.fault_message : undefined;
}

function parse(text: string): unknown {
  return JSON.parse(text);
}
