import { type Call, nameTagOf } from './call.ts';

interface Making {
  readonly type: string;
  /** Element of the answer with its id. */
  readonly id: string;
  /** Parameter with its name; its tag `Name` by default. */
  readonly name?: string;
}

/** What makes something, and how it is told what. */
const makings: Readonly<Record<string, Making>> = {
  'ec2 CreateVpc': { type: 'vpc', id: 'vpcId' },
  'ec2 CreateSubnet': { type: 'subnet', id: 'subnetId' },
  'ec2 CreateInternetGateway': { type: 'internet gateway', id: 'internetGatewayId' },
  'ec2 CreateRouteTable': { type: 'route table', id: 'routeTableId' },
  'ec2 CreateSecurityGroup': { type: 'security group', id: 'groupId', name: 'GroupName' },
  'ec2 AuthorizeSecurityGroupIngress': { type: 'ingress rule', id: 'securityGroupRuleId' },
  'ec2 AuthorizeSecurityGroupEgress': { type: 'egress rule', id: 'securityGroupRuleId' },
  'ec2 ImportKeyPair': { type: 'key', id: 'keyName', name: 'KeyName' },
  'ec2 RunInstances': { type: 'instance', id: 'instanceId' },
  'elbv2 CreateLoadBalancer': { type: 'load balancer', id: 'LoadBalancerArn', name: 'Name' },
  'elbv2 CreateTargetGroup': { type: 'target group', id: 'TargetGroupArn', name: 'Name' },
  'elbv2 CreateListener': { type: 'listener', id: 'ListenerArn' },
};

/** What ends something, and the parameter with its id. */
const endings: Readonly<Record<string, string>> = {
  'ec2 DeleteVpc': 'VpcId',
  'ec2 DeleteSubnet': 'SubnetId',
  'ec2 DeleteInternetGateway': 'InternetGatewayId',
  'ec2 DeleteRouteTable': 'RouteTableId',
  'ec2 DeleteSecurityGroup': 'GroupId',
  'ec2 RevokeSecurityGroupIngress': 'SecurityGroupRuleId.1',
  'ec2 RevokeSecurityGroupEgress': 'SecurityGroupRuleId.1',
  'ec2 DeleteKeyPair': 'KeyName',
  'ec2 TerminateInstances': 'InstanceId.1',
  'elbv2 DeleteLoadBalancer': 'LoadBalancerArn',
  'elbv2 DeleteTargetGroup': 'TargetGroupArn',
  'elbv2 DeleteListener': 'ListenerArn',
};

export interface Change {
  readonly kind: 'created' | 'deleted';
  readonly type: string;
  readonly name: string;
  readonly id: string;
}

/** What came into being through the calls that went well, by id. */
export class Inventory {
  readonly #things = new Map<string, Omit<Change, 'kind'>>();

  /** What a call that went well has changed. Nothing when it only repeats what was done, or ended what is not known. */
  changeBy(call: Call, answer: string): Change | undefined {
    const action = `${call.service} ${call.action}`;
    const making = makings[action];
    if (making) return this.#made(making, call, answer);
    const ended = this.#things.get(call.params[endings[action] ?? ''] ?? '');
    if (!ended) return undefined;
    this.#things.delete(ended.id);
    return { kind: 'deleted', ...ended };
  }

  /** `type name` of each thing that is there, sorted. */
  names(): string[] {
    return [...this.#things.values()].map(({ type, name }) => `${type} ${name}`).sort();
  }

  /** @throws Error when there is none of that type and name, or more than one */
  idOf(type: string, name: string): string {
    const found = [...this.#things.values()].filter((each) => each.type === type && each.name === name);
    const [thing] = found;
    if (!thing || found.length > 1) throw new Error(`there are ${found.length} of ${type} ${name}`);
    return thing.id;
  }

  #made({ type, id: element, name: parameter }: Making, call: Call, answer: string): Change | undefined {
    const [, id] = new RegExp(`<${element}>([^<]+)</${element}>`).exec(answer) ?? [];
    if (id === undefined || this.#things.has(id)) return undefined;
    const name = (parameter === undefined ? nameTagOf(call) : call.params[parameter]) ?? id;
    this.#things.set(id, { type, name, id });
    return { kind: 'created', type, name, id };
  }
}
