import { readCall } from '../call.ts';
import type { Backend } from '../proxy.ts';
import { type Answer, refuse } from '../refusal.ts';

/** As much of EC2 as one instance needs, with what moto lacks: time between two states, and machines that fail. */
export class FakeEc2 {
  /** States that the next looks see, one each; the last one stays. */
  states = ['running'];
  userData = '';
  /** Why it is in its state. */
  reason = '';

  readonly answer: Backend = async (headers, body) => {
    const { service, action, params } = readCall(headers, body);
    const answer = this.#actions[action];
    if (!answer) return refuse(service, { status: 400, code: 'InvalidAction', message: action });
    const inner = answer(params);
    return xml(
      `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">${inner}</${action}Response>`,
    );
  };

  readonly #actions: Readonly<Record<string, (params: Readonly<Record<string, string>>) => string>> = {
    RunInstances: ({ UserData = '' }) => {
      this.userData = UserData;
      return `<instancesSet>${this.#instance()}</instancesSet>`;
    },
    DescribeInstances: () => {
      const instance = this.#instance();
      if (this.states.length > 1) this.states.shift();
      return `<reservationSet><item><instancesSet>${instance}</instancesSet></item></reservationSet>`;
    },
    DescribeInstanceAttribute: ({ Attribute }) =>
      Attribute === 'userData' ? `<userData><value>${this.userData}</value></userData>` : '',
    ModifyInstanceAttribute: (params) => {
      // Encoded twice, as the proxy has it for moto.
      const data = params['UserData.Value'];
      if (data !== undefined) this.userData = Buffer.from(data, 'base64').toString('utf8');
      return '<return>true</return>';
    },
    StopInstances: () => this.#become('stopping', 'stopped'),
    StartInstances: () => this.#become('pending', 'running'),
    TerminateInstances: () => this.#become('shutting-down', 'terminated'),
  };

  #become(...states: string[]): string {
    this.states = states;
    return '';
  }

  #instance(): string {
    return (
      `<item><instanceId>i-1</instanceId><imageId>ami-1</imageId><instanceState><name>${this.states[0]}</name>` +
      `</instanceState><instanceType>t3.small</instanceType><vpcId>vpc-1</vpcId>` +
      `<stateReason><message>${this.reason}</message></stateReason></item>`
    );
  }
}

function xml(body: string): Answer {
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}
