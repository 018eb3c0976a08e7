/**
 * What is allowed and yet worth a word.
 *
 * @param path of the setting
 */
export function openSshWarnings(path: string, sshFrom: readonly string[]): string[] {
  const wide = sshFrom.filter((source) => source.includes('/') && Number(source.split('/')[1]) < 8);
  return wide.map(
    (source) =>
      `${path}: ${source} lets the world try SSH. Keys alone are accepted there, but name your own range where you can`,
  );
}
