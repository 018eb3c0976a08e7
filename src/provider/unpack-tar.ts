import { spawn } from 'node:child_process';
import { buffer, text } from 'node:stream/consumers';

/**
 * A file out of a tar file, by the tar of this computer, which has another program do the unpacking.
 *
 * @param flag tar's for the compression, `J` or `z`
 * @param file for messages
 */
export async function unpackTar(
  bytes: Buffer,
  { flag, name, file }: { readonly flag: 'J' | 'z'; readonly name: string; readonly file: string },
): Promise<Buffer> {
  const child = spawn('tar', [`-x${flag}Of`, '-', name], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A tar that ends early closes its input; why it does, it says.
  child.stdin.on('error', () => undefined);
  child.stdin.end(bytes);
  const [status, found, said] = await Promise.all([ended, buffer(child.stdout), text(child.stderr)]);
  if (status === 0) return found;
  const packer = flag === 'J' ? 'xz' : 'gzip';
  throw new Error(`${file} can't be unpacked (${said.trim()}): are tar and ${packer} there?`);
}
