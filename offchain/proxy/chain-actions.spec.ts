import { CocoonProxy } from '@cocoon/sdk';
import { ChainError } from '../chain/port';
import { MemoryChain } from '../node/testing/memory-chain';
import { type ChainActions, walletActions } from './chain-actions';
import type { ProxyConfig } from './config';
import { address, quiet, SEED } from './testing/world';

describe('chain actions', () => {
  let actions: ChainActions;
  afterEach(() => actions.close());

  it('take a message back that could not be signed in time, so that trying again does not send it twice', async () => {
    const chain = new MemoryChain();
    chain.outage = new ChainError('no connection', { code: 'unreachable', retryable: true });
    const config = { node_wallet_key: SEED, owner_address: address(1), poll_interval_ms: 10, chain_timeout_ms: 40 };
    actions = walletActions({ chain, config: config as ProxyConfig, logger: quiet });
    const message = CocoonProxy.buildSaveState(address(4), { seqno: 1, uniqueHash: Buffer.alloc(32) });
    await expect(actions.send(message)).rejects.toMatchObject({ code: 'wallet-aborted' });
    await expect(actions.execute(message)).rejects.toMatchObject({ code: 'wallet-aborted' });
  });
});
