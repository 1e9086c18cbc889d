// Builds what virtual machines boot from, and prints where it is as one JSON line; with an obstacle, prints that.
//   node scripts/vm/image.mjs
import { SetupError } from "../setup/setupError.mjs";
import { ensureImage } from "./ensureImage.mjs";
import { findVmObstacle } from "./vmPrograms.mjs";

/** @returns {Promise<{ obstacle: string } | import("./ensureImage.mjs").VmImage>} */
async function describeImage() {
  const obstacle = findVmObstacle();
  if (obstacle !== undefined) return { obstacle };
  try {
    return await ensureImage();
  } catch (error) {
    if (error instanceof SetupError) return { obstacle: error.message };
    throw error;
  }
}

process.stdout.write(`${JSON.stringify(await describeImage())}\n`);
