/** Why the process cannot start, for a reason that the operator must fix: the message has the cure, and no stack is logged. */
export class StartError extends Error {
  override readonly name: string = 'StartError';
}
