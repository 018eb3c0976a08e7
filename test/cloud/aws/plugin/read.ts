import type { Settings } from './settings.ts';

/** @throws Error when AWS's answer lacks what it always has */
export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`AWS's answer has no ${name}`);
  return value;
}

/** Of a thing of EC2. */
export function arnOf(
  { region }: Pick<Settings, 'region'>,
  account: string | undefined,
  thing: string,
): string {
  return `arn:aws:ec2:${region}:${account ?? ''}:${thing}`;
}
