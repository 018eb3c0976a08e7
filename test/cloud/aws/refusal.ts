import { randomUUID } from 'node:crypto';

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** An error in the form of the service's protocol. */
export function refuse(service: string, { status, code, message, headers }: Refusal): Answer {
  const { type, body } = forms[service] ?? ec2;
  return { status, headers: { 'content-type': type, ...headers }, body: body(code, escaped(message)) };
}

interface Form {
  readonly type: string;
  readonly body: (code: string, message: string) => string;
}

const error = (code: string, message: string) => `<Code>${code}</Code><Message>${message}</Message>`;

const ec2: Form = {
  type: 'text/xml;charset=UTF-8',
  body: (code, message) =>
    `<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error>${error(code, message)}</Error></Errors>` +
    `<RequestID>${randomUUID()}</RequestID></Response>`,
};

const forms: Readonly<Record<string, Form>> = {
  ec2,
  elbv2: {
    type: 'text/xml',
    body: (code, message) =>
      '<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">' +
      `<Error><Type>Sender</Type>${error(code, message)}</Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
  },
  ssm: {
    type: 'application/x-amz-json-1.1',
    body: (code, message) => JSON.stringify({ __type: code, message }),
  },
};

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
