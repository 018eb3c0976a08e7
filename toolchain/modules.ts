/**
 * Runs a program whose modules may be missing: after a `git pull` the clone may ask for others than were installed.
 * `main` has to import what it needs itself, so that this is noticed here.
 */
export async function runWithModules(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const missing = missingModule(error);
    if (missing === undefined) throw error;
    console.error(
      `This clone's modules are not those it asks for: ${missing}. Next step: bash toolchain/setup.sh up`,
    );
    process.exitCode = 1;
  }
}

/** Node's own words, which name the package and who wants it. */
function missingModule(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ERR_MODULE_NOT_FOUND' || !(error instanceof Error)) return undefined;
  return error.message.split('\n', 1)[0];
}
