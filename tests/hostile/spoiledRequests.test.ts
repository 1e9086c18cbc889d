import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { speak } from "../support/hostile/speak";
import { Guest } from "../support/taskServer/guest";
import { useOneTaskServer } from "../support/taskServer/useTaskServers";

const get = "GET /healthz HTTP/1.1\r\n";
const post = "POST /result HTTP/1.1\r\nHost: h\r\n";
const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`;
/** Stands behind a request whose end is read in two ways: it must never be answered. */
const smuggled = "GET /task HTTP/1.1\r\nHost: h\r\n\r\n";

type Row = readonly [what: string, bytes: string, status: number];

const headRows: readonly Row[] = [
  ["a head of 64 KiB", `${get}Host: h\r\n${"X: y\r\n".repeat(11_000)}\r\n`, 431],
  ["one field of 1 MiB", `${get}Host: h\r\nX: ${"y".repeat(1024 * 1024)}\r\n\r\n`, 431],
  ["1,000 fields", `${get}Host: h\r\n${"X:\r\n".repeat(1000)}\r\n`, 431],
  ["a head without an end", `${get}Host: h\r\n${"X: y\r\n".repeat(4000)}`, 431],
  ["a target of 1 MiB", `GET /${"x".repeat(1024 * 1024)} HTTP/1.1\r\nHost: h\r\n\r\n`, 431],
  ["a target of 3 KiB", `GET /${"x".repeat(3000)} HTTP/1.1\r\nHost: h\r\n\r\n`, 414],
  ["a method of 33 letters", `${"M".repeat(33)} /task HTTP/1.1\r\nHost: h\r\n\r\n`, 400],
  ["HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["HTTP/0.9", "GET /task\r\n\r\n", 400],
  ["HTTP/1.2", "GET /task HTTP/1.2\r\nHost: h\r\n\r\n", 505],
  ["HTTP/9.9", "GET /task HTTP/9.9\r\nHost: h\r\n\r\n", 505],
  ["a version without digits", "GET /task HTTP/x.y\r\nHost: h\r\n\r\n", 400],
  ["two blanks in the request line", "GET  /task HTTP/1.1\r\nHost: h\r\n\r\n", 400],
  ["a tab in the request line", "GET\t/task HTTP/1.1\r\nHost: h\r\n\r\n", 400],
  ["a target with a fragment", "GET /task#x HTTP/1.1\r\nHost: h\r\n\r\n", 400],
  ["a target without a slash", "GET task HTTP/1.1\r\nHost: h\r\n\r\n", 400],
  ["CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 400],
  ["an absolute target of another scheme", "GET ftp://h/task HTTP/1.1\r\nHost: h\r\n\r\n", 400],
  ["an absolute target with a user", "GET http://u@h/task HTTP/1.1\r\nHost: h\r\n\r\n", 400],
  ["no Host", `${get}\r\n`, 400],
  ["two Hosts", `${get}Host: h\r\nHost: h\r\n\r\n`, 400],
  ["a Host that is none", `${get}Host: h/../x\r\n\r\n`, 400],
  ["a NUL in a value", `${get}Host: h\r\nX: a\0b\r\n\r\n`, 400],
  ["a NUL in a name", `${get}Host: h\r\nX\0: a\r\n\r\n`, 400],
  ["a NUL in the target", "GET /task\0 HTTP/1.1\r\nHost: h\r\n\r\n", 400],
  ["a line end that is LF alone", "GET /healthz HTTP/1.1\nHost: h\n\n", 400],
  ["a line end that is CR alone", "GET /healthz HTTP/1.1\rHost: h\r\r", 400],
  ["a folded line", `${get}Host: h\r\nX: a\r\n b\r\n\r\n`, 400],
  ["a blank before the colon", `${get}Host : h\r\n\r\n`, 400],
  ["a blank before the name", `${get} Host: h\r\n\r\n`, 400],
  ["a field without a colon", `${get}Host: h\r\nX\r\n\r\n`, 400],
  ["a field without a name", `${get}Host: h\r\n: x\r\n\r\n`, 400],
  ["two empty lines in front", `\r\n\r\n${get}Host: h\r\n\r\n`, 400],
  ["an expectation that is unknown", `${get}Host: h\r\nExpect: a miracle\r\n\r\n`, 417],
  ["bytes of TLS", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n", 400],
];

const lengthRows: readonly Row[] = [
  ["20 digits", `${post}Content-Length: 99999999999999999999\r\n\r\n`, 413],
  ["2^63", `${post}Content-Length: 9223372036854775808\r\n\r\n`, 413],
  ["1,000 zeros and one digit too many", `${post}Content-Length: ${"0".repeat(1000)}1000001\r\n\r\n`, 413],
  ["a sign", `${post}Content-Length: +5\r\n\r\nhello`, 400],
  ["a minus", `${post}Content-Length: -5\r\n\r\nhello`, 400],
  ["a hexadecimal number", `${post}Content-Length: 0x5\r\n\r\nhello`, 400],
  ["a number with an underscore", `${post}Content-Length: 1_0\r\n\r\nhellohello`, 400],
  ["a number with a blank", `${post}Content-Length: 5 5\r\n\r\nhello`, 400],
  ["a list", `${post}Content-Length: 5, 5\r\n\r\nhello`, 400],
  ["an empty one", `${post}Content-Length:\r\n\r\nhello`, 400],
  ["digits of another script", `${post}Content-Length: \xb2\r\n\r\nhello`, 400],
  ["two different ones", `${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`, 400],
  ["the same one twice", `${post}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, 400],
  ["none at all", `${post}\r\n`, 411],
];

const smugglingRows: readonly Row[] = [
  ["CL.TE", `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ["TE.CL", `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, 400],
  ["TE.TE", `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n`, 400],
  ["a coding that is not the last", `${post}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`, 501],
  ["a coding before it", `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501],
  ["the coding twice", `${post}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, 501],
  ["a coding that looks alike", `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, 501],
  ["a quoted coding", `${post}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`, 501],
  ["a coding after a vertical tab", `${post}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n`, 400],
  ["a coding with a blank before the colon", `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`, 400],
  ["a folded coding", `${post}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`, 400],
  ["a coding behind LF alone", `${post}X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ["a coding behind CR alone", `${post}X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ["a coding in HTTP/1.0", "POST /result HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400],
  ["a length in the trailer of a chunk line", `${chunked}5\nhello\r\n0\r\n\r\n`, 400],
];

const chunkRows: readonly Row[] = [
  ["no number", `${chunked}zz\r\n`, 400],
  ["a negative number", `${chunked}-1\r\n`, 400],
  ["a number with 0x", `${chunked}0x5\r\nhello\r\n`, 400],
  ["a number with a blank before it", `${chunked} 5\r\nhello\r\n`, 400],
  ["an empty line", `${chunked}\r\n`, 400],
  ["17 digits", `${chunked}fffffffffffffffff\r\n`, 413],
  ["16 digits", `${chunked}8000000000000000\r\n`, 413],
  ["more bytes than it says", `${chunked}3\r\nhello\r\n0\r\n\r\n`, 400],
  ["fewer bytes than it says", `${chunked}6\r\nhello\r\n0\r\n\r\n`, 400],
  ["other bytes where its line end should be", `${chunked}5\r\nhelloXX0\r\n\r\n`, 400],
  ["an LF for its line end", `${chunked}5\nhello\n0\n\n`, 400],
  ["an extension of 1 KiB", `${chunked}5;${"e".repeat(1024)}\r\nhello\r\n0\r\n\r\n`, 400],
  ["an extension with LF alone", `${chunked}5;a\nb\r\nhello\r\n0\r\n\r\n`, 400],
  ["an extension with NUL", `${chunked}5;\0\r\nhello\r\n0\r\n\r\n`, 400],
  ["a trailer of 64 KiB", `${chunked}0\r\n${"X: y\r\n".repeat(11_000)}\r\n`, 431],
  ["a trailer that is none", `${chunked}0\r\nno colon\r\n\r\n`, 400],
  ["a trailer that is folded", `${chunked}0\r\nX: a\r\n b\r\n\r\n`, 400],
];

describe("Spoiled requests", () => {
  const server = useOneTaskServer({ limits: { maxResultBytes: 1_000_000, resultRetentionHours: 1 } });

  /** A task is claimed, and one more is queued: neither may be touched. */
  async function assertRefused(rows: readonly Row[]): Promise<void> {
    const { id } = await server().submit();
    const { id: queued } = await server().submit();
    assert.equal((await new Guest(server(), "127.0.0.5").take()).id, id);
    const { workerPid } = await server().status();
    for (const [what, bytes, status] of rows) {
      const { statuses, text } = await speak(server(), bytes + smuggled);
      assert.deepEqual([what, ...statuses], [what, status]);
      assert.ok(!text.includes(server().token), what);
    }
    assert.deepEqual([await stateOf(id), await stateOf(queued)], ["claimed", "queued"]);
    assert.deepEqual(readdirSync(`${server().folder}/incoming`), []);
    assert.equal((await server().status()).workerPid, workerPid);
  }

  const stateOf = async (id: string): Promise<string> => (await server().record(id)).state;

  it(`of ${headRows.length} kinds with a bad head are refused once, the connection is closed, and what follows is not read`, async () => {
    await assertRefused(headRows);
  });

  it(`of ${lengthRows.length} kinds with an absurd or contradictory length are refused, and nothing is stored`, async () => {
    await assertRefused(lengthRows);
  });

  it(`of ${smugglingRows.length} kinds that others would read in two ways are refused, and the second reading is never served`, async () => {
    await assertRefused(smugglingRows);
  });

  it(`of ${chunkRows.length} kinds with bad chunks are refused, and nothing is stored`, async () => {
    await assertRefused(chunkRows);
  });
});
