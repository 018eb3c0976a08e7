import type { AnyHandler } from '../../../../src/provider/resource.ts';
import { bridged } from '../../plugin/resource-type.ts';
import { droplet } from './droplet.ts';
import { firewall } from './firewall.ts';
import { loadBalancer } from './load-balancer.ts';
import { project } from './project.ts';
import { projectResources } from './project-resources.ts';
import type { Session } from './resource-type.ts';
import { sshKey } from './ssh-key.ts';
import { tag } from './tag.ts';
import { vpc } from './vpc.ts';

/** Type token → handler, for the types that a cluster uses. */
export function createHandlers(session: () => Session): Readonly<Record<string, AnyHandler>> {
  return {
    'digitalocean:index/droplet:Droplet': bridged(droplet, session),
    'digitalocean:index/firewall:Firewall': bridged(firewall, session),
    'digitalocean:index/loadBalancer:LoadBalancer': bridged(loadBalancer, session),
    'digitalocean:index/project:Project': bridged(project, session),
    'digitalocean:index/projectResources:ProjectResources': bridged(projectResources, session),
    'digitalocean:index/sshKey:SshKey': bridged(sshKey, session),
    'digitalocean:index/tag:Tag': bridged(tag, session),
    'digitalocean:index/vpc:Vpc': bridged(vpc, session),
  };
}
