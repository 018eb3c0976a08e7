import { describe, expect, test } from '@jest/globals';
import { debianMirrors } from './sources.ts';

const bookworm = 'ID=debian\nVERSION_CODENAME=bookworm\n';
const mirror = {
  archive: 'http://mirror.example/debian',
  security: 'https://mirror.example/debian-security',
};

const deb822 = `# A comment
Types: deb deb-src
URIs: http://mirror.example/debian/
Suites: bookworm
  bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
# http://commented.example/debian-security
URIs: https://mirror.example/debian-security
Suites: bookworm-security
Components: main
`;

const oneLine = `deb-src http://wrong.example/debian bookworm main
# deb http://wrong.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # ours
deb https://mirror.example/debian-security bookworm-security main
`;

describe('Debian mirrors of the host', () => {
  test.each([
    ['deb822', 'debian.sources', deb822],
    ['one-line', 'sources.list', oneLine],
  ])('%s', (_, name, text) => {
    expect(debianMirrors([{ name, text }], bookworm)).toEqual(mirror);
  });

  test('third parties’ repositories are passed over', () => {
    const text = `deb https://download.example/linux/debian bookworm stable
deb https://apt.example bookworm main
${oneLine}`;
    expect(debianMirrors([{ name: 'sources.list', text }], bookworm)).toEqual(mirror);
  });

  test('so are disabled ones, and those a guest can’t reach', () => {
    const text =
      'Enabled: no\nTypes: deb\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\n';
    const cdrom = 'deb cdrom:[Debian]/debian bookworm main\ndeb file:///srv/debian bookworm main\n';
    const files = [
      { name: 'off.sources', text },
      { name: 'sources.list', text: cdrom },
    ];
    expect(debianMirrors(files, bookworm)).toEqual({});
  });

  test('a frozen mirror’s path is kept', () => {
    const text = 'deb http://snapshot.example/archive/debian/20250520T000000Z bookworm main\n';
    expect(debianMirrors([{ name: 'sources.list', text }], bookworm)).toEqual({
      archive: 'http://snapshot.example/archive/debian/20250520T000000Z',
    });
  });

  test('another distribution’s mirrors don’t carry Debian', () => {
    const ubuntu = 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n';
    const text = 'deb http://archive.example/ubuntu noble main\n';
    expect(debianMirrors([{ name: 'sources.list', text }], ubuntu)).toEqual({});
  });
});
