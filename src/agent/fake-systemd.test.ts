import { describe } from '@jest/globals';
import { systemdContract } from '../../test/contract/systemd.ts';
import { FakeSystemd } from './fake-systemd.ts';

describe('FakeSystemd', () => {
  const systemd = new FakeSystemd();
  systemdContract(
    () => systemd,
    async () => systemd.lose(),
    300,
  );
});
