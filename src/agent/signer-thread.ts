/** The thread of a `ThreadSigner`: signs what it is sent, and loads what that takes. */
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../model/message-of.ts';
import { signServiceLeaf } from '../pki/service-leaf.ts';
import type { SignatureReply, SignatureRequest } from './signer.ts';

parentPort?.on('message', async ({ id, ...request }: SignatureRequest) => {
  const reply = await signServiceLeaf(request).then(
    (certificate): SignatureReply => ({ id, certificate }),
    (error: unknown): SignatureReply => ({ id, problem: messageOf(error) }),
  );
  parentPort?.postMessage(reply);
});
