import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { attempt, Fabric, waitFor, waitUntilConverged } from '../../lab/index.js';

/*
 * The transcript of docs/evpnctl.md: questions of an operator, each answered by one command on a leaf where a host has moved, a
 * device is down, a setting has changed and a spine is slow. With EVPND_WRITE_DOCS=1 it is written, otherwise the page must say what the leaf says.
 */
const PAGE = 'docs/evpnctl.md';
const BETWEEN = /(<!-- transcript:begin[^>]*-->\n)([\s\S]*?)(<!-- transcript:end -->)/;
const evpnctl = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src', 'cli', 'main.js');

const MAC = '02:01:00:00:0a:02';

/** `says`: what an answer must have, in the page too; `whole`: the page has the same lines but for what varies. */
const QUESTIONS: readonly {
  readonly question: string;
  readonly command: string;
  readonly says: readonly RegExp[];
  readonly whole: boolean;
}[] = [
  {
    question: 'Why is this MAC on that VTEP?',
    command: `show mac ${MAC}`,
    says: [/^VNI 10, 02:01:00:00:0a:02$/m, /10\.0\.0\.3/, /^ {2}moves:$/m, /10\.0\.0\.2 -> 10\.0\.0\.3/],
    whole: false,
  },
  {
    question: 'What moved in the last ten minutes?',
    command: 'show events --since 10m --kind mac-moved,ip-moved',
    says: [/^AT +KIND +VNI +EVENT$/m, new RegExp(` mac-moved +10 .*${MAC}`)],
    whole: false,
  },
  {
    question: 'What is wrong with VNI 20?',
    command: 'show vni 20',
    says: [/^Forwards +no$/m, /fix: ip link set (dev )?vx20 up$/m],
    whole: true,
  },
  {
    question: 'Which flood lists are incomplete?',
    command: 'show flooding',
    says: [
      /^VNI +ANNOUNCED BY .* COMPLETE +WHY NOT$/m,
      /^10 .* yes +-$/m,
      /^20 .* no +vx20: the device is down$/m,
    ],
    whole: true,
  },
  {
    question: 'Which spine is slow?',
    command: 'show neighbor',
    says: [
      /^NEIGHBOR .* LATE /m,
      // The other one may have been the first each time, and has no lateness then
      /^10\.1\.1\.0 +65000 +Established /m,
      /^10\.2\.1\.0 +65000 +Established .* \d{4,} ms/m,
    ],
    whole: false,
  },
  {
    question: 'What differs from an hour ago?',
    command: 'show events --since 1h',
    says: [/ mac-moved /, / settings-changed .*\.moves: 5 -> 8$/m, / problem-found +20 /],
    whole: false,
  },
];

/** The lines of a text without what is another one each time: times, durations, measures, and how wide columns are. */
const steady = (text: string) =>
  text
    .replace(/\d{4}-\d\d-\d\d[ T][\d:.]+Z/g, 'TIME')
    .replace(/\b(\d+[dhms])+\b/g, 'DURATION')
    .replace(/\b\d+(\.\d+)? (ms|s)\b/g, 'MEASURE')
    .replace(/\b\d+ (local|remote)\b/g, 'N $1')
    .replace(/ {2,}/g, '  ');

/** The answers in the page, by command. */
const inPage = (page: string) =>
  new Map(
    [...(BETWEEN.exec(page)?.[2] ?? '').matchAll(/```console\n\$ evpnctl (.*)\n([\s\S]*?)```/g)].map(
      ([, command, answer]) => [command, answer],
    ),
  );

/** Lets a spine of FRR's tell leaf1 of changes seconds later than they come, and makes some, until it is `noticed`. */
async function tellsLate(fabric: Fabric, spine: string, noticed: () => Promise<boolean>): Promise<void> {
  const link = fabric.leaf('leaf1').links.find((each) => each.spine === spine);
  if (!link) throw new Error(`no link with ${spine}`);
  await fabric.vtysh(
    spine,
    'configure terminal',
    'router bgp 65000',
    `neighbor ${link.leafAddress.ipv4} advertisement-interval 3`,
  );
  let hosts = 0;
  await waitFor(
    async () => {
      const mac = `02:01:00:00:0b:${(++hosts % 256).toString(16).padStart(2, '0')}`;
      await fabric.apply('leaf2', { ip: [], bridge: [`fdb replace ${mac} dev p2-10 master dynamic`] });
      return noticed();
    },
    { what: `${spine} to be late`, timeout: 60_000 },
  );
}

test('each question is answered by one command, and the page has the answers', async (t) => {
  const fabric = await Fabric.create({
    leaves: [{ engine: 'evpnd' }, { engine: 'frr' }, { engine: 'frr' }],
    spines: [{ engine: 'frr' }, { engine: 'frr' }],
    vnis: [
      { vni: 10, vlan: 10 },
      { vni: 20, vlan: 20 },
    ],
  });
  t.teardown(async () => {
    if (!t.passed) t.log(fabric.logs());
    await fabric.remove();
  });
  await waitUntilConverged(fabric);
  const leaf1 = fabric.evpnd('leaf1');
  const ask = async (command: string) => {
    const { stdout, stderr } = await attempt(process.execPath, [
      evpnctl,
      '--socket',
      leaf1.socket,
      ...command.split(' '),
    ]);
    return `${stdout}${stderr}`;
  };

  await waitFor(
    async () =>
      (await ask(`show mac ${MAC}`)).includes('10.0.0.2') &&
      (await fabric.vtysh('leaf3', 'show evpn mac vni 10')).includes(`${MAC} remote`),
    { what: `${MAC} on every leaf`, timeout: 30_000 },
  );
  await tellsLate(fabric, 'spine2', async () =>
    /^10\.2\.1\.0 .* \d{4,} ms/m.test(await ask('show neighbor')),
  );
  // The new leaf learns it before the old one has lost it: a link that is moved may come after the withdrawal, and then is no move
  await fabric.apply('leaf3', { ip: [], bridge: [`fdb replace ${MAC} dev p3-10 master dynamic`] });
  leaf1.configure({ ...leaf1.config, evpn: { 'duplicate-detection': { moves: 8 } } });
  leaf1.signal('SIGHUP');
  await fabric.exec('leaf1', 'ip', 'link', 'set', 'vx20', 'down');

  const answers = new Map<string, string>();
  for (const { command, says } of QUESTIONS)
    await waitFor(
      async () => {
        const answer = await ask(command);
        answers.set(command, answer);
        return says.every((words) => words.test(answer));
      },
      { what: `answer of ${command}`, timeout: 30_000, show: () => answers.get(command) ?? '' },
    );

  const written = QUESTIONS.map(
    ({ question, command }) =>
      `${question}\n\n\`\`\`console\n$ evpnctl ${command}\n${answers.get(command)}\`\`\`\n`,
  ).join('\n');
  const page = readFileSync(PAGE, 'utf8');
  t.regex(page, BETWEEN);
  if (process.env.EVPND_WRITE_DOCS)
    writeFileSync(
      PAGE,
      page.replace(BETWEEN, (_, begin, __, end) => `${begin}${written}${end}`),
    );
  const shown = inPage(readFileSync(PAGE, 'utf8'));
  t.deepEqual(
    [...shown.keys()],
    QUESTIONS.map(({ command }) => command),
  );
  for (const { command, says, whole } of QUESTIONS) {
    const answer = shown.get(command) ?? '';
    for (const words of says) t.regex(answer, words, command);
    if (whole) t.is(steady(answer), steady(answers.get(command) ?? ''), command);
  }
});
