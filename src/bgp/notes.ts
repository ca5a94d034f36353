/** What readers of a RIB remember of something, each in its slot. */
export interface Noted {
  /** The note of the first slot itself where no other has one; written by this file alone. */
  notes: object | undefined;
}

/**
 * Notes of several readers. Mostly there is one, whose note needs no list; and where there are two, as on a leaf with VRFs, each
 * route has both, so that fields keep them: an array takes room for seventeen.
 */
class Notes {
  second: object | undefined = undefined;
  /** By slot; of the slots above the first two. */
  others: (object | undefined)[] | undefined = undefined;

  constructor(public first: object | undefined) {}

  in(slot: number): object | undefined {
    if (slot === 0) return this.first;
    return slot === 1 ? this.second : this.others?.[slot];
  }

  put(slot: number, note: object | undefined): void {
    if (slot === 0) this.first = note;
    else if (slot === 1) this.second = note;
    else {
      this.others ??= [];
      this.others[slot] = note;
    }
  }
}

/** The note in the slot. */
export function noteIn({ notes }: Noted, slot: number): object | undefined {
  if (notes instanceof Notes) return notes.in(slot);
  return slot === 0 ? notes : undefined;
}

/** Puts a note into the slot, in the place of the one that is there. */
export function setNote(noted: Noted, slot: number, note: object | undefined): void {
  const { notes } = noted;
  if (notes instanceof Notes) notes.put(slot, note);
  else if (slot === 0) noted.notes = note;
  else if (note !== undefined) {
    const several = new Notes(notes);
    several.put(slot, note);
    noted.notes = several;
  }
}
