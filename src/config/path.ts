/** Keys and list indexes from the top of the file to a value. */
export type Path = readonly (string | number)[];

/** `neighbors[1].remote-as`. */
export function formatPath(path: Path): string {
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join('');
}
