import { type Static, Type } from '@sinclair/typebox';
import { closed, nullable, Text } from '../schema-words.js';

/** A problem and its fix. */
export const ProblemNoteSchema = Type.Object(
  {
    severity: Type.Union([Type.Literal('error'), Type.Literal('warning'), Type.Literal('info')], {
      description:
        'error: it does not forward; warning: it forwards, but not as it should; info: it may be intended.',
    }),
    problem: Text('What is wrong.'),
    fix: nullable(Text('What fixes it: a command if there is one, otherwise a sentence.')),
  },
  { $id: 'ProblemNote', ...closed },
);

export type ProblemNote = Static<typeof ProblemNoteSchema>;
