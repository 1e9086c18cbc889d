import { gunzipSync } from "node:zlib";
import { SetupError } from "../setup/setupError.mjs";

/*
 * Offsets in a bzImage: the Linux/x86 boot protocol (Documentation/arch/x86/boot.rst), `setup_sects`,
 * `payload_offset` and `payload_length`. The payload ends with its own size when unpacked.
 */
const setupSectorsAt = 0x1f1;
const payloadOffsetAt = 0x248;
const payloadLengthAt = 0x24c;
const sectorBytes = 512;

const lz4Magic = 0x184c2102;
const gzipMagic = 0x8b1f;

/**
 * The kernel inside a bzImage, an ELF file.
 *
 * @param {Buffer} image
 * @returns {Buffer}
 */
export function extractVmlinux(image) {
  const start = ((image[setupSectorsAt] ?? 0) + 1) * sectorBytes + image.readUInt32LE(payloadOffsetAt);
  const payload = image.subarray(start, start + image.readUInt32LE(payloadLengthAt));
  const unpacked = unpack(payload);
  if (unpacked.toString("latin1", 0, 4) !== "\x7fELF") {
    throw new SetupError("the kernel's package holds no ELF kernel");
  }
  return unpacked;
}

/** @param {Buffer} payload */
function unpack(payload) {
  const size = payload.readUInt32LE(payload.length - 4);
  if (payload.readUInt32LE(0) === lz4Magic) return unpackLz4(payload.subarray(4, -4), size);
  if (payload.readUInt16LE(0) === gzipMagic) return gunzipSync(payload.subarray(0, -4));
  throw new SetupError("the kernel is compressed in a way that is not known here (lz4 and gzip are)");
}

/**
 * LZ4's legacy frame, as the kernel's build writes it: blocks, each behind its length.
 * Source: lz4_Block_format.md and lz4_Frame_format.md ('Legacy frame') of the LZ4 project.
 *
 * @param {Buffer} blocks
 * @param {number} size of what comes out
 */
function unpackLz4(blocks, size) {
  const output = Buffer.alloc(size);
  let at = 0;
  let written = 0;
  while (at < blocks.length) {
    const length = blocks.readUInt32LE(at);
    at += 4;
    // Frames may follow each other.
    if (length === lz4Magic) continue;
    written = unpackBlock(blocks.subarray(at, at + length), output, written);
    at += length;
  }
  return output.subarray(0, written);
}

/**
 * @param {Buffer} block
 * @param {Buffer} output
 * @param {number} start
 */
function unpackBlock(block, output, start) {
  let at = 0;
  let written = start;
  /** @param {number} nibble */
  const readLength = (nibble) => {
    let length = nibble;
    for (let more = nibble === 15; more;) {
      const byte = block[at++] ?? 0;
      length += byte;
      more = byte === 255;
    }
    return length;
  };
  while (at < block.length) {
    const token = block[at++] ?? 0;
    const literals = readLength(token >> 4);
    block.copy(output, written, at, at + literals);
    at += literals;
    written += literals;
    // The last sequence has literals only.
    if (at >= block.length) break;
    const distance = block.readUInt16LE(at);
    at += 2;
    const end = written + readLength(token & 15) + 4;
    // Byte by byte: what is copied may overlap what is being written.
    for (; written < end; written += 1) output[written] = output[written - distance] ?? 0;
  }
  return written;
}
