import type { AnyHandler } from '../../../../src/provider/resource.ts';
import { bridged } from '../../plugin/resource-type.ts';
import { instance } from './instance.ts';
import { internetGateway } from './internet-gateway.ts';
import { keyPair } from './key-pair.ts';
import { listener } from './listener.ts';
import { loadBalancer } from './load-balancer.ts';
import { route } from './route.ts';
import { routeTable } from './route-table.ts';
import { routeTableAssociation } from './route-table-association.ts';
import { securityGroup } from './security-group.ts';
import { securityGroupRule } from './security-group-rule.ts';
import type { Session } from './session.ts';
import { subnet } from './subnet.ts';
import { targetGroup } from './target-group.ts';
import { targetGroupAttachment } from './target-group-attachment.ts';
import { vpc } from './vpc.ts';

/** Type token → handler, for the types that a cluster uses. */
export function createHandlers(session: () => Session): Readonly<Record<string, AnyHandler>> {
  return {
    'aws:ec2/instance:Instance': bridged(instance, session),
    'aws:ec2/internetGateway:InternetGateway': bridged(internetGateway, session),
    'aws:ec2/keyPair:KeyPair': bridged(keyPair, session),
    'aws:ec2/route:Route': bridged(route, session),
    'aws:ec2/routeTable:RouteTable': bridged(routeTable, session),
    'aws:ec2/routeTableAssociation:RouteTableAssociation': bridged(routeTableAssociation, session),
    'aws:ec2/securityGroup:SecurityGroup': bridged(securityGroup, session),
    'aws:ec2/subnet:Subnet': bridged(subnet, session),
    'aws:ec2/vpc:Vpc': bridged(vpc, session),
    'aws:lb/listener:Listener': bridged(listener, session),
    'aws:lb/loadBalancer:LoadBalancer': bridged(loadBalancer, session),
    'aws:lb/targetGroup:TargetGroup': bridged(targetGroup, session),
    'aws:lb/targetGroupAttachment:TargetGroupAttachment': bridged(targetGroupAttachment, session),
    'aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule': bridged(securityGroupRule('Egress'), session),
    'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': bridged(
      securityGroupRule('Ingress'),
      session,
    ),
  };
}
