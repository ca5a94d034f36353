/** What readers of a RIB remember of something, each in its slot. */
export interface Noted {
  /** The note of the first slot itself where no other has one; written by this file alone. */
  notes: object | undefined;
}

/** Notes of several readers: mostly there is one, whose note needs no list. */
class Notes {
  readonly bySlot: (object | undefined)[] = [];
}

/** The note in the slot. */
export function noteIn({ notes }: Noted, slot: number): object | undefined {
  if (notes instanceof Notes) return notes.bySlot[slot];
  return slot === 0 ? notes : undefined;
}

/** Puts a note into the slot, in the place of the one that is there. */
export function setNote(noted: Noted, slot: number, note: object | undefined): void {
  const { notes } = noted;
  if (notes instanceof Notes) notes.bySlot[slot] = note;
  else if (slot === 0) noted.notes = note;
  else if (note !== undefined) {
    const several = new Notes();
    several.bySlot[0] = notes;
    several.bySlot[slot] = note;
    noted.notes = several;
  }
}
