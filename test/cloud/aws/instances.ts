import { gunzipSync } from 'node:zlib';
import { sizes } from '../../../src/platform/aws/sizes.ts';
import type { MachineSpec, Machines } from '../machines.ts';
import { type Call, nameTagOf } from './call.ts';
import type { Answer } from './refusal.ts';

/** What a machine starts from, by the image's id (`images.json`), by the name that machines know. */
const images: Readonly<Record<string, string>> = { 'ami-0deb1a13000000064': 'debian-13-x64' };

/** GiB that an instance has of whose disk nothing is said. */
const imageDisk = 8;

/**
 * Has machines boot for the instances that moto only notes, and says in all answers where they are reached: moto gives
 * each a public address of its own that leads nowhere.
 */
export class Instances {
  readonly #machines: Machines;
  /** VPC's id → its range */
  readonly #ranges = new Map<string, string>();
  /** Instance's id → where its machine is reached. */
  readonly #reached = new Map<string, string>();
  /** moto's public address → the instance's id */
  readonly #given = new Map<string, string>();

  constructor(machines: Machines) {
    this.#machines = machines;
  }

  /** Does what a call that went well asks of machines. @returns the answer as it is to be given */
  async heed({ service, action, params }: Call, answer: Answer): Promise<Answer> {
    if (service !== 'ec2') return answer;
    const call = { service, action, params };
    if (action === 'CreateVpc') this.#ranges.set(one(answer, 'vpcId'), params.CidrBlock ?? '');
    if (action === 'RunInstances') await this.#boot(call, answer);
    if (action === 'TerminateInstances') await this.#end(params['InstanceId.1'] ?? '');
    return this.#translated(answer);
  }

  async #boot({ service, action, params }: Call, answer: Answer): Promise<void> {
    const id = one(answer, 'instanceId');
    const network = one(answer, 'vpcId');
    const image = images[params.ImageId ?? ''];
    if (image === undefined)
      throw new Error(`${params.ImageId}: of AWS's images there is ${Object.keys(images)} here`);
    const { v4 } = await this.#machines.boot(
      {
        id,
        name: nameTagOf({ service, action, params }) ?? id,
        userData: unpacked(params.UserData ?? ''),
        image,
        ...hardwareOf(params, one(answer, 'rootDeviceName')),
        network: {
          id: network,
          range: this.#ranges.get(network) ?? '',
          address: one(answer, 'privateIpAddress'),
        },
        authorizedKeys: [],
      },
      // One that stopped by itself is found by whoever looks for it over SSH; EC2 would tell of it in some minutes.
      () => undefined,
    );
    this.#reached.set(id, v4);
  }

  async #end(id: string): Promise<void> {
    await this.#machines.destroy(id);
    this.#reached.delete(id);
  }

  #translated(answer: Answer): Answer {
    for (const item of answer.body.split('<instanceId>').slice(1)) {
      const [id = ''] = item.split('<', 1);
      const [, address] = /<ipAddress>([^<]+)<\/ipAddress>/.exec(item) ?? [];
      if (address !== undefined) this.#given.set(address, id);
    }
    let { body } = answer;
    for (const [address, id] of this.#given) {
      const reached = this.#reached.get(id);
      if (reached !== undefined) body = body.replaceAll(`>${address}<`, `>${reached}<`);
    }
    return { ...answer, body };
  }
}

function one({ body }: Answer, element: string): string {
  const [, text] = new RegExp(`<${element}>([^<]+)</${element}>`).exec(body) ?? [];
  if (text === undefined) throw new Error(`moto's answer has no ${element}`);
  return text;
}

/** As cloud-init does with what EC2's metadata service has (cloudinit/util.py, `decomp_gzip`). */
function unpacked(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return (gzipped ? gunzipSync(bytes) : bytes).toString('utf8');
}

function hardwareOf(params: Call['params'], root: string): Pick<MachineSpec, 'size' | 'disks'> {
  const size = sizes.find(({ type }) => type === params.InstanceType);
  if (!size) throw new Error(`${params.InstanceType}: no machine of that type can be had here`);
  const devices = devicesOf(params);
  const disk = devices.find(({ name }) => name === root)?.gib ?? imageDisk;
  const disks = devices.filter(({ name }) => name !== root).map(({ gib }) => gib);
  return { size: { vcpus: size.cpus, memory: size.memory, disk }, disks };
}

/** What is said of disks, the root's among them, in the order of their numbers. */
function devicesOf(params: Call['params']): { name: string; gib: number }[] {
  return Object.entries(params).flatMap(([key, name]) => {
    const [, mapping] = /^(BlockDeviceMapping\.\d+)\.DeviceName$/.exec(key) ?? [];
    const gib = params[`${mapping}.Ebs.VolumeSize`];
    return mapping === undefined || gib === undefined ? [] : [{ name, gib: Number(gib) }];
  });
}
