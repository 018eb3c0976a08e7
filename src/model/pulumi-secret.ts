/** How Pulumi marks a secret among values, in its state and in what it sends (its `resource.SigKey`, `SecretSig`). */
export const secretMark = {
  key: '4dabf18193072939515e22adb298388d',
  value: '1b47061264138c4ac30d75fd1eb44270',
} as const;
