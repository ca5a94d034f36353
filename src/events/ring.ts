/** The latest values, as many as there is room for, each with a number that grows. */
export class Ring<Value extends { readonly id: number }> {
  /** The latest value that had to go. */
  lastLost: Value | undefined;
  readonly #values: Value[] = [];
  /** The place of the oldest value. */
  #start = 0;

  constructor(readonly capacity: number) {}

  /** The value's number must be the highest so far. */
  push(value: Value): void {
    if (this.#values.length < this.capacity) {
      this.#values.push(value);
      return;
    }
    this.lastLost = this.#values[this.#start];
    this.#values[this.#start] = value;
    this.#start = (this.#start + 1) % this.capacity;
  }

  /** Returns the first value with a higher number; undefined if there is none. */
  after(id: number): Value | undefined {
    let low = 0;
    let high = this.#values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#at(middle).id <= id) low = middle + 1;
      else high = middle;
    }
    return low < this.#values.length ? this.#at(low) : undefined;
  }

  #at(place: number): Value {
    return this.#values[(this.#start + place) % this.#values.length];
  }
}
