import { getAmiOutput } from '@pulumi/aws/ec2/getAmi.js';
import { getParameterOutput } from '@pulumi/aws/ssm/getParameter.js';
import * as pulumi from '@pulumi/pulumi';
import type { AwsSettings } from '../../config/aws.ts';
import type { OperatingSystem } from '../../model/operating-system.ts';
import type { Scope } from '../scope.ts';

type Named = Exclude<NonNullable<AwsSettings['image']>, string>;

/**
 * By what the newest image of each is found, in every region (wiki.debian.org/Cloud/AmazonEC2Image,
 * documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images, www.flatcar.org/docs/latest/installing/cloud/aws-ec2).
 */
const images: Readonly<Record<OperatingSystem, Named>> = {
  'debian-13': { parameter: '/aws/service/debian/release/13/latest/amd64' },
  'debian-12': { parameter: '/aws/service/debian/release/12/latest/amd64' },
  'ubuntu-24.04': {
    parameter: '/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id',
  },
  flatcar: { owner: '075585003325', name: 'Flatcar-stable-*' },
};

/**
 * The id of the image that a new machine begins with. Which one a machine began with stays in the state: a newer one
 * never replaces a machine (machines.ts ignores its change).
 */
export function imageOf(
  os: OperatingSystem,
  { image = images[os] }: Pick<AwsSettings, 'image'>,
  { options }: Scope,
): pulumi.Output<string> {
  if (typeof image === 'string') return pulumi.output(image);
  if ('owner' in image) return newestOf(image, options);
  // Of parameters the provider makes secrets, which this one is not.
  return pulumi.unsecret(getParameterOutput({ name: image.parameter }, options).value);
}

function newestOf(
  { owner, name }: { readonly owner: string; readonly name: string },
  options: Scope['options'],
): pulumi.Output<string> {
  const filters = [
    { name: 'name', values: [name] },
    { name: 'architecture', values: ['x86_64'] },
  ];
  return getAmiOutput({ owners: [owner], filters, mostRecent: true }, options).id;
}
