import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeRoot } from './fake-root.ts';
import { installCommand, parseSimulation, refuseLosses, simulateCommand } from './packages.ts';

/** As apt-get(8) 2.6 prints it. */
const simulated = `Reading package lists...
The following packages will be REMOVED:
  containerd.io docker-ce
Remv docker-ce [5:28.0.1-1~debian.12~bookworm]
Remv containerd.io [1.7.25-1]
Inst libslirp0 (4.7.0-1 Debian:12.9/stable [amd64])
Inst containerd (1.6.20~ds1-1+deb12u1 Debian:12.9/stable [amd64])
Inst docker.io (20.10.24+dfsg1-1+deb12u1+b2 Debian:12.9/stable [amd64]) []
Inst openssl [3.0.15-1~deb12u1] (3.0.16-1~deb12u1 Debian:12.9/stable [amd64])
Inst iptables [1.9.0-9] (1.8.9-2 Debian:12.9/stable [amd64])
Conf docker.io (20.10.24+dfsg1-1+deb12u1+b2 Debian:12.9/stable [amd64])`;

let root: FakeRoot;
beforeEach(() => {
  const compare = '[ "$1 $2 $3 $4" = "--compare-versions 1.8.9-2 lt 1.9.0-9" ]';
  root = new FakeRoot({
    dpkg: compare,
    'apt-get': `case "$*" in *-s*) cat <<'END'\n${simulated}\nEND\nesac`,
  });
});
afterEach(() => root.remove());

test('what an installation would bring, take away or set back is told apart from upgrades', () => {
  const { status, stdout } = root.run(simulateCommand(['docker.io']));
  expect(status).toBe(0);
  expect(parseSimulation(stdout)).toEqual({
    brings: ['libslirp0', 'containerd', 'docker.io'],
    removes: ['docker-ce', 'containerd.io'],
    downgrades: ['iptables'],
  });
});

test('a loss is refused by name, with the way out', () => {
  const losses = { brings: ['docker.io'], removes: ['docker-ce'], downgrades: ['iptables'] };
  expect(() => refuseLosses(['docker.io'], losses, 'core-1')).toThrow(
    'On core-1, to install docker.io would remove docker-ce and downgrade iptables; nothing was changed.',
  );
  expect(() => refuseLosses(['docker.io'], losses, 'core-1')).toThrow('`apt-get remove docker-ce iptables`');
  refuseLosses(['docker.io'], { ...losses, removes: [], downgrades: [] }, 'core-1');
});

test('apt that finds something to remove after all ends instead', () => {
  root.play('dpkg', '');
  expect(root.run(installCommand(['docker.io'])).status).toBe(0);
  expect(root.calls().at(-1)).toContain(' install --no-remove --no-install-recommends -- docker.io');
});
