import type { Command } from 'commander';
import { hostQuery, type Item, type Query } from './client.js';
import { type Column, paint, printItem, printItems, printValue } from './output.js';
import type { Session } from './session.js';
import * as tables from './tables.js';

/** A list of things, as `show` prints it. */
interface Listing {
  readonly name: string;
  readonly summary: string;
  readonly path: string;
  readonly columns: readonly Column[];
  /** What is printed where there are none. */
  readonly none: string;
  /** Options that the API has as parameters, by their name there. */
  readonly filters: Readonly<Record<string, string>>;
}

const LISTINGS: readonly Listing[] = [
  {
    name: 'routes',
    summary: 'EVPN routes, ours and those of the neighbors',
    path: '/routes',
    columns: tables.ROUTES,
    none: 'no routes',
    filters: {
      type: 'route type, 1 to 5',
      vni: 'of this VNI',
      mac: 'of this MAC',
      ip: 'of this IP',
      rd: 'of this route distinguisher',
      origin: 'local or remote',
      neighbor: 'that this neighbor sent',
      unused: 'that no VNI uses for this reason',
    },
  },
  {
    name: 'underlay-routes',
    summary: 'unicast routes of the neighbors',
    path: '/underlay-routes',
    columns: tables.UNDERLAY,
    none: 'no routes: underlay.enabled is off, no neighbor sends any, or there is no such VRF',
    filters: {
      ip: 'whose prefix holds this address',
      neighbor: 'that this neighbor sent',
      vrf: 'that neighbors in this VRF sent',
    },
  },
  {
    name: 'vteps',
    summary: 'VTEPs of other leaves',
    path: '/vteps',
    columns: tables.VTEPS,
    none: 'no remote VTEP is known',
    filters: {},
  },
  {
    name: 'flooding',
    summary: 'to how many VTEPs each VNI floods, and whether that is all that announce it',
    path: '/vnis',
    columns: tables.FLOODING,
    none: 'no VNIs',
    filters: {},
  },
  {
    name: 'drift',
    summary: 'rows of the kernel that differ from what they should be, or did lately',
    path: '/drift',
    columns: tables.DRIFTS,
    none: 'no drift: the kernel has what it should have',
    filters: { vni: 'of this VNI', open: 'true: only those that stand; false: only resolved ones' },
  },
  {
    name: 'pending-writes',
    summary: 'rows that are to be written to the kernel now',
    path: '/pending-writes',
    columns: tables.PENDING,
    none: 'nothing is to be written',
    filters: { vni: 'of this VNI' },
  },
  {
    name: 'duplicates',
    summary: 'addresses that are in two places',
    path: '/duplicates',
    columns: tables.DUPLICATES,
    none: 'no duplicate addresses',
    filters: {},
  },
];

/** Adds `show` and what stands below it. */
export function addShow(program: Command, session: Session): void {
  const show = program.command('show').description('show what evpnd knows and does');
  const run = session.action;

  show
    .command('status')
    .description('version, health, counts and problems')
    .action(
      run(async ({ client, terminal, format }) => {
        await printItem(terminal, format, await client.get('/status'), tables.STATUS);
      }),
    );

  show
    .command('problems')
    .description('what is wrong, and what fixes it')
    .action(
      run(async ({ client, terminal, format }) => {
        const { problems } = await client.get('/status');
        await printItems(terminal, format, problems as Item[], tables.PROBLEMS, 'no problems');
      }),
    );

  show
    .command('neighbor')
    .aliases(['neighbors'])
    .argument('[neighbor]', 'address or interface, as configured; in a VRF ADDRESS@VRF')
    .description('BGP sessions, or one with all that is known of it')
    .action(
      run(async ({ client, terminal, format }, neighbor?: string) => {
        if (neighbor === undefined)
          await printItems(
            terminal,
            format,
            await client.all('/neighbors'),
            tables.NEIGHBORS,
            'no neighbors',
          );
        else
          await printItem(
            terminal,
            format,
            await client.get(`/neighbors/${encodeURIComponent(neighbor)}`),
            tables.NEIGHBOR,
          );
      }),
    );

  show
    .command('vni')
    .aliases(['vnis'])
    .argument('[vni]', 'number')
    .description('VNIs, or one with its devices, route targets and problems')
    .action(
      run(async ({ client, terminal, format }, vni?: string) => {
        if (vni === undefined)
          await printItems(terminal, format, await client.all('/vnis'), tables.VNIS, 'no VNIs');
        else
          await printItem(terminal, format, await client.get(`/vnis/${encodeURIComponent(vni)}`), tables.VNI);
      }),
    );

  show
    .command('vrf')
    .aliases(['vrfs'])
    .argument('[vrf]', 'name')
    .description('VRFs and their L3VNIs, or one with its problems')
    .action(
      run(async ({ client, terminal, format }, vrf?: string) => {
        if (vrf === undefined)
          await printItems(terminal, format, await client.all('/vrfs'), tables.VRFS, 'no VRFs');
        else
          await printItem(terminal, format, await client.get(`/vrfs/${encodeURIComponent(vrf)}`), tables.VRF);
      }),
    );

  for (const [name, path, columns, what] of [
    ['mac', 'macs', tables.MACS, 'MACs'],
    ['ip', 'arp-cache', tables.IPS, 'IPs'],
  ] as const)
    show
      .command(name)
      .aliases(name === 'mac' ? ['macs'] : ['ips', 'arp'])
      .argument(
        '[address]',
        `one ${name === 'mac' ? 'MAC' : 'IP'}: why it is where it is, in every VNI that has it`,
      )
      .option('--vni <vni>', 'of this VNI alone')
      .option('--origin <origin>', 'local or remote')
      .option('--vtep <vtep>', 'behind this VTEP')
      .description(`${what} of hosts by VNI, or the story of one`)
      .action(
        run(async (shell, address: string | undefined, { vni, ...filter }: Query) => {
          const { client, terminal, format } = shell;
          if (address !== undefined) return explainEverywhere(shell, { [name]: address }, vni);
          const vnis = vni === undefined ? (await client.all('/vnis')).map((item) => item.vni) : [vni];
          const items: Item[] = [];
          for (const number of vnis)
            for (const item of await client.all(
              `/vnis/${encodeURIComponent(String(number))}/${path}`,
              filter,
            ))
              items.push({ vni: number, ...item });
          await printItems(terminal, format, items, [{ title: 'VNI', of: 'vni' }, ...columns], `no ${what}`);
        }),
      );

  for (const { name, summary, path, columns, none, filters } of LISTINGS) {
    const command = show.command(name).description(summary);
    for (const [option, help] of Object.entries(filters)) command.option(`--${option} <${option}>`, help);
    command.option('--limit <number>', 'so many at most').action(
      run(async ({ client, terminal, format }, { limit, ...query }: Query) => {
        const most = limit === undefined ? undefined : Number(limit);
        await printItems(terminal, format, await client.all(path, query, most), columns, none);
      }),
    );
  }
}

/** Adds `explain`. */
export function addExplain(program: Command, session: Session): void {
  const explain = program.command('explain');
  explain
    .argument('<vni>', 'number')
    .argument('<address>', 'MAC or IP of a host')
    .argument('[ip]', 'an IP of the MAC')
    .description('why a MAC or an IP is where it is, and whether the kernel has it so')
    .action(
      session.action(async (shell, vni: string, address: string, ip?: string) => {
        const query = { ip, ...hostQuery(address) };
        await printStory(shell, await shell.client.get('/explain', { vni, ...query }));
      }),
    );
  for (const [name, argument, what] of [
    ['ip', 'address', 'an IP address'],
    ['prefix', 'prefix', 'a prefix such as 10.1.0.0/16'],
  ] as const)
    explain
      .command(name)
      .argument(`<${argument}>`, what)
      .option('--vrf <vrf>', 'in this VRF alone')
      .description(
        `where VRFs send packets to ${name === 'ip' ? 'an IP' : 'a prefix'}, why, and whether the kernel has it so`,
      )
      .action(
        session.action(async (shell, value: string, { vrf }: Query) => {
          await explainRoute(shell, { [name]: value }, vrf);
        }),
      );
}

/** What an action has of its surroundings. */
type Shell = Parameters<Parameters<Session['action']>[0]>[0];

async function explainEverywhere(shell: Shell, address: Query, vni: Query[string]): Promise<void> {
  const { client, terminal, format } = shell;
  const routes = vni === undefined ? await client.all('/routes', address) : [];
  const vnis = vni === undefined ? vnisOf(routes) : [vni];
  const stories = await Promise.all(
    vnis.map((number) => client.get('/explain', { vni: number, ...address })),
  );
  if (format !== 'table') return printValue(terminal, format, stories);
  if (stories.length === 0) terminal.write(`${routes.length === 0 ? NOWHERE : unimportedText(address)}\n`);
  for (const story of stories) await printStory(shell, story);
}

/** In the VRF, or in each that routes to other leaves. */
async function explainRoute(shell: Shell, query: Query, vrf: Query[string]): Promise<void> {
  const { client, terminal, format } = shell;
  const all = vrf === undefined ? await client.all('/vrfs') : [{ name: vrf }];
  const names = all
    .filter(({ l3vni }) => vrf !== undefined || l3vni !== null)
    .map(({ name }) => String(name));
  const stories: Item[] = [];
  for (const name of names)
    stories.push(await client.get(`/vrfs/${encodeURIComponent(name)}/explain`, query));
  if (format !== 'table') return printValue(terminal, format, stories);
  if (stories.length === 0) terminal.write('no VRF has an L3VNI; with --vrf another one is asked\n');
  for (const { vrf: name, verdict } of stories) {
    terminal.write(`${paint(terminal, 'bold', `VRF ${name}, ${query.ip ?? query.prefix}`)}\n`);
    for (const sentence of verdict as string[]) terminal.write(`  ${sentence}\n`);
  }
}

const NOWHERE = 'no route and no VNI has it; with --vni it is looked for there';

/** There are routes of the address, and the VNI that was meant has other route targets, or another number there. */
const unimportedText = (address: Query) =>
  `no VNI of this leaf imports its routes, which \`evpnctl show routes ${Object.entries(address)
    .map(([name, value]) => `--${name} ${value}`)
    .join(' ')}\` lists; with --vni it is said why that VNI does not`;

/** VNIs that import one of the routes, or announce it. */
function vnisOf(routes: readonly Item[]): number[] {
  return [...new Set(routes.flatMap(({ vnis }) => vnis as number[]))].sort((a, b) => a - b);
}

async function printStory({ terminal, format }: Shell, story: Item): Promise<void> {
  if (format !== 'table') return printValue(terminal, format, story);
  const { vni, mac, ip, verdict, entry } = story;
  terminal.write(`${paint(terminal, 'bold', `VNI ${vni}, ${[mac, ip].filter(Boolean).join(', ')}`)}\n`);
  for (const sentence of verdict as string[]) terminal.write(`  ${sentence}\n`);
  const moves = (entry as Item).moves as Item[];
  if (moves.length > 0) terminal.write('  moves:\n');
  for (const move of moves)
    terminal.write(
      `    ${move.at}  ${move.fromVtep ?? move.from} -> ${move.vtep ?? move.to}  sequence ${move.sequence}  ${move.cause}\n`,
    );
}
