import { type ZoneLetter, zoneLetters } from '../../config/aws.ts';

/** Regions that an account may use or enable, each with the letters of zones that every account has there. */
const zonesByRegion: Readonly<Record<string, string>> = {
  'af-south-1': 'abc',
  'ap-east-1': 'abc',
  'ap-east-2': 'abc',
  'ap-northeast-1': 'acd',
  'ap-northeast-2': 'abc',
  'ap-northeast-3': 'abc',
  'ap-south-1': 'abc',
  'ap-south-2': 'abc',
  'ap-southeast-1': 'abc',
  'ap-southeast-2': 'abc',
  'ap-southeast-3': 'abc',
  'ap-southeast-4': 'abc',
  'ap-southeast-5': 'abc',
  'ap-southeast-6': 'abc',
  'ap-southeast-7': 'abc',
  'ca-central-1': 'abd',
  'ca-west-1': 'abc',
  'eu-central-1': 'abc',
  'eu-central-2': 'abc',
  'eu-north-1': 'abc',
  'eu-south-1': 'abc',
  'eu-south-2': 'abc',
  'eu-west-1': 'abc',
  'eu-west-2': 'abc',
  'eu-west-3': 'abc',
  'il-central-1': 'abc',
  'me-central-1': 'abc',
  'me-south-1': 'abc',
  'mx-central-1': 'abc',
  'sa-east-1': 'abc',
  'us-east-1': 'abc',
  'us-east-2': 'abc',
  // Two for an account, and which two differs; AWS says so when it has another.
  'us-west-1': 'ac',
  'us-west-2': 'abc',
};

export const regions: readonly string[] = Object.keys(zonesByRegion);

/** Where machines go if the config names no zones. */
export function defaultZones(region: string): ZoneLetter[] {
  const letters = zonesByRegion[region] ?? 'abc';
  return zoneLetters.filter((letter) => letters.includes(letter));
}
