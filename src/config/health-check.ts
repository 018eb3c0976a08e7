import * as z from 'zod';

/**
 * `healthCheck` of a cloud: how its load balancer asks machines for the services that published ports follow. Names and
 * lowest values are those of both clouds' APIs. The highest make a minute together, since `up` waits two for a unit that
 * changes (src/push/follow.ts).
 *
 * @param least seconds between two questions, of which the cloud takes no fewer
 */
export function healthCheckSchema(least: number) {
  return z
    .strictObject({
      interval: z.int().min(least).max(10).default(least).describe('Seconds between two questions'),
      unhealthyThreshold: z
        .int()
        .min(2)
        .max(5)
        .default(2)
        .describe('Refusals in a row after which the load balancer leads nobody there'),
      margin: z.int().min(0).max(10).default(2).describe('Seconds that the load balancer takes to act on it'),
    })
    .prefault({})
    .describe(
      'How the load balancer asks for services that published ports follow; before a unit with one is stopped, its machine waits interval × unhealthyThreshold + margin',
    );
}

export type HealthCheck = z.output<ReturnType<typeof healthCheckSchema>>;

/** Seconds from a machine's first refusal until nobody is led there any more. */
export function noticeOf({ interval, unhealthyThreshold, margin }: HealthCheck): number {
  return interval * unhealthyThreshold + margin;
}
