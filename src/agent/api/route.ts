import type * as z from 'zod';
import type { UnitFile } from '../../model/unit.ts';
import type { Store } from '../../store/store.ts';
import type { RecentStops } from './fleet/recent-stops.ts';
import type { Snapshots } from './fleet/snapshots.ts';
import type { RequestCounts } from './request-counts.ts';

/** Answers what systemd would refuse about these files, one line each; empty when it would load them all. */
export type VerifyUnits = (files: readonly UnitFile[]) => Promise<readonly string[]>;

/** What the agent gives to its API. */
export interface ApiContext {
  readonly store: Store;
  readonly machineId: string;
  readonly version: string;
  /** Asks systemd itself about new units before they are taken; absent where that can't be done. */
  readonly verify?: VerifyUnits;
  /** Why this machine is no member of the cluster; undefined while it is one. Absent where nobody keeps track. */
  readonly refusal?: () => string | undefined;
}

/** What handlers know: the context and what the server itself keeps. */
export interface HandlerContext extends ApiContext {
  readonly requests: RequestCounts;
  readonly stops: RecentStops;
  readonly snapshots: Snapshots;
}

export interface ApiRequest {
  /** Segments of the path that the route calls `:something`, decoded, in order. */
  readonly parameters: readonly string[];
  readonly query: URLSearchParams;
  /** The JSON body, or undefined when the route takes none or it was left out. */
  readonly body: unknown;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

/** A success. Whatever else there is to say is thrown as `ApiError`. */
export type Reply =
  /** The type of a body that is not there: fleet named one, and its clients look. */
  | { readonly status: 201 | 204; readonly type?: string }
  | { readonly status: 200; readonly json: object }
  | { readonly status: 200; readonly text: string; readonly type: string }
  | Lines;

/** One JSON object a line, sent as they come; the stream ends when the iterable does. */
export interface Lines {
  readonly status: 200;
  readonly lines: AsyncIterable<object>;
  /** The last line for a client that does not read what it is sent: why it ends, and where to go on. */
  last(why: string): object;
}

export const json = (body: object): Reply => ({ status: 200, json: body });

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A body that a route takes. */
export interface BodyRule {
  readonly schema: z.ZodType;
  /** Whether the request may come without one; default false. */
  readonly optional?: boolean;
  /** Whether the content type is not looked at; default false: it must be `application/json`. */
  readonly anyType?: boolean;
  /** Bytes it may have at most; default 2 MiB. */
  readonly longest?: number;
}

/** What a success of a route looks like. */
export type ReplyRule =
  | { readonly status: 201 | 204 }
  | { readonly status: 200; readonly json: z.ZodType }
  | { readonly status: 200; readonly lines: z.ZodType }
  | { readonly status: 200; readonly text: string };

/** One row of the table that is served, and of the OpenAPI document that is made from it. */
export interface Route {
  readonly method: Method;
  /** Segments that start with a colon match anything but nothing. */
  readonly path: string;
  /** One sentence for the OpenAPI document. */
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: BodyRule;
  readonly replies: readonly ReplyRule[];
  /** Status for methods that the path does not take; default 405. */
  readonly otherMethods?: 400;
  handle(context: HandlerContext, request: ApiRequest): Promise<Reply>;
}
