/** Debian's chromium, for pages: where it is missing a test is skipped, and says so. */
import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const path = "/usr/bin/chromium";

export const skipWithoutChromium = existsSync(path) ? false : "chromium is not installed: apt-get install chromium";

export async function startChromium(): Promise<Browser> {
  // As root chromium has no sandbox of its own; what it loads here is this repository's page alone.
  return await chromium.launch({ executablePath: path, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
}
