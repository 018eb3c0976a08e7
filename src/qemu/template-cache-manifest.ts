/** What the manifest says; an older Flotilla may have said less. */
export interface About {
  /** Of a template: the image its disk lies over. */
  readonly image?: string | undefined;
  readonly accelerator?: string | undefined;
  readonly cpus?: number | undefined;
  /** MiB */
  readonly memory?: number | undefined;
  /** GiB */
  readonly disk?: number | undefined;
  /** Of an image: Debian's suite, or where it was downloaded. */
  readonly source?: string | undefined;
}

/** undefined when it is no manifest. */
export function parseAbout(manifest: string): About | undefined {
  try {
    const fields: Readonly<Record<string, unknown>> = Object(JSON.parse(manifest));
    const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
    const number = (value: unknown) => (typeof value === 'number' ? value : undefined);
    const { image, accelerator, cpus, memory, disk, suite, url } = fields;
    return {
      ...{ image: text(image), accelerator: text(accelerator), source: text(suite) ?? text(url) },
      ...{ cpus: number(cpus), memory: number(memory), disk: number(disk) },
    };
  } catch {
    return undefined;
  }
}
