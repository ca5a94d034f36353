/**
 * The rehearsal soon after the start: two leaves in memory play what a fabric does, so that the compiler has seen it.
 *
 * V8 compiles a function that has become hot for what it has met so far, and throws the code away when something else
 * comes: after a table has arrived, the first withdrawal meets functions that know nothing but arrivals, and the whole
 * path from wire to kernel is compiled a second time in the very moment in which a fabric should converge. Here a hundred
 * hosts come, move and go, several times over: at first only to be met, then to have the whole path compiled
 * (compiler.ts), so that the first failure finds it so, and the first table where that comes later (docs/adr/0006-rehearsal.md).
 *
 * Nothing here touches the kernel's tables, the network or what the daemon knows; sockets come in pairs that nobody else
 * can reach. To be called when the daemon's own objects stand, since what is made later may be of a shape that compiled
 * code does not know either.
 *
 * stage.ts makes the leaves, as unlike each other as leaves can be, and the second one on a netlink in memory;
 * staged-transport.ts and pipe-network.ts connect them; rehearse.ts has the scenes.
 */
export { type RehearsalResult, rehearse } from './rehearse.js';
