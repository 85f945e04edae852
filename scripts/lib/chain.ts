import { setTimeout as delay } from 'node:timers/promises';
import type { NetworkProvider } from '@ton/blueprint';
import { Address, Cell, type Transaction } from '@ton/core';
import { ScriptError } from './script-error';

export interface DeployedContract {
  code: Cell;
  data: Cell;
  balance: bigint;
}

export type LiveAccount = { balance: bigint; lastLt: bigint } & (
  | { status: 'active'; code: Cell; data: Cell }
  | { status: 'uninit' }
  | { status: 'frozen'; stateHash: bigint }
);

/** Keeps the blockchain config in its data, on every real network. */
const CONFIG_CONTRACT = new Address(-1, Buffer.alloc(32, 0x55));
const PAGE = 50;

export type Pause = (milliseconds: number) => Promise<unknown>;

/** The chain as the endpoint tells it now. Blueprint speaks to four kinds of endpoint; what only some can is said so. */
export class LiveChain {
  readonly #provider: NetworkProvider;
  readonly #pause: Pause;

  constructor(provider: NetworkProvider, pause: Pause = delay) {
    this.#provider = provider;
    this.#pause = pause;
  }

  async account(address: Address): Promise<LiveAccount> {
    const { state, balance, last } = await this.#provider.provider(address).getState();
    const common = { balance, lastLt: last?.lt ?? 0n };
    if (state.type === 'uninit') return { ...common, status: 'uninit' };
    if (state.type === 'frozen') {
      return { ...common, status: 'frozen', stateHash: BigInt(`0x${state.stateHash.toString('hex')}`) };
    }
    if (!state.code || !state.data) throw new ScriptError(`${address} is active but has no code or data.`, '');
    return { ...common, status: 'active', code: Cell.fromBoc(state.code)[0]!, data: Cell.fromBoc(state.data)[0]! };
  }

  /** The active contract at the address, undefined when there is none. */
  async contract(address: Address): Promise<DeployedContract | undefined> {
    const account = await this.account(address);
    if (account.status === 'frozen') {
      throw new ScriptError(
        `${address} is frozen: it did not pay its rent.`,
        'It must be unfrozen before anything else.',
      );
    }
    return account.status === 'active' ? account : undefined;
  }

  async requireContract(address: Address): Promise<DeployedContract> {
    const contract = await this.contract(address);
    if (contract !== undefined) return contract;
    throw new ScriptError(`There is no contract at ${address} on this network.`, 'Check address and network.');
  }

  /** The newest transactions of an account, newest first, back to (not including) logical time `after`. */
  async transactions(address: Address, opts: { after?: bigint; limit?: number } = {}): Promise<Transaction[]> {
    const { after = 0n, limit = PAGE } = opts;
    const provider = this.#provider.provider(address);
    const { last } = await provider.getState();
    const found: Transaction[] = [];
    let cursor = last;
    while (cursor && cursor.lt > after && found.length < limit) {
      const page = await provider.getTransactions(address, cursor.lt, Buffer.from(cursor.hash), PAGE);
      const fresh = page.filter(({ lt }) => lt > after && !found.some((known) => known.lt === lt));
      found.push(...fresh);
      const oldest = fresh.at(-1);
      if (oldest === undefined || oldest.prevTransactionLt === 0n) break;
      const hash = Buffer.from(oldest.prevTransactionHash.toString(16).padStart(64, '0'), 'hex');
      cursor = { lt: oldest.prevTransactionLt, hash };
    }
    return found.slice(0, limit);
  }

  /** The chain's clock, unix seconds: a local chain may live in another year than this machine. */
  async now(): Promise<number> {
    const client = this.#provider.api() as { getContractState?: unknown } | undefined;
    if (typeof client?.getContractState === 'function') {
      const state: { timestampt?: number } = await client.getContractState(CONFIG_CONTRACT);
      if (typeof state.timestampt === 'number') return state.timestampt;
    }
    return Math.floor(Date.now() / 1000);
  }

  /** The dictionary of all config parameters. @throws ScriptError where the endpoint has no way to tell */
  async config(): Promise<Cell> {
    const config = await this.account(CONFIG_CONTRACT);
    if (config.status === 'active') return config.data.beginParse().loadRef();
    const endpoint = (this.#provider.api() as { parameters?: { endpoint?: string } } | undefined)?.parameters?.endpoint;
    const cell = endpoint === undefined ? undefined : await configFromToncenter(endpoint);
    if (cell !== undefined) return cell;
    throw new ScriptError('The endpoint does not tell the blockchain config.', '');
  }

  /**
   * Asks again until there is an answer. An endpoint that fails now and then (rate limits) is no reason to give up on a
   * message that is on its way.
   * @returns undefined after about a minute. @throws what the last question met
   */
  async until<T>(ask: () => Promise<T | undefined>): Promise<T | undefined> {
    let failure: unknown;
    for (let attempt = 0; attempt < 60; attempt++) {
      try {
        const answer = await ask();
        if (answer !== undefined) return answer;
        failure = undefined;
      } catch (error) {
        if (error instanceof ScriptError) throw error;
        failure = error;
      }
      await this.#pause(attempt < 10 ? 200 : 1000);
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }
}

/** API v2 has the config also as a method, which a local chain without a masterchain answers. */
async function configFromToncenter(endpoint: string): Promise<Cell | undefined> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: '1', jsonrpc: '2.0', method: 'getConfigAll', params: {} }),
  });
  const answer = (await response.json().catch(() => undefined)) as
    | { result?: { config?: { bytes?: unknown } } }
    | undefined;
  const bytes = answer?.result?.config?.bytes;
  return typeof bytes === 'string' ? Cell.fromBase64(bytes) : undefined;
}
