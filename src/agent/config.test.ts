import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig, readServices, readTls } from './config.ts';

const whole = {
  name: 'core-1',
  address: '10.0.0.1',
  endpoints: ['10.0.0.1:2379'],
  tls: { ca: '/ca.pem', cert: '/cert.pem', key: '/key.pem' },
  version: '7',
};

describe("the agent's configuration", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flotilla-config-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function read(text: string) {
    const file = join(folder, 'agent.json');
    await writeFile(file, text);
    return readConfig(file);
  }

  test('needs only what no default can know', async () => {
    expect(await read(JSON.stringify(whole))).toMatchObject({ ...whole, engines: [], metadata: {} });
  });

  test('listens for load balancers only where it is told to', async () => {
    const followed = { services: [{ service: 'app', port: 8080 }], notice: 12 };
    expect((await read(JSON.stringify(whole))).followed).toBeUndefined();
    expect((await read(JSON.stringify({ ...whole, followed }))).followed).toEqual({
      ...followed,
      port: 8403,
    });
    const nothing = { ...followed, services: [] };
    await expect(read(JSON.stringify({ ...whole, followed: nothing }))).rejects.toThrow(/followed\.services/);
  });

  test('says which file was cut off, and what writes it anew', async () => {
    const text = JSON.stringify(whole).slice(0, -20);
    await expect(read(text)).rejects.toThrow(/agent\.json is no JSON \(.+\); `npm run up` writes it anew$/);
  });

  test('names the file where the mistake is no option', async () => {
    await expect(read('[]')).rejects.toThrow(/agent\.json: the file: /);
    await expect(read(JSON.stringify({ ...whole, colour: 'red' }))).rejects.toThrow(
      /agent\.json: the file: .*colour/,
    );
  });

  test('names every mistake', async () => {
    const wrong = read(JSON.stringify({ ...whole, address: 'here', tls: { ...whole.tls, ca: 'ca.pem' } }));
    await expect(wrong).rejects.toThrow(
      /agent\.json: address: .*\n.*agent\.json: tls\.ca: expected an absolute path/,
    );
  });
});

test('what services’ certificates are signed by is read where the config names it, and must not be empty', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-services-'));
  try {
    const services = { ca: join(folder, 'ca.pem'), key: join(folder, 'key.pem') };
    expect(await readServices({})).toBeUndefined();
    await writeFile(services.ca, 'CA');
    expect(await readServices({ services: { ca: services.ca } })).toEqual({ certificate: 'CA' });
    await writeFile(services.key, '');
    await expect(readServices({ services })).rejects.toThrow(`${services.key} is empty`);
    await writeFile(services.key, 'KEY');
    const read = await readServices({ services });
    expect(read).toEqual({ certificate: 'CA', privateKey: 'KEY' });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('the file of the certificate that is empty is named, and what delivers it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-tls-'));
  try {
    const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => join(folder, name));
    const tls = { ca: ca ?? '', cert: cert ?? '', key: key ?? '' };
    await Promise.all([writeFile(tls.ca, 'CA'), writeFile(tls.cert, ''), writeFile(tls.key, 'KEY')]);
    await expect(readTls({ tls })).rejects.toThrow(
      `${tls.cert} is empty; \`npm run up -- --refresh\` delivers`,
    );
    await writeFile(tls.cert, 'CERTIFICATE');
    expect(await readTls({ tls })).toEqual({ ca: 'CA', cert: 'CERTIFICATE', key: 'KEY' });
  } finally {
    await rm(folder, { recursive: true });
  }
});
