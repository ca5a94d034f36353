import { accessSync, constants } from 'node:fs';

/** A problem of the leaf, as the API shows it. */
interface StateDirectoryProblem {
  readonly severity: 'warning';
  readonly problem: string;
  readonly fix: string;
}

/** Returns the problem of the state directory; undefined if files can be created in it. */
export function stateDirectoryProblem(directory: string): StateDirectoryProblem | undefined {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return {
      severity: 'warning',
      problem: `state-directory ${directory} cannot be written: ${(error as NodeJS.ErrnoException).code}; numbers of route distinguishers, the list of evpnd's default destinations and the last good configuration are not stored for the next start`,
      fix: `install -d -o evpnd -g evpnd -m 0750 ${directory}`,
    };
  }
}
