import { parseWalletData } from '@cocoon/sdk';
import { showScript } from './lib/show';

/** Prints a node's wallet: owner, key, whether the owner blocked it. */
export const run = showScript('wallet', (data) => {
  const wallet = parseWalletData(data);
  return [
    ['owner', wallet.owner.toString()],
    ['public key', wallet.publicKey.toString('hex')],
    ['seqno', wallet.seqno],
    ['blocked', (wallet.status & 1) === 1],
  ];
});
