import type { Faults } from '../faults.ts';
import { type Call, nameTagOf } from './call.ts';
import type { Answer } from './refusal.ts';

/** What is not ready, by the element that its id is in: the state that moto gives it, and the one that AWS would. */
const waiting = {
  instanceId: {
    ready: '<instanceState><code>16</code><name>running</name>',
    pending: '<instanceState><code>0</code><name>pending</name>',
  },
  LoadBalancerArn: { ready: '<State><Code>active</Code>', pending: '<State><Code>provisioning</Code>' },
} as const;

type Element = keyof typeof waiting;

/** What becomes of instances and load balancers: with moto, all of them are ready at once and for ever. */
export class Fates {
  readonly #faults: Faults;
  readonly #stuck: { readonly element: Element; readonly id: string }[] = [];

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** Notes what will become of that which a call that went well has made. @returns the call that ends it, if it ends */
  heed(call: Call, { body }: Answer): Call | undefined {
    const action = `${call.service} ${call.action}`;
    if (action === 'ec2 RunInstances') return this.#decide('instanceId', nameTagOf(call), body);
    if (action === 'elbv2 CreateLoadBalancer')
      this.#decide('LoadBalancerArn', `load balancer/${call.params.Name}`, body);
    return undefined;
  }

  #decide(element: Element, name: string | undefined, body: string): Call | undefined {
    const [, id] = new RegExp(`<${element}>([^<]+)</${element}>`).exec(body) ?? [];
    const fate = id && this.#faults.ofMachine(name ?? id);
    if (!fate) return undefined;
    if (fate === 'never active') {
      this.#stuck.push({ element, id });
      return undefined;
    }
    return { service: 'ec2', action: 'TerminateInstances', params: { 'InstanceId.1': id } };
  }

  /** The answer as AWS would give it: what is stuck is not ready in any. */
  told(answer: Answer): Answer {
    let { body } = answer;
    for (const { element, id } of this.#stuck) {
      const { ready, pending } = waiting[element];
      const start = `<${element}>${id}</${element}>`;
      body = body
        .split(new RegExp(`(?=<${element}>)`))
        .map((item) => (item.startsWith(start) ? spaced(item).replace(ready, pending) : item))
        .join('');
    }
    return { ...answer, body };
  }
}

/** moto indents its answers. */
const spaced = (xml: string) => xml.replace(/>\s+</g, '><');
