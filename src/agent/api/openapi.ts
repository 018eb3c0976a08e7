import * as z from 'zod';
import { components } from './components.ts';
import { metricsType } from './metrics.ts';
import type { ReplyRule, Route } from './route.ts';
import { errorReply } from './schemas.ts';

/** The OpenAPI 3.1 document of a table of routes. */
export function openApiOf(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Flotilla agent',
      version,
      description: 'Served on the unix socket of every agent, to root and to members of its group.',
    },
    servers: [{ url: 'http://localhost', description: 'The socket; the name of the host does not matter.' }],
    paths,
    components: { schemas: componentSchemas() },
  };
}

function operationOf(route: Route): object {
  const { summary, body, replies } = route;
  const successes = replies.map((reply) => [reply.status, responseOf(reply)]);
  const failure = { description: 'What is wrong and what to do.', content: jsonContent(errorReply) };
  return {
    summary,
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(body && { requestBody: { required: body.optional !== true, content: jsonContent(body.schema) } }),
    responses: { ...Object.fromEntries(successes), '4XX': failure, '5XX': failure },
  };
}

function pathParameters({ path }: Route): object[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => {
    return { name, in: 'path', required: true, schema: { type: 'string' } };
  });
}

function queryParameters({ query }: Route): object[] {
  return Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const { $schema: _, ...plain } = z.toJSONSchema(schema);
    return { name, in: 'query', schema: plain };
  });
}

function responseOf(reply: ReplyRule): object {
  if ('json' in reply) return { description: 'The answer.', content: jsonContent(reply.json) };
  if ('lines' in reply) {
    const content = { 'application/x-ndjson': { schema: referenceTo(reply.lines) } };
    return { description: 'One object of this kind a line.', content };
  }
  if ('text' in reply) return { description: reply.text, content: textContent() };
  return { description: reply.status === 201 ? 'It was made.' : 'It was done.' };
}

function textContent(): object {
  return { [metricsType]: { schema: { type: 'string' } } };
}

function jsonContent(schema: z.ZodType): object {
  return { 'application/json': { schema: referenceTo(schema) } };
}

const referenceOf = (id: string) => `#/components/schemas/${id}`;

function referenceTo(schema: z.ZodType): object {
  const id = components.get(schema)?.id;
  if (id === undefined) throw new Error('a route has a body without a name; wrap its schema in component()');
  return { $ref: referenceOf(id) };
}

function componentSchemas(): Record<string, object> {
  const { schemas } = z.toJSONSchema(components, { uri: referenceOf });
  const plain = Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]);
  return Object.fromEntries(plain);
}
