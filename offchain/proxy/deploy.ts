import {
  CocoonProxy,
  DeployValue,
  type OutgoingMessage,
  type ProxyData,
  parseProxyData,
  totalEscrow,
} from '@cocoon/sdk';
import type { Address } from '@ton/core';
import type { Logger } from 'pino';
import type { Chain } from '../chain/port';
import type { ActionOutcome } from './actions';
import { ProxyFatalError } from './errors';
import type { ProxyIdentity } from './identity';

export interface DeployOptions {
  chain: Chain;
  identity: ProxyIdentity;
  logger: Logger;
  wallet: Address;
  execute(message: OutgoingMessage): Promise<ActionOutcome>;
}

/** State of the proxy contract on chain. nanoTON. */
export interface ProxyState extends Pick<ProxyData, 'state' | 'stake' | 'clients'> {
  /** What a withdrawal would pay now: the revenue, unless clients' and workers' coins leave less. */
  withdrawable: bigint;
  /** What of the stake is really there. */
  backedStake: bigint;
}

export async function readProxyState(chain: Chain, address: Address): Promise<ProxyState | undefined> {
  const account = await chain.account(address);
  if (account.status !== 'active' || !account.data) return undefined;
  const { state, balance, stake, earned, clients } = parseProxyData(account.data);
  const others = totalEscrow(clients ?? new Map()) + (earned > 0n ? earned : 0n);
  const own = account.balance - others;
  return { state, stake, clients, withdrawable: within(own, balance), backedStake: within(own - balance, stake) };
}

function within(amount: bigint, most: bigint): bigint {
  if (amount < 0n) return 0n;
  return amount < most ? amount : most;
}

/**
 * Makes sure that the proxy contract exists and holds its stake. Looks first and does only what is missing, so that it can
 * be repeated after any interruption.
 * @throws ProxyFatalError when the contract is closing or closed
 */
export async function ensureDeployed({ chain, identity, logger, wallet, execute }: DeployOptions): Promise<ProxyState> {
  const { address } = identity;
  let state = await readProxyState(chain, address);
  if (!state) {
    logger.info({ contract: address.toString() }, 'deploying the proxy contract');
    await execute(CocoonProxy.buildDeploy(identity.init, { value: DeployValue.proxy }));
    state = await readProxyState(chain, address);
    if (!state)
      throw new ProxyFatalError(
        'chain',
        `the proxy contract ${address.toString()} is still not active after its deployment; see its transactions on chain`,
      );
  }
  if (state.state !== 0) {
    throw new ProxyFatalError(
      'chain',
      `the proxy contract ${address.toString()} is ${state.state === 1 ? 'closing' : 'closed'}; set a new machine_specific_private_key to open another one`,
    );
  }
  const missing = identity.params.minProxyStake - state.stake;
  if (missing > 0n) {
    logger.info(
      { contract: address.toString(), stakeNano: missing.toString() },
      'raising the stake of the proxy contract',
    );
    await execute(CocoonProxy.buildIncreaseStake(address, { amount: missing, excessesTo: wallet }));
    state = (await readProxyState(chain, address)) ?? state;
    if (state.stake < identity.params.minProxyStake) {
      throw new ProxyFatalError(
        'chain',
        `the stake of ${address.toString()} is ${state.stake} nanoTON, ${identity.params.minProxyStake} are needed; see its transactions on chain`,
      );
    }
  }
  return state;
}
