import { DescribeAvailabilityZonesCommand } from '@aws-sdk/client-ec2';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import type { AnyFunction } from '../../../../src/provider/resource.ts';
import { problemsOf } from '../../plugin/resource-type.ts';
import { doing } from './failure.ts';
import type { FunctionType } from './function-type.ts';
import { getAmi } from './get-ami.ts';
import { required } from './read.ts';
import type { Session } from './session.ts';

const Filters = z.array(z.strictObject({ name: z.string(), values: z.array(z.string()) }));

const parameterArgs = z.strictObject({
  name: z.string(),
  region: z.string().optional(),
  withDecryption: z.boolean().optional(),
});
const getParameter: FunctionType<typeof parameterArgs.shape> = {
  args: parameterArgs,
  async call({ ssm, settings }, { name, withDecryption = true }) {
    const command = new GetParameterCommand({ Name: name, WithDecryption: withDecryption });
    const reply = await doing(`reading SSM Parameter (${name})`, ssm.send(command));
    const found = required(reply.Parameter, 'Parameter');
    return {
      id: name,
      arn: found.ARN,
      name: found.Name,
      type: found.Type,
      value: found.Value,
      insecureValue: found.Type === 'SecureString' ? '' : found.Value,
      version: found.Version,
      withDecryption,
      region: settings.region,
    };
  },
};

const zonesArgs = z.strictObject({
  allAvailabilityZones: z.boolean().optional(),
  excludeNames: z.array(z.string()).optional(),
  excludeZoneIds: z.array(z.string()).optional(),
  filters: Filters.optional(),
  region: z.string().optional(),
  state: z.string().optional(),
});
const getAvailabilityZones: FunctionType<typeof zonesArgs.shape> = {
  args: zonesArgs,
  async call({ ec2, settings }, { state, filters = [], excludeNames = [], excludeZoneIds = [], ...rest }) {
    const ofState = state === undefined ? [] : [{ Name: 'state', Values: [state] }];
    const command = new DescribeAvailabilityZonesCommand({
      AllAvailabilityZones: rest.allAvailabilityZones,
      Filters: [...ofState, ...filters.map(({ name, values }) => ({ Name: name, Values: values }))],
    });
    const { AvailabilityZones = [] } = await doing('reading EC2 Availability Zones', ec2.send(command));
    const zones = AvailabilityZones.map((each) => ({
      name: each.ZoneName ?? '',
      id: each.ZoneId ?? '',
      each,
    }))
      .filter(({ name, id }) => !excludeNames.includes(name) && !excludeZoneIds.includes(id))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return {
      id: settings.region,
      region: settings.region,
      names: zones.map(({ name }) => name),
      zoneIds: zones.map(({ id }) => id),
      groupNames: [...new Set(zones.map(({ each }) => each.GroupName ?? settings.region))],
    };
  },
};

/** Token → function. */
export function createFunctions(session: () => Session): Readonly<Record<string, AnyFunction>> {
  return {
    'aws:ssm/getParameter:getParameter': served(getParameter, session),
    'aws:ec2/getAmi:getAmi': served(getAmi, session),
    'aws:index/getAvailabilityZones:getAvailabilityZones': served(getAvailabilityZones, session),
  };
}

function served<Shape extends z.core.$ZodShape>(
  type: FunctionType<Shape>,
  session: () => Session,
): AnyFunction {
  return {
    args: type.args,
    problems: (args) => problemsOf(type.args, args),
    call: (args) => type.call(session(), type.args.parse(args)),
  };
}
