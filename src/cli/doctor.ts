import type { Command } from 'commander';
import { counted } from '../types/index.js';
import type { Client, Item } from './client.js';
import { paint, printValue, type Terminal } from './output.js';
import type { Session } from './session.js';

/** What the doctor looks at, and what it found there. */
interface Finding {
  readonly check: string;
  /** The worst of its notes; `ok` without one. */
  readonly state: 'ok' | 'info' | 'warning' | 'error';
  readonly notes: readonly { readonly problem: string; readonly fix: string | null }[];
}

const ORDER = ['ok', 'info', 'warning', 'error'] as const;

/** Adds `doctor`. */
export function addDoctor(
  program: Command,
  session: Session,
  onState: (state: Finding['state']) => void,
): void {
  program
    .command('doctor')
    .description(
      'look at everything, and say what is wrong and which command fixes it; exits with 1 where something is',
    )
    .action(
      session.action(async ({ client, terminal, format }) => {
        const findings = await examine(client);
        if (format === 'table') for (const finding of findings) print(terminal, finding);
        else await printValue(terminal, format, findings);
        onState(worst(findings.map(({ state }) => state)));
      }),
    );
}

const worst = (states: readonly Finding['state'][]) =>
  ORDER[Math.max(0, ...states.map((state) => ORDER.indexOf(state)))] ?? 'ok';

/** Asks the API for all that can be wrong. The status has the problems of settings, devices, sessions, kernel limits and hosts. */
async function examine(client: Client): Promise<Finding[]> {
  const status = await client.get('/status');
  const [neighbors, vnis, drifts] = await Promise.all([
    client.all('/neighbors'),
    client.all('/vnis'),
    client.all('/drift', { open: true }, 20),
  ]);
  const problems = (status.problems as Item[]).map(noteOf);
  const down = neighbors.filter(({ established }) => !established);
  return [
    {
      check: `evpnd ${status.version} answers, mode ${status.mode}`,
      state: status.ready ? 'ok' : 'warning',
      notes: (status.notReadyReasons as string[]).map((problem) => ({ problem, fix: null })),
    },
    {
      check: `${neighbors.length - down.length} of ${neighbors.length} neighbors established`,
      state: neighbors.length === 0 || down.length > 0 ? 'error' : 'ok',
      // Why is among the problems
      notes: [],
    },
    {
      check: `${vnis.filter(({ up }) => up).length} of ${vnis.length} VNIs forward`,
      state: vnis.some(
        ({ up, problems: own }) => !up && (own as Item[]).some(({ severity }) => severity === 'error'),
      )
        ? 'error'
        : 'ok',
      notes: vnis
        .filter(({ up }) => !up)
        .flatMap(({ vni, problems: own }) =>
          (own as Item[]).map(({ problem, fix }) => ({
            problem: `VNI ${vni}: ${problem}`,
            fix: fix as string | null,
          })),
        ),
    },
    {
      check:
        drifts.length === 1
          ? '1 row of the kernel is not as it should be'
          : `${drifts.length === 20 ? '20 or more' : drifts.length} rows of the kernel are not as they should be`,
      state: drifts.length > 0 ? 'warning' : 'ok',
      notes: drifts.map((drift) => ({
        problem: `${drift.table} ${drift.mac ?? drift.ip ?? drift.prefix ?? drift.nexthopId}: ${drift.cause}, wanted ${drift.wanted}, found ${drift.found}`,
        fix: null,
      })),
    },
    {
      check: counted(problems.length, 'problem'),
      state: worst(problems.map(({ severity }) => severity)),
      notes: problems,
    },
  ];
}

const noteOf = ({ severity, problem, fix }: Item) => ({
  severity: severity as Finding['state'],
  problem: `${severity}: ${problem}`,
  fix: fix as string | null,
});

const COLORS = { ok: 'green', info: 'dim', warning: 'yellow', error: 'red' } as const;

function print(terminal: Terminal, { check, state, notes }: Finding): void {
  terminal.write(`${paint(terminal, COLORS[state], state.padEnd(7))}  ${check}\n`);
  for (const { problem, fix } of notes) {
    terminal.write(`         ${problem}\n`);
    if (fix !== null) terminal.write(`           ${paint(terminal, 'bold', 'fix:')} ${fix}\n`);
  }
}
