/** A region, size or image as the API shows it. Facts of DigitalOcean's public lists; a choice, not all of them. */
export interface Region {
  readonly slug: string;
  readonly name: string;
  readonly available: boolean;
  readonly features: readonly string[];
  readonly sizes: readonly string[];
}

export interface Size {
  readonly slug: string;
  /** MiB */
  readonly memory: number;
  readonly vcpus: number;
  /** GB */
  readonly disk: number;
  /** TB */
  readonly transfer: number;
  /** US dollars */
  readonly price_monthly: number;
  readonly price_hourly: number;
  readonly regions: readonly string[];
  readonly available: boolean;
  readonly description: string;
}

export interface Image {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly distribution: string;
  readonly public: boolean;
  readonly regions: readonly string[];
  readonly created_at: string;
  readonly type: string;
  /** GB */
  readonly min_disk_size: number;
  readonly size_gigabytes: number;
  readonly description: string;
  readonly tags: readonly string[];
  readonly status: string;
  readonly error_message: string;
}

/** Slug, name, and whether droplets can be made there. */
const regionRows = [
  ['nyc1', 'New York 1', true],
  ['nyc2', 'New York 2', false],
  ['nyc3', 'New York 3', true],
  ['ams3', 'Amsterdam 3', true],
  ['fra1', 'Frankfurt 1', true],
  ['lon1', 'London 1', true],
  ['sfo3', 'San Francisco 3', true],
  ['sgp1', 'Singapore 1', true],
] as const;

const everywhere = regionRows.map(([slug]) => slug);

/** Slug, memory, CPUs, disk, transfer, dollars a month, description, where it can be had. */
const sizeRows = [
  ['s-1vcpu-512mb-10gb', 512, 1, 10, 0.5, 4, 'Basic', ['nyc1', 'ams3', 'fra1', 'sfo3', 'sgp1']],
  ['s-1vcpu-1gb', 1024, 1, 25, 1, 6, 'Basic', everywhere],
  ['s-1vcpu-2gb', 2048, 1, 50, 2, 12, 'Basic', everywhere],
  ['s-2vcpu-2gb', 2048, 2, 60, 3, 18, 'Basic', everywhere],
  ['s-2vcpu-4gb', 4096, 2, 80, 4, 24, 'Basic', everywhere],
  ['s-4vcpu-8gb', 8192, 4, 160, 5, 48, 'Basic', everywhere],
  ['s-8vcpu-16gb', 16384, 8, 320, 6, 96, 'Basic', everywhere],
  ['c-2', 4096, 2, 25, 4, 42, 'CPU-Optimized', everywhere],
  ['g-2vcpu-8gb', 8192, 2, 25, 4, 63, 'General Purpose', everywhere],
] as const;

/** Id, slug, distribution, name. */
const imageRows = [
  [159651797, 'debian-12-x64', 'Debian', '12 x64'],
  [195929649, 'debian-13-x64', 'Debian', '13 x64'],
  [129211873, 'ubuntu-22-04-x64', 'Ubuntu', '22.04 (LTS) x64'],
  [155133621, 'ubuntu-24-04-x64', 'Ubuntu', '24.04 (LTS) x64'],
] as const;

/** A month is billed as 672 hours at most. */
const hoursPerMonth = 672;

export const sizes: readonly Size[] = sizeRows.map(
  ([slug, memory, vcpus, disk, transfer, price_monthly, description, regions]) => ({
    slug,
    memory,
    vcpus,
    disk,
    transfer,
    price_monthly,
    price_hourly: Math.round((price_monthly / hoursPerMonth) * 1e5) / 1e5,
    regions: regions.filter((region) => region !== 'nyc2'),
    available: true,
    description,
  }),
);

export const regions: readonly Region[] = regionRows.map(([slug, name, available]) => ({
  slug,
  name,
  available,
  features: ['backups', 'ipv6', 'metadata', 'install_agent', 'storage', 'image_transfer'],
  sizes: sizes.filter((size) => size.regions.some((each) => each === slug)).map((size) => size.slug),
}));

export const images: readonly Image[] = imageRows.map(([id, slug, distribution, name]) => ({
  id,
  slug,
  name,
  distribution,
  public: true,
  regions: everywhere,
  created_at: '2026-01-15T12:00:00Z',
  type: 'base',
  min_disk_size: 7,
  size_gigabytes: 0.5,
  description: `${distribution} ${name}`,
  tags: [],
  status: 'available',
  error_message: '',
}));

export const findRegion = (slug: string) => regions.find((each) => each.slug === slug.toLowerCase());
export const findSize = (slug: string) => sizes.find((each) => each.slug === slug.toLowerCase());
export const findImage = (name: string | number) =>
  images.find((each) => each.slug === name || each.id === Number(name));
