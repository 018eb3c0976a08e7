import type * as z from 'zod';
import type { Properties } from '../../../../src/provider/resource.ts';
import type { Session } from './session.ts';

/** A function of the stock plugin ("data source"), as far as a cluster needs it. */
export interface FunctionType<Shape extends z.core.$ZodShape> {
  readonly args: z.ZodObject<Shape, z.core.$strict>;
  call(session: Session, args: z.output<z.ZodObject<Shape>>): Promise<Properties>;
}
