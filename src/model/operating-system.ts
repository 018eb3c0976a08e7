/** What machines can run. Each has an image and the names of its packages. */
export const operatingSystems = ['debian-13'] as const;

export type OperatingSystem = (typeof operatingSystems)[number];
