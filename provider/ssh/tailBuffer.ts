/** Keeps the last bytes of a stream. */
export class TailBuffer {
  private chunks: Buffer[] = [];
  private size = 0;

  public constructor(private readonly limit: number) {}

  public append(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
    while (this.size - (this.chunks[0]?.length ?? 0) >= this.limit) {
      this.size -= this.chunks.shift()?.length ?? 0;
    }
  }

  public toString(): string {
    return Buffer.concat(this.chunks).subarray(-this.limit).toString("utf8");
  }
}
