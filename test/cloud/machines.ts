/** What a machine of a size has. */
export interface MachineSize {
  readonly vcpus: number;
  /** MiB */
  readonly memory: number;
  /** GiB */
  readonly disk: number;
}

/** A machine as the cloud was asked for it. */
export interface MachineSpec {
  /** The cloud's own id of it. */
  readonly id: string;
  readonly name: string;
  /** Exactly the bytes that were sent, as text. */
  readonly userData: string;
  /** Name of the image in the cloud, such as `debian-13-x64`. */
  readonly image: string;
  readonly size: MachineSize;
  /** Further disks, in GiB, on which there is nothing yet. They come and go with it. Default: none. */
  readonly disks?: readonly number[];
  readonly network: {
    /** Machines with the same one see each other. */
    readonly id: string;
    /** CIDR */
    readonly range: string;
    /** The machine's own address in it, which the cloud has chosen. */
    readonly address: string;
  };
  /** Public keys, a line each, for the image's first user. */
  readonly authorizedKeys: readonly string[];
}

/** Where a machine can be reached from outside of its network. */
export interface PublicAddresses {
  readonly v4: string;
  readonly v6?: string;
}

/** What a test cloud's machines are: nothing at all, or virtual machines on this computer. */
export interface Machines {
  /**
   * Boots a machine and says where it will be reached, which may be before it answers there.
   *
   * @param stopped to be called when it stops without having been asked to
   */
  boot(spec: MachineSpec, stopped: () => void): Promise<PublicAddresses>;
  /** `shutdown` lets the machine end what it does, `off` pulls the plug. Resolves when it is off. */
  powerOff(id: string, how: 'shutdown' | 'off'): Promise<void>;
  /** With the size that it has now, on the same disk. */
  powerOn(id: string, size: MachineSize): Promise<void>;
  /** Whatever it does just now, even while it boots; of one that is not there, nothing. */
  destroy(id: string): Promise<void>;
}
