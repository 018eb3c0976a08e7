import { DescribeImagesCommand, type Image } from '@aws-sdk/client-ec2';
import * as z from 'zod';
import type { Properties } from '../../../../src/provider/resource.ts';
import { doing } from './failure.ts';
import type { FunctionType } from './function-type.ts';
import { tagOutputs } from './tags.ts';

const args = z.strictObject({
  filters: z.array(z.strictObject({ name: z.string(), values: z.array(z.string()) })).optional(),
  includeDeprecated: z.boolean().optional(),
  mostRecent: z.boolean().optional(),
  nameRegex: z.string().optional(),
  owners: z.array(z.string()).optional(),
  region: z.string().optional(),
});

/** One image: the newest of those that fit, or the only one. */
export const getAmi: FunctionType<typeof args.shape> = {
  args,
  async call(
    { ec2, settings },
    { filters = [], owners, nameRegex, mostRecent = false, includeDeprecated = false },
  ) {
    const command = new DescribeImagesCommand({
      Owners: owners,
      IncludeDeprecated: includeDeprecated,
      Filters: filters.map(({ name, values }) => ({ Name: name, Values: values })),
    });
    const { Images = [] } = await doing('reading EC2 AMIs', ec2.send(command));
    const named = new RegExp(nameRegex ?? '');
    const found = Images.filter(({ Name = '' }) => named.test(Name)).sort(newestFirst);
    const [first] = found;
    if (!first)
      throw new Error('Your query returned no results. Please change your search criteria and try again.');
    if (found.length > 1 && !mostRecent)
      throw new Error(
        'Your query returned more than one result. Please try a more specific search criteria, or set `most_recent` attribute to true.',
      );
    return {
      ...outputs(first),
      mostRecent,
      includeDeprecated,
      owners,
      filters,
      nameRegex,
      region: settings.region,
    };
  },
};

function newestFirst(a: Image, b: Image): number {
  return Date.parse(b.CreationDate ?? '') - Date.parse(a.CreationDate ?? '');
}

function outputs(found: Image): Properties {
  return {
    id: found.ImageId,
    imageId: found.ImageId,
    arn: `arn:aws:ec2:::image/${found.ImageId}`,
    architecture: found.Architecture,
    bootMode: found.BootMode ?? '',
    creationDate: found.CreationDate,
    description: found.Description ?? '',
    hypervisor: found.Hypervisor,
    imageLocation: found.ImageLocation,
    imageOwnerAlias: found.ImageOwnerAlias ?? '',
    imageType: found.ImageType,
    name: found.Name,
    ownerId: found.OwnerId,
    platform: found.Platform ?? '',
    public: found.Public,
    rootDeviceName: found.RootDeviceName,
    rootDeviceType: found.RootDeviceType,
    state: found.State,
    tags: tagOutputs(found.Tags).tags,
    virtualizationType: found.VirtualizationType,
  };
}
