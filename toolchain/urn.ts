/** Parts of `urn:pulumi:stack::project::parent$type::name`. */

export function stackOf(urn: string): string {
  return urn.split('::')[0]?.split(':').at(-1) ?? urn;
}

export function typeOf(urn: string): string {
  return urn.split('::')[2]?.split('$').at(-1) ?? urn;
}

export function nameOf(urn: string): string {
  return urn.split('::').slice(3).join('::') || urn;
}
