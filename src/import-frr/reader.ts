import { emptyModel, type Model } from './model.js';
import { matched, type Words } from './pattern.js';
import type { Place, Row } from './row.js';
import { BGP_ROWS } from './rows-bgp.js';
import { EVPN_ROWS } from './rows-evpn.js';
import { NEIGHBOR_ROWS } from './rows-neighbor.js';
import { TOP_ROWS } from './rows-top.js';
import { VRF_ROWS } from './rows-vrf.js';
import { type Note, type Statement, shownStatement } from './statement.js';

const ROWS: readonly Row[] = [...VRF_ROWS, ...TOP_ROWS, ...BGP_ROWS, ...NEIGHBOR_ROWS, ...EVPN_ROWS];

/** By place: each statement is looked up in one list only. */
const ROWS_BY_PLACE = new Map<Place['in'], readonly Row[]>(
  (
    [
      'top',
      'bgp',
      'family',
      'evpn',
      'vni',
      'route-map',
      'bfd',
      'bfd-profile',
      'vrf',
      'vrf-bgp',
      'vrf-family',
      'vrf-evpn',
    ] as const
  ).map((place) => [place, ROWS.filter((row) => row.in.includes(place))]),
);

const TOP: Place = { in: 'top' };

/** Which blocks a word ends, with what is in them. */
const ENDS: ReadonlyMap<string, readonly Place['in'][]> = new Map([
  ['exit-address-family', ['family', 'evpn', 'vrf-family', 'vrf-evpn']],
  ['exit-vni', ['vni']],
  ['exit-vrf', ['vrf']],
]);

/**
 * Reads the statements as FRR does: one that the innermost block does not know is looked up in the blocks around it, and ends
 * those within. Throws SeveralRouters.
 */
export function readStatements(statements: readonly Statement[]): { model: Model; notes: Note[] } {
  const model = emptyModel();
  const notes: Note[] = [];
  let places: readonly Place[] = [TOP];
  for (const { line, text, isOutermost } of statements) {
    const note = (kind: Note['kind'], why: string) => {
      notes.push({ line, kind, statement: shownStatement(text), text: why });
    };
    const after = ended(places, text);
    if (after !== undefined) {
      places = after;
      continue;
    }
    const found = lookUp(places, text, isOutermost);
    if (found === undefined) {
      const innermost = places[places.length - 1];
      note('not-carried', innermost?.in === 'skipped' ? innermost.why : 'evpnd has nothing like it');
      continue;
    }
    places = places.slice(0, found.depth + 1);
    const place = places[found.depth] ?? TOP;
    const why = found.row.apply(found.words, {
      model,
      line,
      place,
      family: place.in === 'family' ? place.family : place.in === 'evpn' ? 'l2vpn-evpn' : 'ipv4-unicast',
      enter: (entered) => {
        places = [...places, entered];
      },
      differs: (words) => note('differs', words),
    });
    if (why !== undefined) note('not-carried', why);
  }
  return { model, notes };
}

/** The blocks that are left after a statement that ends some; undefined where it ends none. */
function ended(places: readonly Place[], text: string): readonly Place[] | undefined {
  const innermost = places[places.length - 1];
  if (text === '!') return innermost?.in === 'skipped' ? places.slice(0, -1) : places;
  if (text === 'end') return [TOP];
  if (text === 'exit' || text === 'quit') return places.length > 1 ? places.slice(0, -1) : places;
  const blocks = ENDS.get(text);
  if (blocks === undefined) return undefined;
  const begin = places.findIndex((place) => blocks.includes(place.in));
  if (begin >= 0) return places.slice(0, begin);
  // The end of a block of which nothing is carried over, or one too many
  const around = places[places.length - 2]?.in;
  return innermost?.in === 'skipped' && (around === 'bgp' || around === 'vrf-bgp')
    ? places.slice(0, -1)
    : places;
}

interface Found {
  readonly row: Row;
  readonly words: Words;
  readonly depth: number;
}

function lookUp(places: readonly Place[], text: string, isOutermost: boolean): Found | undefined {
  const isSkipped = places[places.length - 1]?.in === 'skipped';
  for (let depth = places.length - 1; depth >= 0; depth--) {
    const place = places[depth] ?? TOP;
    // What is in a block that is skipped may look as what stands outside of it
    if (isSkipped && !(place.in === 'top' ? isOutermost : text.startsWith('address-family '))) continue;
    for (const row of ROWS_BY_PLACE.get(place.in) ?? []) {
      const words = matched(row.form, text);
      if (words !== undefined) return { row, words, depth };
    }
  }
  return undefined;
}
