import test from 'ava';
import { ReloadRequests } from '../../src/reload-requests.js';

test('a request before there is anything to reload is answered later, once', async (t) => {
  const requests = new ReloadRequests();
  let reloads = 0;
  requests.request();
  requests.request();
  requests.serve(async () => {
    reloads++;
  });
  await Promise.resolve();
  t.is(reloads, 1);
});

test('requests while a reload runs make one more behind it, never two at a time', async (t) => {
  const requests = new ReloadRequests();
  let reloads = 0;
  let finish = () => {};
  requests.serve(() => {
    reloads++;
    return new Promise((resolve) => {
      finish = resolve;
    });
  });
  t.is(reloads, 0);
  requests.request();
  requests.request();
  requests.request();
  t.is(reloads, 1);
  for (const expected of [2, 2]) {
    finish();
    await new Promise((resolve) => setImmediate(resolve));
    t.is(reloads, expected);
  }
  requests.request();
  t.is(reloads, 3);
});
