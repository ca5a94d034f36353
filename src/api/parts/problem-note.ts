import { type Static, Type } from '@sinclair/typebox';
import { closed, nullable, Text } from '../schema-words.js';

/** What is wrong, and what to do about it. */
export const ProblemNoteSchema = Type.Object(
  {
    severity: Type.Union([Type.Literal('error'), Type.Literal('warning'), Type.Literal('info')], {
      description:
        'error: it does not forward; warning: it forwards, but not as it should; info: it may be meant so.',
    }),
    problem: Text('What keeps it from forwarding as it should.'),
    fix: nullable(Text('What fixes it: a command where there is one, else words.')),
  },
  { $id: 'ProblemNote', ...closed },
);

export type ProblemNote = Static<typeof ProblemNoteSchema>;
