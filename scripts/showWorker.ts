import { parseWorkerData } from '@cocoon/sdk';
import { STATES, showScript } from './lib/show';

/** Prints a worker contract: tokens paid for so far and what one earns. */
export const run = showScript('worker', (data) => {
  const worker = parseWorkerData(data);
  return [
    ['owner', worker.owner.toString()],
    ['proxy', worker.proxy.toString()],
    ['proxy key', worker.publicKey.toString('hex')],
    ['state', STATES[worker.state] ?? worker.state],
    ['tokens paid', worker.tokens],
    ['fee per token', `${worker.params.workerFeePerToken} nanoTON`],
  ];
});
