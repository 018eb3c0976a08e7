/*
 * The API description document of `/fleet/v1` (Google's discovery format, as fleet served it), in our own words.
 * Client generators read schemas and methods from it; clients put their own endpoint in place of `$ENDPOINT`.
 */

const text = { type: 'string' } as const;
const state = { type: 'string', enum: ['inactive', 'loaded', 'launched'] } as const;
const listOf = (entity: string) => ({ type: 'array', items: { $ref: entity } });
const entity = (id: string, properties: Readonly<Record<string, object>>) => ({
  [id]: { id, type: 'object', properties },
});

const schemas = {
  ...entity('Machine', {
    id: text,
    primaryIP: text,
    metadata: { type: 'object', properties: {}, additionalProperties: text },
  }),
  ...entity('MachinePage', { machines: listOf('Machine'), nextPageToken: text }),
  ...entity('MachinePatch', {
    op: { type: 'string', enum: ['add', 'remove', 'replace'] },
    path: { ...text, description: '/<machine id>/metadata/<key>' },
    value: { type: 'any' },
  }),
  ...entity('UnitOption', { section: text, name: text, value: text }),
  ...entity('Unit', {
    name: text,
    options: listOf('UnitOption'),
    desiredState: state,
    currentState: state,
    machineID: text,
  }),
  ...entity('UnitPage', { units: listOf('Unit'), nextPageToken: text }),
  ...entity('UnitState', {
    name: text,
    hash: text,
    machineID: text,
    systemdLoadState: text,
    systemdActiveState: text,
    systemdSubState: text,
  }),
  ...entity('UnitStatePage', { states: listOf('UnitState'), nextPageToken: text }),
};

const query = { type: 'string', location: 'query' } as const;
const nextPageToken = { ...query, description: 'The value that the page before this one gave.' };

interface Method {
  readonly id: string;
  readonly httpMethod: string;
  readonly path: string;
  readonly description: string;
  readonly parameters?: Readonly<Record<string, object>>;
  readonly parameterOrder?: readonly string[];
  readonly request?: { readonly $ref: string };
  readonly response?: { readonly $ref: string };
}

function list(
  id: string,
  path: string,
  page: string,
  filters: Readonly<Record<string, object>> = {},
): Method {
  return {
    id: `fleet.${id}.List`,
    httpMethod: 'GET',
    path,
    description: `One page of ${page.replace('Page', '')} entities, at most 100.`,
    parameters: { nextPageToken, ...filters },
    response: { $ref: page },
  };
}

function ofUnit(
  id: string,
  httpMethod: string,
  path: string,
  description: string,
  bodies: Pick<Method, 'request' | 'response'>,
): Method {
  const parameters = { unitName: { type: 'string', location: 'path', required: true } };
  return { id, httpMethod, path, description, parameters, parameterOrder: ['unitName'], ...bodies };
}

const resources = {
  Machines: {
    methods: {
      List: list('Machine', 'machines', 'MachinePage'),
      Patch: {
        id: 'fleet.Machine.Patch',
        httpMethod: 'PATCH',
        path: 'machines',
        description: 'Changes metadata of machines: a list of MachinePatch (JSON Patch, RFC 6902).',
      },
    },
  },
  Units: {
    methods: {
      List: list('Unit', 'units', 'UnitPage'),
      Get: ofUnit('fleet.Unit.Get', 'GET', 'units/{unitName}', 'One unit with its options.', {
        response: { $ref: 'Unit' },
      }),
      Delete: ofUnit('fleet.Unit.Delete', 'DELETE', 'units/{unitName}', 'Stops and forgets a unit.', {}),
      Set: ofUnit(
        'fleet.Unit.Set',
        'PUT',
        'units/{unitName}',
        'Creates a unit, changes its options or its desired state.',
        { request: { $ref: 'Unit' } },
      ),
    },
  },
  UnitState: {
    methods: {
      Get: ofUnit('fleet.UnitState.Get', 'GET', 'state/{unitName}', 'What systemd says of one unit.', {
        response: { $ref: 'UnitState' },
      }),
      List: list('UnitState', 'state', 'UnitStatePage', {
        unitName: { ...query, description: 'Only states of this unit.' },
        machineID: { ...query, description: 'Only states on this machine.' },
      }),
    },
  },
};

export const discoveryDocument = {
  kind: 'discovery#restDescription',
  discoveryVersion: 'v1',
  id: 'fleet:v1',
  name: 'schema',
  version: 'v1',
  title: 'fleet API',
  description: 'Units, their states and machines of a Flotilla cluster, as clients of fleet know them.',
  protocol: 'rest',
  icons: { x16: '', x32: '' },
  labels: [],
  baseUrl: '$ENDPOINT/fleet/v1/',
  basePath: '/fleet/v1/',
  rootUrl: '$ENDPOINT/',
  servicePath: 'fleet/v1/',
  batchPath: 'batch',
  parameters: {},
  auth: {},
  schemas,
  resources,
};
