import { type Address, internal, SendMode, toNano } from '@ton/core';
import type { SandboxContract, SendMessageResult } from '@ton/sandbox';
import { MAINNET_TERMS } from '../../sdk/networks';
import {
  type CocoonClient,
  type CocoonProxy,
  type CocoonWorker,
  exitCodeName,
  type Op,
  type OutgoingMessage,
} from '../../wrappers';
import { exitCodeOf, isBounce, opOf } from './trace';
import { type VoucherOp, voucher } from './vouchers';
import {
  type Actor,
  balanceOf,
  createWorld,
  deployFundedClient,
  deployStakedProxy,
  deployWorker,
  type World,
} from './world';

/** What the guarantees are about: a proxy with its stake, two clients with escrow in its pool, a worker. */

export const { pricePerToken: PRICE, workerFeePerToken: WORKER_FEE } = MAINNET_TERMS;
export const STAKE = MAINNET_TERMS.minProxyStake;
export const CLIENT_STAKE = MAINNET_TERMS.minClientStake;
export const ESCROW = toNano('40');
/** The other client's, whom nothing that happens may cost a coin. */
export const OTHER_ESCROW = toNano('100');
export const CLIENT_DELAY = MAINNET_TERMS.clientDelayBeforeClose;
export const PROXY_DELAY = MAINNET_TERMS.proxyDelayBeforeClose;
export const YEAR = 365 * 86_400;

export interface Market {
  world: World;
  proxy: SandboxContract<CocoonProxy>;
  client: SandboxContract<CocoonClient>;
  other: SandboxContract<CocoonClient>;
  worker: SandboxContract<CocoonWorker>;
}

export async function createMarket(opts: Parameters<typeof createWorld>[0] = {}): Promise<Market> {
  const world = await createWorld(opts);
  const proxy = await deployStakedProxy(world);
  const client = await deployFundedClient(world, proxy.address, ESCROW);
  const other = await deployFundedClient(world, proxy.address, OTHER_ESCROW, world.actors.otherClientOwner);
  const worker = await deployWorker(world, proxy.address);
  return { world, proxy, client, other, worker };
}

/** Tokens worth this many nanoTON at the client's price. */
export const tokensFor = (nano: bigint): bigint => nano / PRICE;

/** Options of a message that carries a voucher; whoever carries it gets the excesses. */
export function carried(
  world: World,
  op: VoucherOp,
  contract: Address,
  opts: { tokens?: bigint; queryId?: bigint; value?: bigint; excessesTo?: Address } = {},
) {
  const { value, excessesTo = world.actors.carrier.address, ...signed } = opts;
  return { ...voucher({ op, contract, ...signed }), excessesTo, ...(value === undefined ? {} : { value }) };
}

/** Every transaction of an account in a trace, in order: "0" or the exit code with its name; "skipped" without a compute phase. */
export function exitsOf(result: SendMessageResult, account: Address): string[] {
  return result.transactions.filter((tx) => isOf(tx.address, account)).map((tx) => named(exitCodeOf(tx)));
}

function named(code: number | undefined): string {
  if (code === undefined) return 'skipped';
  return code === 0 ? '0' : (exitCodeName(code) ?? `${code}`);
}

/** nanoTON in the messages of one operation from one account to another, as they left. */
export function sentTo(result: SendMessageResult, op: keyof typeof Op, from: Address, to: Address): bigint {
  let sum = 0n;
  for (const tx of result.transactions.filter(({ address }) => isOf(address, from))) {
    for (const message of tx.outMessages.values()) {
      if (message.info.type !== 'internal' || isBounce(message) || opOf(message.body) !== op) continue;
      if (message.info.dest.equals(to)) sum += message.info.value.coins;
    }
  }
  return sum;
}

/** nanoTON that the pool paid to somebody. */
export const paidBy = (market: Pick<Market, 'proxy'>, result: SendMessageResult, to: Address): bigint =>
  sentTo(result, 'payout', market.proxy.address, to);

export function isOf(id: bigint, account: Address): boolean {
  return id === BigInt(`0x${account.hash.toString('hex')}`);
}

/** One transaction of a wallet sends all of these: they travel together and arrive in this order. */
export function together(actor: Actor, messages: OutgoingMessage[]): Promise<SendMessageResult> {
  return actor.sendMessages(
    messages.map(({ to, value, body, init }) => internal({ to, value, body, init, bounce: true })),
    SendMode.PAY_GAS_SEPARATELY,
  );
}

/** What people do, in a word each; excesses of an owner's own operation go to the owner, all others to the carrier. */
export function actionsOf(market: Market) {
  const { world, proxy, client, worker } = market;
  const { carrier, clientOwner, proxyOwner } = world.actors;
  const by = carrier.getSender();
  const excessesTo = carrier.address;
  type Client = Market['client'];
  type Carried = { queryId?: bigint; value?: bigint; excessesTo?: Address };
  return {
    topUp: (amount: bigint, from: Actor = clientOwner, to: Client = client) =>
      to.sendTopUp(from.getSender(), { amount, excessesTo: from.address }),
    sync: (to: Client = client) => to.sendSync(by, { excessesTo }),
    withdraw: (owner: Actor = clientOwner, to: Client = client) =>
      to.sendWithdraw(owner.getSender(), { excessesTo: owner.address }),
    requestRefund: (owner: Actor = clientOwner, to: Client = client) =>
      to.sendRequestRefund(owner.getSender(), { excessesTo: owner.address }),
    reopen: (amount: bigint, owner: Actor = clientOwner, to: Client = client) =>
      to.sendTopUpReopen(owner.getSender(), { amount, excessesTo: owner.address }),
    charge: (tokens: bigint, to: Client = client, opts: Carried = {}) =>
      to.sendCharge(by, carried(world, 'extClientChargeSigned', to.address, { tokens, ...opts })),
    grant: (tokens: bigint, to: Client = client, opts: Carried = {}) =>
      to.sendGrantRefund(by, carried(world, 'extClientGrantRefundSigned', to.address, { tokens, ...opts })),
    payout: (tokens: bigint, opts: Carried = {}) =>
      worker.sendPayout(by, carried(world, 'extWorkerPayoutRequestSigned', worker.address, { tokens, ...opts })),
    lastPayout: (tokens: bigint, opts: Carried = {}) =>
      worker.sendLastPayout(
        by,
        carried(world, 'extWorkerLastPayoutRequestSigned', worker.address, { tokens, ...opts }),
      ),
    revenue: () => proxy.sendPayout(by, { excessesTo }),
    close: () => proxy.sendClose(proxyOwner.getSender(), { excessesTo: proxyOwner.address }),
    complete: (opts: Carried = {}) =>
      proxy.sendSignedCloseComplete(by, carried(world, 'extProxyCloseCompleteRequestSigned', proxy.address, opts)),
  };
}

/** Whatever happened, the pool has the coins of its clients, its owner's revenue and what was charged for workers. */
export async function expectSolvent({ world, proxy }: Pick<Market, 'world' | 'proxy'>): Promise<void> {
  const { escrow, earned } = await proxy.getBooks();
  const { balance } = await proxy.getData();
  const claims = escrow + balance + (earned > 0n ? earned : 0n);
  expect(await balanceOf(world, proxy.address)).toBeGreaterThanOrEqual(claims);
}

/** Leaves exactly this much in an account: for pools whose other coins have been used up. */
export async function leave(world: World, address: Address, balance: bigint): Promise<void> {
  (await world.chain.getContract(address)).balance = balance;
}
