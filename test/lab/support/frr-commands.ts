import { PLACES, type PlaceName, STATEMENTS, statementOf } from '../../import-frr/support/frr-statements.js';

/** The words of a command of FRR's, as its `list` shows it, up to the first that is not fixed: `neighbor <…> bfd profile BFDPROF` begins with `bfd profile`. */
function headOf(command: string): string {
  const words = command.replace(/^neighbor (<\S+>|WORD) /, '').split(' ');
  const end = words.findIndex((word) => !/^[a-z0-9][A-Za-z0-9-]*$/.test(word));
  return words.slice(0, end < 0 ? words.length : end).join(' ');
}

/** What every block has, and what is no statement; one statement of VNC, which FRR itself has given up, stands for all. */
const LEFT_OUT = /^(exit|quit|end|list|find|output|address-family|no |show |vni |vnc )/;

/** Commands that FRR lists at a place, of which none of our statements there, or at `others`, is an example. */
export function commandsMissing(
  place: PlaceName,
  listed: string,
  others: readonly PlaceName[] = [],
): string[] {
  const known = [place, ...others].flatMap((each) =>
    STATEMENTS[each].map((statement) =>
      statementOf(statement)
        .replace(/^no /, '')
        .replace(/^neighbor \S+ /, ''),
    ),
  );
  return listed
    .split('\n')
    .map((line) => line.trim().replace(/^\[no\] /, ''))
    .filter((line) => line !== '' && !LEFT_OUT.test(line))
    .filter((line) => {
      const head = headOf(line);
      return !known.some(
        (statement) => statement === head || statement.startsWith(head === '' ? '' : `${head} `),
      );
    });
}

/** The commands of vtysh that lead to a place and list what it has. */
export function listing(place: PlaceName): string[] {
  return [
    'configure terminal',
    'router bgp 65001',
    ...PLACES[place].before.map((line) => line.trim()),
    'list',
  ];
}
