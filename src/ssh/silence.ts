import type { PlatformName } from '../model/platform-name.ts';
import { bastionName } from '../model/proxy-jump.ts';
import { refreshCommand } from '../model/up-command.ts';
import type { SshTarget } from './connection.ts';

/** Of a machine: its name, and who has to reach it. */
interface Silent {
  readonly name: string;
  readonly seenFrom: 'here' | 'the bastion';
}

/** What to do about a machine that does not answer, wherever it comes from. */
const nextSteps: Readonly<Record<PlatformName, (silent: Silent) => string>> = {
  local: ({ name }) =>
    `its console, .flotilla/stacks/<stack>/machines/${name}/console.log, says whether it runs; ${refreshCommand()} starts it when it is down`,
  aws: (silent) =>
    `see in the EC2 console whether ${silent.name} runs, and whether flotilla:aws.sshFrom holds ${from(silent)}; ` +
    `${refreshCommand()} learns its new address, or makes it again when it is gone`,
  digitalocean: (silent) =>
    `see in the control panel whether ${silent.name} runs, and whether flotilla:digitalocean.sshFrom holds ${from(silent)}; ` +
    `${refreshCommand()} makes it again when it is gone`,
  hosts: ({ seenFrom }) => `see that it runs and that its SSH is reached from ${seenFrom}`,
};

function from({ seenFrom }: Silent): string {
  return seenFrom === 'here' ? 'your address' : "the bastion's address";
}

/** What is said of a machine that has not answered, and the next step, where its platform is known. */
export function silenceOf(
  { name, host, proxyJump, platform }: SshTarget,
  seconds: number,
  last: string,
): { readonly said: string; readonly next?: string } {
  if (isUnknownName(last)) {
    const where = proxyJump ? bastionName(proxyJump) : 'this computer';
    const next = 'correct it in the config, or make it known there (DNS, /etc/hosts)';
    return { said: `${name} can't be reached: the name ${host} is not known on ${where}`, next };
  }
  const said = `${name} did not answer SSH within ${seconds} s; the last attempt said: ${last}`;
  if (platform === undefined) return { said };
  return { said, next: nextSteps[platform]({ name, seenFrom: proxyJump ? 'the bastion' : 'here' }) };
}

/** In getaddrinfo's words, and in those of a bastion's sshd, which pass on the C library's. */
function isUnknownName(said: string): boolean {
  return /ENOTFOUND|Name or service not known/.test(said);
}
