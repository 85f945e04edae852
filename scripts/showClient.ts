import { parseClientData } from '@cocoon/sdk';
import { tonAmount } from './lib/format';
import { STATES, showScript, when } from './lib/show';

/** Prints a client contract: escrow, stake, tokens charged so far. */
export const run = showScript('client', (data) => {
  const client = parseClientData(data);
  return [
    ['owner', client.owner.toString()],
    ['proxy', client.proxy.toString()],
    ['proxy key', client.publicKey.toString('hex')],
    ['state', STATES[client.state] ?? client.state],
    ['escrow', tonAmount(client.balance)],
    ['stake', tonAmount(client.stake)],
    ['tokens charged', client.tokensUsed],
    ['price per token', `${client.params.pricePerToken} nanoTON`],
    ['unlocks', when(client.unlockTs)],
  ];
});
