import type { Cordon } from '../../model/api.ts';
import { setCordon } from './cordon.ts';
import { parseInput } from './request-body.ts';
import { type ApiRequest, type HandlerContext, json, type Reply, type Route } from './route.ts';
import { cordonReply, cordonRequest } from './schemas.ts';

/** `POST /flotilla/v1/machines/<name or id>/…` */
export const machineRoutes: readonly Route[] = [
  cordonRoute('cordon', 'Gives a machine no new units. What it has stays.', false),
  cordonRoute('drain', 'Gives a machine no new units, and its units to other machines.', true),
  {
    method: 'POST',
    path: '/flotilla/v1/machines/:machine/uncordon',
    summary: 'Ends a cordon or a drain. What has moved does not come back by itself.',
    body: { schema: cordonRequest, optional: true },
    replies: [{ status: 200, json: cordonReply }],
    handle: async ({ store }, { parameters: [machine = ''] }) =>
      json(await setCordon(store, machine, undefined)),
  },
];

function cordonRoute(verb: 'cordon' | 'drain', summary: string, drain: boolean): Route {
  const handle = async (
    { store }: HandlerContext,
    { parameters: [machine = ''], body }: ApiRequest,
  ): Promise<Reply> => {
    const { reason = `${verb} was asked for`, force = false } = parseInput(cordonRequest, body ?? {});
    const cordon: Cordon = { drain, reason, ...(drain && force && { force }) };
    return json(await setCordon(store, machine, cordon));
  };
  const path = `/flotilla/v1/machines/:machine/${verb}`;
  const body = { schema: cordonRequest, optional: true };
  return { method: 'POST', path, summary, body, replies: [{ status: 200, json: cordonReply }], handle };
}
