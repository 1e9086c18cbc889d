import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { specifyImage } from "../../../provider/guestRootfs/imageSpec";
import type { ImageBench } from "../../guestRootfs/imageBench";

const cacheFolder = join(__dirname, "..", "..", "..", ".tools", "cache", "images");
const files = { image: "rootfs.ext4", record: "record.json" } as const;
const copyTimeoutMs = 120_000;

/** An image takes a minute to build, so that one which was built by a test is kept for the next run. */
export class ImageCache {
  private readonly folder: string;
  private readonly buildHash: string;

  public constructor(
    private readonly bench: ImageBench,
    inputs: Readonly<Record<string, unknown>>,
  ) {
    // Node.js comes from another port each time; its hash is part of the name all the same.
    const { buildHash } = specifyImage(bench.inputs({ ...inputs, nodeUrl: "http://127.0.0.1/node" }));
    this.folder = join(cacheFolder, buildHash.slice(0, 16));
    this.buildHash = specifyImage(bench.inputs(inputs)).buildHash;
  }

  /** Puts the image on the host as a build that was interrupted before its end was noted; false where there is none. */
  public put(): boolean {
    if (process.env.FC_TEST_BUILD_IMAGE === "1" || !existsSync(this.folder)) return false;
    mkdirSync(this.bench.folder, { recursive: true, mode: 0o700 });
    const record = JSON.parse(readFileSync(join(this.folder, files.record), "utf8")) as object;
    copy(join(this.folder, files.image), this.bench.image);
    writeFileSync(
      join(this.bench.folder, files.record),
      JSON.stringify({ ...record, buildHash: this.buildHash }),
      { mode: 0o600 },
    );
    return true;
  }

  /** Keeps the image that stands on the host, in place of all that were kept before. */
  public keep(): void {
    if (existsSync(this.folder)) return;
    mkdirSync(cacheFolder, { recursive: true });
    const made = mkdtempSync(join(cacheFolder, "new-"));
    try {
      copy(this.bench.image, join(made, files.image));
      copy(join(this.bench.folder, files.record), join(made, files.record));
      for (const name of readdirSync(cacheFolder).filter((other) => !other.startsWith("new-")))
        rmSync(join(cacheFolder, name), { recursive: true, force: true });
      renameSync(made, this.folder);
    } finally {
      rmSync(made, { recursive: true, force: true });
    }
  }
}

function copy(source: string, target: string): void {
  execFileSync("cp", ["--reflink=auto", "--sparse=always", "--preserve=mode,timestamps", source, target], {
    timeout: copyTimeoutMs,
  });
}
