import { ANSWERS, BODIES, PARAMETERS, PROBLEMS_OF, PROBLEMS_SHOWN } from './examples/index.js';
import { PROBES } from './listen.js';
import { operationId, TAGS, tagOf } from './operations.js';

/** What the description says of the API as a whole, but its version. */
export const HEAD = {
  info: {
    title: 'evpnd',
    description: `What an EVPN-VXLAN leaf knows and does.

Who may ask: over the Unix socket whoever the permissions of its file admit; over TCP who has the token, where evpnd has one
(\`api.token-file\`), else whoever reaches it. What changes something is taken over the Unix socket, and over TLS with the token.

Lists come in pages: \`next\` of an answer is \`cursor\` of the next request, null on the last page. What is refused is
answered with problem details (RFC 9457), whose \`code\` is for programs and whose \`detail\` is for people.`,
    contact: { name: 'The evpnd maintainers' },
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [
    { url: '/', description: 'The leaf that this description is from.' },
    { url: 'http://127.0.0.1:8179', description: 'On the leaf itself, as it listens by default.' },
  ],
  tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  security: [{}, { token: [] }] as Record<string, string[]>[],
  components: {
    securitySchemes: {
      token: {
        type: 'http' as const,
        scheme: 'bearer',
        description: 'What the file of `api.token-file` has (RFC 6750); over TCP, where it is configured.',
      },
    },
  },
};

interface Media {
  example?: unknown;
}

interface Operation {
  operationId?: string;
  tags?: string[];
  security?: readonly object[];
  parameters?: readonly { readonly name: string; example?: unknown }[];
  requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>;
}

interface Description {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** Gives each operation of a generated description its name, its tag and its examples. Throws for one without a name. */
export function completed<Made extends object>(made: Made): Made {
  for (const [path, operations] of Object.entries((made as Description).paths ?? {}))
    for (const [method, operation] of Object.entries(operations)) complete(operation, method, path);
  return made;
}

function complete(operation: Operation, method: string, path: string): void {
  const id = operationId(method, path);
  operation.operationId = id;
  operation.tags = [tagOf(path)];
  if (PROBES.has(path)) operation.security = [];
  const { next } = ANSWERS[id] as { readonly next?: string | null };
  for (const parameter of operation.parameters ?? []) {
    const example = parameter.name === 'cursor' ? next : PARAMETERS[parameter.name];
    if (example !== undefined && example !== null) parameter.example = example;
  }
  for (const media of Object.values(operation.requestBody?.content ?? {})) media.example = BODIES[id];
  const problems = [...(PROBLEMS_OF[id] ?? []), ...PROBLEMS_SHOWN];
  for (const [status, { content = {} }] of Object.entries(operation.responses))
    for (const media of Object.values(content))
      media.example =
        status === '200'
          ? ANSWERS[id]
          : problems.find((problem) => problem.status === Number(status))?.details(instanceOf(path));
}

/** The path of a request. */
function instanceOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => String(PARAMETERS[name]));
}
