/** Why the process cannot start, which an operator alone can fix: the sentence says how, and a stack says nothing more. */
export class StartError extends Error {
  override readonly name: string = 'StartError';
}
