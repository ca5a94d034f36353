import { Ntf, Nud } from '../rows.js';

/** Which table a row is of is known already. */
const OF_NO_INTEREST = Ntf.SELF | Ntf.MASTER;

/** State and flags of a row in the kernel's names, for who must know at a glance what is wrong. */
export function rowWords({ state, flags }: { readonly state: number; readonly flags: number }): string {
  const names = [...namesOf(Nud, state), ...namesOf(Ntf, flags & ~OF_NO_INTEREST)];
  return `(${names.join(', ')})`;
}

function namesOf(table: Readonly<Record<string, number>>, value: number): string[] {
  return Object.keys(table)
    .filter((name) => (value & table[name]) !== 0)
    .map((name) => name.toLowerCase());
}
