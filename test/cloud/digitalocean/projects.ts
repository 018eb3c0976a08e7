import * as z from 'zod';
import {
  ApiError,
  type Call,
  created,
  demand,
  found,
  noContent,
  ok,
  page,
  type Routes,
  read,
} from './answer.ts';
import { type Cloud, now } from './cloud.ts';
import type { Project } from './inventory.ts';

const Environment = z
  .string()
  .regex(/^(development|staging|production|)$/i, 'environment must be Development, Staging or Production')
  .transform((text) => text.charAt(0).toUpperCase() + text.slice(1).toLowerCase());
const Create = z.object({
  name: z.string().min(1).max(175),
  purpose: z.string().min(1).max(255),
  description: z.string().max(255).default(''),
  environment: Environment.default(''),
});
const Update = z.object({
  name: z.string().min(1).max(175).nullish(),
  purpose: z.string().min(1).max(255).nullish(),
  description: z.string().max(255).nullish(),
  environment: Environment.nullish(),
  is_default: z.boolean().nullish(),
});
const Assign = z.object({ resources: z.array(z.string()) });

/** Purposes that the console offers; any other one is answered with "Other: " before it. */
const purposes = [
  'Just trying out DigitalOcean',
  'Class project / Educational purposes',
  'Website or blog',
  'Web Application',
  'Service or API',
  'Mobile Application',
  'Machine learning / AI / Data processing',
  'IoT',
  'Operational / Developer tooling',
];

export function projectRoutes(cloud: Cloud): Routes {
  const { projects } = cloud.inventory;
  const asked = ({ params }: Call) =>
    found(params.project === 'default' ? defaultProject(cloud) : projects.get(params.project ?? ''));
  const update = (call: Call) => {
    const project = asked(call);
    change(cloud, project, read(Update, call.body));
    return ok({ project: view(project) });
  };
  return {
    'GET /v2/projects': (call) => page(call, 'projects', [...projects.values()].map(view)),
    'POST /v2/projects': ({ body }) => {
      const wanted = read(Create, body);
      demandFreeName(cloud, wanted.name);
      const project = addProject(cloud, { ...wanted, is_default: false });
      cloud.trace.add({ kind: 'created', type: 'project', name: project.name, id: project.id });
      return created({ project: view(project) });
    },
    'GET /v2/projects/:project': (call) => ok({ project: view(asked(call)) }),
    'PUT /v2/projects/:project': update,
    'PATCH /v2/projects/:project': update,
    'DELETE /v2/projects/:project': (call) => {
      const { id, name, is_default } = asked(call);
      const full = 'cannot delete a project with resources. move or remove the resources first';
      if (resources(cloud, id).length > 0) throw new ApiError(412, full);
      demand(!is_default, 'cannot delete the default project');
      projects.delete(id);
      cloud.trace.add({ kind: 'deleted', type: 'project', name, id });
      return noContent;
    },
    'GET /v2/projects/:project/resources': (call) =>
      page(
        call,
        'resources',
        resources(cloud, asked(call).id).map((urn) => viewResource(cloud, call, urn, 'ok')),
      ),
    'POST /v2/projects/:project/resources': (call) => {
      const { id } = asked(call);
      const { resources: urns } = read(Assign, call.body);
      return ok({ resources: urns.map((urn) => viewResource(cloud, call, urn, assign(cloud, urn, id))) });
    },
  };
}

/** Comes with every account. */
export function addDefaultProject(cloud: Cloud): void {
  const facts = { name: 'first-project', purpose: 'Just trying out DigitalOcean', description: '' };
  addProject(cloud, { ...facts, environment: '', is_default: true });
}

function addProject(cloud: Cloud, facts: Omit<Project, 'id' | 'created_at' | 'updated_at'>): Project {
  const project: Project = { id: cloud.uuid(), created_at: now(), updated_at: now(), ...facts };
  cloud.inventory.projects.set(project.id, project);
  return project;
}

function defaultProject({ inventory }: Cloud): Project | undefined {
  return [...inventory.projects.values()].find((project) => project.is_default);
}

function change(cloud: Cloud, project: Project, wanted: z.output<typeof Update>): void {
  const { name } = wanted;
  if (name && name !== project.name) demandFreeName(cloud, name);
  if (wanted.is_default === false) demand(!project.is_default, 'one project must be the default');
  const old = defaultProject(cloud);
  if (wanted.is_default && old) old.is_default = false;
  const given = Object.entries(wanted).filter(([, value]) => value !== undefined && value !== null);
  Object.assign(project, Object.fromEntries(given), { updated_at: now() });
}

function demandFreeName({ inventory }: Cloud, name: string): void {
  if ([...inventory.projects.values()].some((project) => project.name === name))
    throw new ApiError(409, 'name is already in use');
}

/** What can be in a project of what this API has. */
function urns({ inventory }: Cloud): string[] {
  return [
    ...[...inventory.droplets.keys()].map((id) => `do:droplet:${id}`),
    ...[...inventory.loadBalancers.keys()].map((id) => `do:loadbalancer:${id}`),
  ];
}

function resources(cloud: Cloud, project: string): string[] {
  const { assigned } = cloud.inventory;
  const usual = defaultProject(cloud)?.id;
  return urns(cloud).filter((urn) => (assigned.get(urn)?.project ?? usual) === project);
}

function assign(cloud: Cloud, urn: string, project: string): 'assigned' | 'not_found' {
  if (!urns(cloud).includes(urn)) return 'not_found';
  cloud.inventory.assigned.set(urn, { project, at: now() });
  return 'assigned';
}

function viewResource({ inventory }: Cloud, { base }: Call, urn: string, status: string) {
  const [, type, id] = urn.split(':');
  const self = `${base}/v2/${type === 'droplet' ? 'droplets' : 'load_balancers'}/${id}`;
  return { urn, assigned_at: inventory.assigned.get(urn)?.at ?? now(), links: { self }, status };
}

function view(project: Project) {
  const { purpose } = project;
  return {
    ...project,
    owner_uuid: '99525febec065ca37b2ffe4f852fd2b2581895e7',
    owner_id: 258992,
    purpose: purposes.includes(purpose) ? purpose : `Other: ${purpose}`,
  };
}
