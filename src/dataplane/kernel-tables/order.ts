/** What a table's place in the order follows from. */
export interface Ordered {
  /** The tables to whose rows its own point: those rows are written before its own, and go when its own are gone. */
  readonly after: readonly string[];
  /** False where operations on it are not launched with others: they come first, by themselves. */
  readonly flies: boolean;
}

/** What is written together: of some tables what is wanted, or what is wanted no longer. */
export interface Stage<Name extends string = string> {
  readonly tables: readonly Name[];
  /** What is wanted no longer, of tables that others come after; the others' removals come with what is wanted. */
  readonly removals: boolean;
}

/**
 * The stages of the reconciler's work, each begun when nothing is left to be taken of the one before: what does not fly,
 * then each table as late as those that come after it allow, then back, what is wanted no longer of those that others come
 * after. Throws where a table comes after itself or after one that is not there.
 */
export function stagesOf<Name extends string>(tables: Readonly<Record<Name, Ordered>>): Stage<Name>[] {
  const names = Object.keys(tables) as Name[];
  const followers = new Map(names.map((name) => [name as string, [] as Name[]]));
  for (const name of names)
    for (const base of tables[name].after) {
      const of = followers.get(base);
      if (!of) throw new Error(`${name} comes after ${base}, which is no table`);
      of.push(name);
    }
  /** How many tables at most point to rows that point to rows … that point to the table's. */
  const height = (name: Name, seen: readonly Name[] = []): number => {
    if (seen.includes(name)) throw new Error(`${[...seen, name].join(' points to ')}: there is no order`);
    return Math.max(-1, ...(followers.get(name) ?? []).map((each) => height(each, [...seen, name]))) + 1;
  };
  const flying = names.filter((name) => tables[name].flies);
  const heights = new Map(names.map((name) => [name, height(name)]));
  const top = Math.max(0, ...flying.map((name) => heights.get(name) ?? 0));
  const levels = Array.from({ length: top + 1 }, (_, i) => top - i).map((level) =>
    flying.filter((name) => heights.get(name) === level),
  );
  const stages = [names.filter((name) => !tables[name].flies), ...levels].map((of) => ({
    tables: of,
    removals: false,
  }));
  const back = [...levels].reverse().map((of) => ({
    tables: of.filter((name) => (heights.get(name) ?? 0) > 0),
    removals: true,
  }));
  return [...stages, ...back].filter((stage) => stage.tables.length > 0);
}

/** The tables that others come after. */
export function pointedTo(tables: Readonly<Record<string, Ordered>>): ReadonlySet<string> {
  return new Set(Object.values(tables).flatMap(({ after }) => after));
}
