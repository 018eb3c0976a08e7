import type { Command } from 'commander';
import type { Cluster } from './cluster.ts';
import { type VerbText, verb, withCluster } from './command.ts';
import type { Context } from './context.ts';
import { CommandFailed, wrongUsage } from './failure.ts';
import { painter, printJson } from './say.ts';
import { type Cell, renderTable } from './table.ts';

/** A column: what a row shows there. `full` asks for ids and hashes in their whole length. */
export type Field<Row> = (row: Row, full: boolean) => Cell;

export interface Listing<Row> extends VerbText {
  readonly name: string;
  readonly fields: Readonly<Record<string, Field<Row>>>;
  /** Columns without `--fields`; the first ones are fleetctl's, in its order. */
  readonly defaults: readonly string[];
  /** The word that the rows may be limited by; shells complete its name. */
  readonly argument?: { readonly name: string; readonly description: string };
  /**
   * `columns` are those that will be shown: what only one of them needs, only it has to cost. `word` is the argument,
   * if there was one.
   */
  rows(cluster: Cluster, columns: readonly string[], word?: string): Promise<readonly Row[]>;
  /** What `--json` prints for a row. Scripts rely on it: keys may come, none may go or change its meaning. */
  json(row: Row): unknown;
}

interface ListingOptions {
  readonly full?: boolean;
  readonly legend: boolean;
  readonly fields?: string;
  readonly json?: boolean;
}

/** A verb that prints a table. */
export function listing<Row>(context: Context, list: Listing<Row>): Command {
  const command = verb(list.name, list);
  if (list.argument) command.argument(`[${list.argument.name}]`, list.argument.description);
  return command
    .option('-l, --full', 'whole ids and hashes')
    .option('--no-legend', 'no column headers')
    .option('--fields <names>', `columns, separated by commas: ${Object.keys(list.fields).join(', ')}`)
    .option('--json', 'JSON for scripts: an array with one object a row')
    .action(() => {
      const {
        args: [word],
      } = command;
      const options: ListingOptions = command.opts();
      const columns = chooseFields(list, options.fields);
      return withCluster(context, command, async (cluster) => {
        const rows = await list.rows(
          cluster,
          columns.map(([name]) => name),
          word,
        );
        const json = () => rows.map((row) => list.json(row));
        if (options.json) printJson(context, json());
        else context.terminal.stdout.write(render(context, columns, rows, options));
        return 0;
      });
    });
}

function chooseFields<Row>(list: Listing<Row>, asked: string | undefined): readonly [string, Field<Row>][] {
  const names = asked === undefined ? list.defaults : asked.split(',').map((name) => name.trim());
  return names.map((name) => {
    const field = Object.hasOwn(list.fields, name) ? list.fields[name] : undefined;
    if (field) return [name, field];
    const known = Object.keys(list.fields).join(', ');
    throw new CommandFailed(`there is no field ${name || '""'}; ${list.name} has ${known}`, wrongUsage);
  });
}

function render<Row>(
  context: Context,
  columns: readonly [string, Field<Row>][],
  rows: readonly Row[],
  options: ListingOptions,
): string {
  const legend = columns.map(([name]): Cell => ({ text: name.toUpperCase() }));
  const body = rows.map((row) => columns.map(([, field]) => field(row, options.full === true)));
  return renderTable(options.legend ? [legend, ...body] : body, painter(context));
}
