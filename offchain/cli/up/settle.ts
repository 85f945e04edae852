import type { CocoonParams } from '@cocoon/sdk';
import { Op, parseClientData, parseWorkerData } from '@cocoon/sdk';
import { tokensUsed } from '@cocoon/sdk/protocol/metering';
import { type Address, fromNano } from '@ton/core';
import { request } from 'undici';
import { z } from 'zod';
import type { Chain } from '../../chain/port';
import { CliError } from '../errors';
import type { Usage } from './ask';
import type { LocalNetwork } from './network';
import { opcode, type Step, type Trace, traces, transactionsSince } from './trace';

/** Adjusted or raw tokens by kind. */
interface ByKind {
  prompt: bigint;
  cached: bigint;
  completion: bigint;
  reasoning: bigint;
}

export interface MoneyRow {
  who: string;
  amount: bigint;
  step: string;
  /** Hex hash of the transaction that shows it. */
  transaction: string;
}

export interface FeeRow {
  step: string;
  gas: bigint;
  fees: bigint;
  transaction: string;
}

/** What one answer cost and who got it, every number read from the chain; amounts in nanoTON. */
export interface Bill {
  tokens: { raw: ByKind; adjusted: ByKind & { total: bigint } };
  terms: CocoonParams;
  money: MoneyRow[];
  fees: FeeRow[];
  /** Gains and losses of the three parties between the two moments; they and the fees add up to zero. */
  parties: { client: bigint; worker: bigint; proxy: bigint; fees: bigint };
}

/** Balances and counters at one moment, from which a bill measures what changed. */
export interface Snapshot {
  lt: bigint;
  balances: Map<string, bigint>;
  /** The client's unspent escrow, which the proxy contract holds. */
  escrow: bigint;
  clientTokens: bigint;
  workerTokens: bigint;
}

export async function takeSnapshot(chain: Chain, network: LocalNetwork): Promise<Snapshot> {
  const balances = new Map<string, bigint>();
  let lt = 0n;
  for (const address of Object.values(network.accounts)) {
    const account = await chain.account(address);
    balances.set(address.toRawString(), account.balance);
    if (account.last !== undefined && account.last.lt > lt) lt = account.last.lt;
  }
  const client = await chain.account(network.accounts.clientContract);
  const worker = await chain.account(network.accounts.workerContract);
  const clientData = client.data === undefined ? undefined : parseClientData(client.data);
  const workerData = worker.data === undefined ? undefined : parseWorkerData(worker.data);
  return {
    lt,
    balances,
    escrow: clientData?.balance ?? 0n,
    clientTokens: clientData?.tokensUsed ?? 0n,
    workerTokens: workerData?.tokens ?? 0n,
  };
}

/** Asks the proxy to commit, charge, pay out and withdraw; each call returns when the chain has executed it. */
export async function settle(network: LocalNetwork, note: (step: string) => void): Promise<void> {
  for (const { path, title } of steps(network)) {
    note(title);
    const { status, text } = await post(network, path);
    if (status !== 200) throw refused(path, status, text);
  }
  note('committed, charged, paid out, withdrawn');
}

/**
 * Settles what an earlier run on the same state directory left open (it may have been killed at any point), so that
 * the bill shows the new answer alone. Sends nothing when there is nothing.
 */
export async function settleLeftovers(network: LocalNetwork): Promise<void> {
  const response = await request(`${network.proxyUrl}/jsonstats`);
  const stats = statsSchema.parse(await response.body.json());
  if (stats.clients.every((client) => BigInt(client.used_tokens) === 0n)) return;
  for (const { path } of steps(network)) {
    const { status, text } = await post(network, path);
    if (status !== 200 && status !== 409) throw refused(path, status, text);
  }
}

const statsSchema = z.object({ clients: z.array(z.object({ used_tokens: z.union([z.number(), z.string()]) })) });

function steps(network: LocalNetwork): { path: string; title: string }[] {
  const { client, worker } = network.owners;
  return [
    { path: 'commit', title: 'saving the state on chain' },
    { path: `charge?client=${encodeURIComponent(client)}`, title: 'charging the client' },
    { path: `payout?worker=${encodeURIComponent(worker)}`, title: 'paying the worker' },
    { path: 'withdraw', title: "paying out the proxy's revenue" },
  ];
}

async function post(network: LocalNetwork, path: string): Promise<{ status: number; text: string }> {
  const response = await request(`${network.proxyUrl}/request/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${network.proxyAccess}` },
    headersTimeout: 90_000,
    bodyTimeout: 90_000,
  });
  return { status: response.statusCode, text: await response.body.text() };
}

function refused(path: string, status: number, text: string): CliError {
  return new CliError(
    `The proxy could not settle (${path.split('?')[0]}, HTTP ${status}): ${text}`,
    'See proxy.log in the state directory.',
  );
}

/**
 * Reads from the chain what the settlement moved.
 * @throws CliError when the chain does not show the payment of exactly the tokens that were used.
 */
export async function readBill(chain: Chain, network: LocalNetwork, before: Snapshot, usage: Usage): Promise<Bill> {
  const after = await takeSnapshot(chain, network);
  const { terms } = network;
  const adjusted = tokensUsed(
    {
      promptTokens: usage.promptTokens,
      cachedTokens: usage.cachedTokens,
      completionTokens: usage.completionTokens,
      reasoningTokens: usage.reasoningTokens,
    },
    network.coefficient,
    terms,
  );
  const total = adjusted.total;
  const transactions = await transactionsSince(chain, Object.values(network.accounts), before.lt);
  const { accounts } = network;

  expectEqual('tokens charged to the client', after.clientTokens - before.clientTokens, total);
  expectEqual('tokens paid to the worker', after.workerTokens - before.workerTokens, total);
  const paid = before.escrow - after.escrow;
  expectEqual("the client's payment", paid, total * terms.pricePerToken);
  expectEqual('the cost in the usage', usage.totalCost, paid);

  const charge = find(transactions, accounts.clientContract, Op.extClientChargeSigned, 'charge');
  const workerPayout = find(transactions, accounts.workerOwner, Op.payout, 'payout');
  const ownerPayout = find(transactions, accounts.proxyOwner, Op.payout, 'withdraw');
  const workerGot = incomingValue(workerPayout);
  const proxyGot = incomingValue(ownerPayout);
  expectEqual("the worker's earnings", workerGot, total * terms.workerFeePerToken);
  expectEqual("the proxy owner's revenue", proxyGot, total * (terms.pricePerToken - terms.workerFeePerToken));

  const feeTraces = traces(transactions);
  return {
    tokens: {
      raw: {
        prompt: BigInt(usage.promptTokens - usage.cachedTokens),
        cached: BigInt(usage.cachedTokens),
        completion: BigInt(usage.completionTokens - usage.reasoningTokens),
        reasoning: BigInt(usage.reasoningTokens),
      },
      adjusted,
    },
    terms,
    money: [
      { who: 'client paid', amount: paid, step: 'charge', transaction: hash(charge) },
      { who: 'worker owner got', amount: workerGot, step: 'payout', transaction: hash(workerPayout) },
      { who: 'proxy owner got', amount: proxyGot, step: 'withdraw', transaction: hash(ownerPayout) },
    ],
    fees: feeTraces.map((trace) => ({
      step: label(trace),
      gas: trace.gas,
      fees: trace.fees,
      transaction: hash(trace.steps[0]),
    })),
    parties: parties(network, before, after, feeTraces),
  };
}

function parties(network: LocalNetwork, before: Snapshot, after: Snapshot, all: readonly Trace[]): Bill['parties'] {
  const change = (...addresses: Address[]) =>
    addresses.reduce((sum, address) => {
      const key = address.toRawString();
      return sum + (after.balances.get(key) ?? 0n) - (before.balances.get(key) ?? 0n);
    }, 0n);
  const { accounts } = network;
  const escrow = after.escrow - before.escrow;
  return {
    client: change(accounts.clientNode, accounts.clientContract) + escrow,
    worker: change(accounts.workerOwner, accounts.workerNode, accounts.workerContract),
    proxy: change(accounts.proxyOwner, accounts.proxyNode, accounts.proxyContract) - escrow,
    fees: all.reduce((sum, trace) => sum + trace.fees, 0n),
  };
}

function find(steps: readonly Step[], account: Address, op: number, what: string): Step {
  const found = steps.findLast((step) => step.account.equals(account) && opcode(step.transaction.inMessage) === op);
  if (found !== undefined) return found;
  throw new CliError(
    `The chain shows no ${what} transaction on ${account.toString()}.`,
    'See proxy.log in the state directory.',
  );
}

function incomingValue(step: Step): bigint {
  const info = step.transaction.inMessage?.info;
  return info?.type === 'internal' ? info.value.coins : 0n;
}

function expectEqual(what: string, actual: bigint, expected: bigint): void {
  if (actual === expected) return;
  throw new CliError(
    `The settlement is wrong: ${what} is ${actual} on chain, ${expected} was due (difference ${fromNano(actual - expected)}).`,
    'Please report this as a bug with the logs of the state directory.',
  );
}

const LABELS: ReadonlyMap<number, string> = new Map([
  [Op.doNotProcess, 'save state'],
  [Op.extClientChargeSigned, 'charge'],
  [Op.extWorkerPayoutRequestSigned, 'payout'],
  [Op.extProxyPayoutRequest, 'withdraw'],
  [Op.extClientTopUp, 'top-up'],
  [Op.ownerClientChangeSecretHash, 'secret hash'],
  [Op.ownerClientRegister, 'register'],
]);

/** Names a trace by what the wallet sent first. */
function label(trace: Trace): string {
  const first = trace.steps[0]?.transaction.outMessages.get(0);
  return LABELS.get(opcode(first) ?? -1) ?? 'other';
}

function hash(step: Step | undefined): string {
  return step === undefined ? '' : step.transaction.hash().toString('hex');
}
