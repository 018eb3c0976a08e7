// download-pulumi.mjs VERSION ROOT: downloads the Pulumi CLI into ROOT/bin with the npm package's own downloader,
// which by itself would wait for an unreachable host without an end.
import { createRequire } from 'node:module';

/** Time to connect and get the installation script, a few kilobytes. */
const CONNECT_LIMIT_MS = 15_000;

async function fetchText(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(CONNECT_LIMIT_MS) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.text();
}

const [version, root] = process.argv.slice(2);
const { installCLI } = createRequire(import.meta.url)('pulumi/lib/download.js');
try {
  await installCLI(version, root, { fetchText });
} catch (error) {
  console.error(`Pulumi can't be downloaded: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
