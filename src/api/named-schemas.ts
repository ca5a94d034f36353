import type { TSchema } from '@sinclair/typebox';
import { ClaimSchema, ExplainSchema, KernelCheckSchema, MoveSchema, StorySchema } from './explain-schemas.js';
import {
  ArpEntrySchema,
  FdbRowSchema,
  MacSchema,
  NeighborSchema,
  NeighRowSchema,
  PathSchema,
  ProblemNoteSchema,
  ReasonCountSchema,
  RouteSchema,
  StatusSchema,
  VniSchema,
  VtepSchema,
} from './schemas.js';
import {
  ClearedSchema,
  DriftSchema,
  DuplicateSchema,
  EventLoopSchema,
  FailureSchema,
  PendingWriteSchema,
} from './trouble-schemas.js';

/** Every schema that others refer to by name. */
export const NAMED_SCHEMAS: readonly TSchema[] = [
  ProblemNoteSchema,
  StatusSchema,
  ReasonCountSchema,
  NeighborSchema,
  VniSchema,
  FdbRowSchema,
  NeighRowSchema,
  MacSchema,
  ArpEntrySchema,
  PathSchema,
  RouteSchema,
  VtepSchema,
  FailureSchema,
  DriftSchema,
  DuplicateSchema,
  PendingWriteSchema,
  ClearedSchema,
  EventLoopSchema,
  MoveSchema,
  ClaimSchema,
  KernelCheckSchema,
  StorySchema,
  ExplainSchema,
];
