import type { Attempts } from './attempts.js';
import type { FsmEvent, FsmState } from './fsm-types.js';
import type { SessionLog } from './session-log.js';
import type { SessionRecord } from './session-record.js';

/**
 * Notes the end of a session, or of an attempt at one, by what is known of its reason: in the record, the log, and for the next
 * attempt. `isBeside`: another connection with the neighbor is on its way to a session, or has it; that the neighbor prefers
 * it is no failure.
 */
export function noteEnd(
  from: FsmState,
  event: FsmEvent,
  attempts: Attempts,
  record: SessionRecord,
  log: SessionLog,
  isBeside: boolean,
): void {
  attempts.ended();
  const unwanted = event.type === 'ManualStop' && from.name !== 'Established';
  if (event.type === 'OpenCollisionDump' || unwanted || (isBeside && record.isCollision)) {
    record.forget();
    return;
  }
  if (from.name === 'Established') {
    log.lost(event.type, record.ended('session', event.type));
    return;
  }
  const reason = record.ended('attempt', event.type);
  const level = attempts.failed(reason);
  const connected = from.name === 'OpenSent' || from.name === 'OpenConfirm';
  log.failed(level, reason, attempts.failures, connected);
}
