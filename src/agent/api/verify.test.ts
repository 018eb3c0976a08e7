import { expect, test } from '@jest/globals';
import { serveAgent } from '../../../test/contract/served-agent.ts';
import { rootPrefix } from '../../store/keys.ts';
import { refusals } from './verify.ts';

const folder = '/tmp/flotilla-verify-aB3';

test('only what systemd would not load is a refusal', () => {
  const said = [
    `${folder}/a.service:2: Neither a valid executable name nor an absolute path: bin/true`,
    'a.service: Unit configuration has fatal error, unit will not be started.',
    'Unit a.service has a bad unit file setting.',
    'b.service: Command /opt/later is not executable: No such file or directory',
    `${folder}/c.service:3: Unknown key name 'Colour' in section 'Service', ignoring.`,
  ].join('\n');
  expect(refusals(said, ['a.service', 'b.service', 'c.service'])).toEqual([
    'systemd refuses a.service: a.service:2: Neither a valid executable name nor an absolute path: bin/true; ' +
      'a.service: Unit configuration has fatal error, unit will not be started.',
  ]);
});

test('a template is refused by the instance that systemd made up', () => {
  const said =
    'e@i.service: Service has more than one ExecStart= setting. Refusing.\nUnit e@i.service has a bad unit file setting.\n';
  expect(refusals(said, ['e@.service'])).toEqual([
    'systemd refuses e@.service: e@i.service: Service has more than one ExecStart= setting. Refusing.',
  ]);
});

test('new files are asked about once each, and refused with what systemd says', async () => {
  const asked: string[][] = [];
  const verify = async (files: readonly { name: string; contents: string }[]) => {
    asked.push(files.map(({ name }) => name));
    return files.flatMap(({ name, contents }) =>
      contents.includes('bin/bad') ? [`systemd refuses ${name}`] : [],
    );
  };
  const agent = await serveAgent(['core-1'], { verify });
  const apply = (put: object[]) => agent.call('POST', '/flotilla/v1/apply', { put, destroy: [] });
  const unit = (name: string, command: string) => {
    const contents = `[Service]\nExecStart=${command}\n`;
    return { name, contents, targetState: 'launched' };
  };
  const good = [unit('a@1.service', '/bin/good'), unit('a@2.service', '/bin/good')];
  expect(await apply(good)).toMatchObject({ status: 200 });
  expect(await apply([...good, unit('b.service', 'bin/bad')])).toEqual({
    status: 400,
    body: { error: { code: 400, message: 'systemd refuses b.service' } },
  });
  expect(asked).toEqual([[expect.stringMatching(/^a@/)], ['b.service']]);
  const options = [{ section: 'Service', name: 'ExecStart', value: 'bin/bad' }];
  expect(await agent.call('PUT', '/fleet/v1/units/c.service', { options })).toMatchObject({ status: 400 });
  await agent.end();
});

test('a change reads the cluster once, asked about or not', async () => {
  const agent = await serveAgent(['core-1'], { verify: async () => [] });
  const { store } = agent.cluster;
  const list = store.list.bind(store);
  let readings = 0;
  store.list = (prefix) => {
    if (prefix === rootPrefix) readings += 1;
    return list(prefix);
  };
  const contents = '[Service]\nExecStart=/bin/x\n';
  const put = [{ name: 'a.service', contents, targetState: 'launched' }];
  expect(await agent.call('POST', '/flotilla/v1/apply', { put, destroy: [] })).toMatchObject({ status: 200 });
  expect(readings).toBe(1);
  const options = [{ section: 'Service', name: 'ExecStart', value: '/bin/y' }];
  for (const body of [{ options }, { desiredState: 'launched' }]) {
    readings = 0;
    await agent.call('PUT', '/fleet/v1/units/b.service', body);
    expect(readings).toBe(1);
  }
  await agent.end();
});
