import { parseProxyData } from '@cocoon/sdk';
import { paramsRows, tonAmount } from './lib/format';
import { STATES, showScript, when } from './lib/show';

/** Prints a proxy contract: stake, revenue ready for its owner, the terms it was deployed with. */
export const run = showScript('proxy', (data) => {
  const proxy = parseProxyData(data);
  return [
    ['owner', proxy.owner.toString()],
    ['public key', proxy.publicKey.toString('hex')],
    ['root', proxy.root.toString()],
    ['state', STATES[proxy.state] ?? proxy.state],
    ['revenue', tonAmount(proxy.balance)],
    ['stake', tonAmount(proxy.stake)],
    ['unlocks', when(proxy.unlockTs)],
    ...paramsRows(proxy.params),
  ];
});
