import {
  type Action,
  CreateListenerCommand,
  DeleteListenerCommand,
  DescribeListenersCommand,
  type ElasticLoadBalancingV2Client,
  type Listener,
  ModifyListenerCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import * as z from 'zod';
import { awsType } from './aws-type.ts';
import { doing, unlessGone } from './failure.ts';
import { lbRetag, lbTagOutputs, lbTags } from './lb-tags.ts';
import { required } from './read.ts';
import { tagged } from './tags.ts';
import { value } from './wire.ts';

const DefaultAction = z.strictObject({
  type: z.string(),
  order: z.number().optional(),
  targetGroupArn: z.string().optional(),
});
const inputs = z.strictObject({
  ...tagged,
  loadBalancerArn: z.string(),
  defaultActions: z.array(DefaultAction),
  port: z.number().int().min(1).max(65_535).optional(),
  protocol: z.string().optional(),
});
type Inputs = z.output<typeof inputs>;

const gone = 'ListenerNotFound';

export const listener = awsType<typeof inputs.shape>({
  inputs,
  computed: ['arn', 'protocol', 'sslPolicy', 'tagsAll'],
  changes: { region: 'replace', loadBalancerArn: 'replace' },
  async create({ elb }, wanted, made) {
    const { loadBalancerArn, tags } = wanted;
    const request = { LoadBalancerArn: loadBalancerArn, ...requestOf(wanted), Tags: lbTags(tags) };
    const what = `creating ELBv2 Listener (${loadBalancerArn})`;
    const reply = await doing(what, elb.send(new CreateListenerCommand(request)));
    made(required(reply.Listeners?.[0]?.ListenerArn, 'ListenerArn'));
  },
  async read({ elb }, arn) {
    const found = await find(elb, arn);
    if (!found) return undefined;
    return {
      ...(await lbTagOutputs(elb, arn)),
      arn,
      loadBalancerArn: found.LoadBalancerArn,
      port: found.Port,
      protocol: found.Protocol,
      sslPolicy: found.SslPolicy ?? '',
      defaultActions: (found.DefaultActions ?? []).map(shown),
    };
  },
  async update({ elb }, arn, wanted, old) {
    const command = new ModifyListenerCommand({ ListenerArn: arn, ...requestOf(wanted) });
    await doing(`modifying ELBv2 Listener (${arn})`, elb.send(command));
    await lbRetag(elb, arn, wanted.tags, old.tags);
  },
  async remove({ elb }, arn) {
    const command = new DeleteListenerCommand({ ListenerArn: arn });
    await doing(
      `deleting ELBv2 Listener (${arn})`,
      unlessGone(elb.send(command), gone, 'LoadBalancerNotFound'),
    );
  },
});

async function find(elb: ElasticLoadBalancingV2Client, arn: string): Promise<Listener | undefined> {
  const reply = elb.send(new DescribeListenersCommand({ ListenerArns: [arn] }));
  return (await unlessGone(reply, gone, 'LoadBalancerNotFound'))?.Listeners?.[0];
}

function requestOf({ defaultActions, port, protocol }: Inputs) {
  return {
    Port: port,
    Protocol: value<NonNullable<Listener['Protocol']>>(protocol),
    DefaultActions: defaultActions.map(
      ({ type, order, targetGroupArn }): Action => ({
        Type: value(type),
        Order: order,
        TargetGroupArn: targetGroupArn,
      }),
    ),
  };
}

/** Its place in the order is shown where there is more than one. */
function shown({ Type, Order, TargetGroupArn }: Action, _at: number, { length }: readonly Action[]) {
  return {
    type: Type,
    ...(length > 1 && { order: Order }),
    ...(TargetGroupArn !== undefined && { targetGroupArn: TargetGroupArn }),
  };
}
