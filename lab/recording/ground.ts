import { Namespaces } from '../namespaces.js';
import { run } from '../process.js';

/** Two namespaces joined by a veth pair: a BGP speaker of somebody else's in one, our collectors in the other. */
export interface Ground {
  readonly namespaces: Namespaces;
  readonly speaker: string;
  readonly collector: string;
  readonly folder: string;
}

/** The speaker's address, and the collectors'. */
export const SPEAKER = '10.9.0.1';
export const COLLECTORS = ['10.9.0.2', '10.9.0.3'] as const;

/** Lays the ground; `namespaces.remove()` clears it, and so does the end of the process. */
export async function layGround(): Promise<Ground> {
  const namespaces = new Namespaces();
  await namespaces.add(['speaker', 'collector']);
  const speaker = namespaces.of('speaker');
  const collector = namespaces.of('collector');
  const commands = [
    `-n ${speaker} link add eth0 type veth peer name eth0 netns ${collector}`,
    `-n ${speaker} addr add ${SPEAKER}/24 dev eth0`,
    ...COLLECTORS.map((address) => `-n ${collector} addr add ${address}/24 dev eth0`),
    ...[speaker, collector].flatMap((name) => [`-n ${name} link set lo up`, `-n ${name} link set eth0 up`]),
  ];
  for (const command of commands) await run('ip', command.split(' '));
  return { namespaces, speaker, collector, folder: namespaces.folder };
}

/** Runs a command in a namespace. */
export async function inside(namespace: string, ...command: string[]): Promise<string> {
  return (await run('ip', ['netns', 'exec', namespace, ...command])).stdout;
}
