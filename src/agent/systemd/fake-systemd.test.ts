import { describe } from '@jest/globals';
import { systemdContract } from '../../../test/contract/systemd.ts';
import { FakeSystemd } from './fake-systemd.ts';

describe('FakeSystemd', () => {
  const systemd = new FakeSystemd();
  systemdContract({
    get: () => systemd,
    lose: async () => systemd.lose(),
    // There are none.
    restartForeign: async () => undefined,
    soon: 300,
  });
});
