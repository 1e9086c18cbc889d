/**
 * One entry of an initramfs. Folders above it are made by themselves.
 *
 * @typedef {object} CpioEntry
 * @property {string} path without a slash at its beginning
 * @property {number} mode with the type, as in `stat`
 * @property {Uint8Array} [data] of a file; of a link, where it leads
 * @property {readonly [number, number]} [device] major and minor number
 */

export const fileType = 0o100000;
export const folderType = 0o040000;
export const linkType = 0o120000;
export const characterDeviceType = 0o020000;

/**
 * An archive as the kernel unpacks it into its first root file system: cpio's "newc" (initramfs-buffer-format.txt).
 * All belongs to root and has no time, so that equal contents make an equal archive.
 *
 * @param {readonly CpioEntry[]} entries
 * @returns {Buffer}
 */
export function buildCpioArchive(entries) {
  const all = [...listFolders(entries), ...entries];
  const records = all.map((entry, index) => buildRecord(entry, index + 1));
  return Buffer.concat([...records, buildRecord({ path: "TRAILER!!!", mode: 0 }, 0)]);
}

/**
 * The folders that no entry makes, from the top down.
 *
 * @param {readonly CpioEntry[]} entries
 * @returns {CpioEntry[]}
 */
function listFolders(entries) {
  const known = new Set(entries.map(({ path }) => path));
  /** @type {Set<string>} */
  const folders = new Set();
  for (const { path } of entries) {
    const parts = path.split("/").slice(0, -1);
    parts.forEach((_, index) => folders.add(parts.slice(0, index + 1).join("/")));
  }
  return [...folders]
    .filter((path) => !known.has(path))
    .sort()
    .map((path) => ({ path, mode: folderType | 0o755 }));
}

/**
 * @param {CpioEntry} entry
 * @param {number} inode
 */
function buildRecord({ path, mode, data = new Uint8Array(), device = [0, 0] }, inode) {
  const name = Buffer.from(`${path}\0`);
  const [major, minor] = device;
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, major, minor, name.length, 0];
  const head = Buffer.concat([
    Buffer.from("070701" + fields.map((field) => field.toString(16).padStart(8, "0")).join("")),
    name,
  ]);
  return Buffer.concat([pad(head), pad(data)]);
}

/** @param {Uint8Array} bytes */
function pad(bytes) {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
