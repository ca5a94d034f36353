/**
 * Opens many connections and leaves each to the other side: `FROM TO PORT COUNT WORDS`, where WORDS are octets in hex that
 * each says once it stands. Prints how many stood, how many did not, and how many
 * heard something.
 */
import { connect, type Socket } from 'node:net';

const AT_ONCE = 200;
/** Milliseconds for the other side to close a connection that stands. */
const PATIENCE = 500;

const [from, to, port, count, words] = process.argv.slice(2);
const open = new Set<Socket>();
let [begun, stood, failed, heard] = [0, 0, 0, 0];

function one(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: to, port: Number(port), localAddress: from });
    open.add(socket);
    let opened = false;
    socket.once('connect', () => {
      opened = true;
      if (words) socket.write(Buffer.from(words, 'hex'));
      setTimeout(resolve, PATIENCE);
    });
    socket.on('error', () => {});
    socket.once('data', () => heard++);
    socket.resume();
    socket.once('close', () => {
      open.delete(socket);
      if (opened) stood++;
      else failed++;
      resolve();
    });
  });
}

async function lane(): Promise<void> {
  while (begun < Number(count)) {
    begun++;
    await one();
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, lane));
stood += open.size;
console.log(JSON.stringify({ stood, failed, heard }));
process.exit();
