import { faultyClouds } from '../../test/cloud/fault-table/clouds.ts';
import type { Row } from '../../test/cloud/fault-table/row.ts';
import { FaultTable } from '../../test/cloud/fault-table/run.ts';
import type { Log, Report } from '../benchmark.ts';
import { exactly } from '../figures.ts';

/**
 * Every fault of the table, on both test clouds: retried, or reported with resource, cause and next step; then the next
 * `up` converges with nothing made twice, and `destroy` leaves nothing.
 */
export async function faults(report: Report, log: Log, wants: (platform: string) => boolean): Promise<void> {
  for (const [platform, { open, rows }] of Object.entries(faultyClouds)) {
    if (!wants(platform)) continue;
    const cloud = await open();
    const table = new FaultTable(platform, cloud);
    try {
      await table.open();
      const held: Row[] = [];
      for (const row of rows) {
        const problems = await table.problemsOf(row);
        log(`${platform}: ${row.what}: ${problems.length === 0 ? 'as it should be' : problems.join('\n')}`);
        if (problems.length === 0) held.push(row);
      }
      const retried = (each: Row) => each.expected === 'retried';
      const count = (of: readonly Row[], is: (each: Row) => boolean) => of.filter(is).length;
      report(`${platform}: faults retried`, exactly(count(held, retried), count(rows, retried), 'faults'));
      const reported = (each: Row) => !retried(each);
      report(
        `${platform}: faults reported with resource, cause and next step`,
        exactly(count(held, reported), count(rows, reported), 'faults'),
      );
    } finally {
      table.remove();
      await cloud.close();
    }
  }
}
