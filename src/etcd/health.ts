import type { MemberFacts } from './facts.ts';
import type { CertificateState } from './membership.ts';

/** What a member lacks, in words for the stack's outputs; `healthy` when it lacks nothing. */
export function healthOf(
  { healthy, hasEnvironment, state }: MemberFacts,
  certificate: CertificateState,
): string {
  if (certificate === 'unfit') return 'its certificate has to be renewed';
  if (healthy)
    return hasEnvironment ? 'healthy' : 'its etcd.env is gone, without which it can not start again';
  // Type=notify: it was in a quorum when it started.
  return state === 'active' ? 'without a majority' : state || 'unknown';
}
