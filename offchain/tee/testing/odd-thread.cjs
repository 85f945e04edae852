'use strict';
// A verifier's thread with moods: the first byte of the quote says which.
const { parentPort } = require('node:worker_threads');

const moods = {
  a: () =>
    parentPort.postMessage({
      value: { tcbStatus: 'UpToDate', advisoryIds: [], rootKeyId: Buffer.alloc(48), validUntilMs: 1 },
    }),
  r: () => parentPort.postMessage({ code: 'QUOTE_SIGNATURE', message: 'no' }),
  c: () => process.exit(3),
  t: () => {
    throw new Error('thrown in the thread');
  },
  h: () => undefined,
};
parentPort.on('message', (job) => moods[String.fromCharCode(job.quote[0])]());
