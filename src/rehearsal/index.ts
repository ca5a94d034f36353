/**
 * The rehearsal before the first session: two leaves in memory play what a fabric does, so that the compiler has seen it.
 *
 * V8 compiles a function that has become hot for what it has met so far, and throws the code away when something else
 * comes: after a table has arrived, the first withdrawal meets functions that know nothing but arrivals, and the whole
 * path from wire to kernel is compiled a second time in the very moment in which a fabric should converge. A hundred hosts
 * that come, move and go are too few to have anything compiled, and enough to have it compiled once.
 *
 * Nothing here touches the kernel, the network or what the daemon knows. To be called when the daemon's own objects
 * stand, since what is made later may be of a shape that compiled code does not know either.
 */
export { type RehearsalResult, rehearse } from './rehearse.js';
