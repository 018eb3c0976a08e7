/** What a machine is made of. */
export interface Hardware {
  readonly cpus: number;
  /** MiB */
  readonly memory: number;
  /** GiB */
  readonly disk: number;
}

/** What a size lacks of what is wanted, in words. What is not said of it counts as enough. */
export function lacks(size: Partial<Hardware>, { cpus, memory, disk }: Hardware): string[] {
  return [
    ...((size.cpus ?? cpus) < cpus ? [`${size.cpus} of the ${cpus} CPUs`] : []),
    ...((size.memory ?? memory) < memory ? [`${size.memory} of the ${memory} MiB of memory`] : []),
    ...((size.disk ?? disk) < disk ? [`${size.disk} of the ${disk} GiB of disk`] : []),
  ];
}
