import { type Address, toNano } from '@ton/core';
import type { SandboxContract, SendMessageResult } from '@ton/sandbox';
import { MAINNET_TERMS } from '../../sdk/networks';
import { type CocoonClient, type CocoonProxy, CocoonState, type CocoonWorker } from '../../wrappers';
import { balancesOf, conserving, gainOf } from '../support/conservation';
import { computeSkipped, exitCodeOf, txOf } from '../support/trace';
import { type VoucherOp, voucher } from '../support/vouchers';
import {
  balanceOf,
  createWorld,
  deployFundedClient,
  deployStakedProxy,
  deployWorker,
  startEachTestFrom,
  type World,
} from '../support/world';

const { pricePerToken: PRICE, workerFeePerToken: WORKER_FEE } = MAINNET_TERMS;
const STAKE = toNano('15');
const ESCROW = toNano('40');
/** One busy day: 20 TON at the client's price. */
const TOKENS = 1_000_000_000n;
/** What a notice to the proxy carries, and leaves there. */
const NOTICE = 1n;
const CLIENT_DELAY = 43_200;
const PROXY_DELAY = 86_400;

let world: World;
let proxy: SandboxContract<CocoonProxy>;
let client: SandboxContract<CocoonClient>;
let worker: SandboxContract<CocoonWorker>;

startEachTestFrom(async () => {
  world = await createWorld();
  proxy = await deployStakedProxy(world);
  client = await deployFundedClient(world, proxy.address, ESCROW);
  worker = await deployWorker(world, proxy.address);
  return world;
});

/** A step in which no coin may appear or vanish, no contract may fail, and claims must stay covered. */
async function step<T extends SendMessageResult>(run: () => Promise<T>) {
  const outcome = await conserving(world, run);
  const ours = [proxy, client, worker].map(({ address }) => BigInt(`0x${address.hash.toString('hex')}`));
  for (const tx of outcome.result.transactions.filter(({ address }) => ours.includes(address))) {
    // A notice of 1 nanoTON buys no gas: it is on record, no code runs.
    if (!computeSkipped(tx)) expect(exitCodeOf(tx)).toBe(0);
    else expect(tx.inMessage?.info).toMatchObject({ value: { coins: NOTICE } });
  }
  await expectClaimsCovered();
  return outcome;
}

/** Stake, revenue and escrow together are in the pool as coins, as long as the proxy is not closed. */
async function expectClaimsCovered(): Promise<void> {
  const { state, stake, balance } = await proxy.getData();
  if (state === CocoonState.closed) return;
  const claims = stake + balance + (await client.getData()).balance;
  // What the vouchers took from the client and did not yet give to the worker is in the pool as well, on top.
  expect(await balanceOf(world, proxy.address)).toBeGreaterThanOrEqual(claims);
}

/** What an account was paid: its gain, and the fee of receiving it, which it pays itself. */
function received(
  outcome: { result: SendMessageResult; gain: (account: Address) => bigint },
  account: Address,
): bigint {
  return outcome.gain(account) + txOf(outcome.result, account).totalFees.coins;
}

const carry = (op: VoucherOp, contract: Address, tokens?: bigint) => ({
  ...voucher(tokens === undefined ? { op, contract } : { op, contract, tokens }),
  excessesTo: world.actors.carrier.address,
});
const charge = (tokens: bigint) =>
  client.sendCharge(world.actors.carrier.getSender(), carry('extClientChargeSigned', client.address, tokens));
const payout = (tokens: bigint) =>
  worker.sendPayout(world.actors.carrier.getSender(), carry('extWorkerPayoutRequestSigned', worker.address, tokens));
const revenue = () => proxy.sendPayout(world.actors.carrier.getSender(), { excessesTo: world.actors.carrier.address });

describe('an answer is paid for', () => {
  test('top up: exactly the amount moves from the owner into the pool', async () => {
    const { clientOwner, carrier } = world.actors;
    const opts = { amount: toNano('7'), excessesTo: carrier.address };
    const outcome = await step(() => client.sendTopUp(clientOwner.getSender(), opts));
    expect(outcome.gain(proxy.address)).toBe(toNano('7'));
    expect(outcome.gain(client.address)).toBe(0n);
    expect((await client.getData()).balance).toBe(ESCROW + toNano('7'));
    const spent = -outcome.gain(clientOwner.address) - outcome.gain(carrier.address);
    expect(spent).toBe(toNano('7') + outcome.fees);
  });

  test('charge: the books change, no coin does', async () => {
    const outcome = await step(() => charge(TOKENS));
    expect(outcome.gain(client.address)).toBe(0n);
    expect(outcome.gain(proxy.address)).toBe(NOTICE);
    expect(-outcome.gain(world.actors.carrier.address)).toBe(outcome.fees + NOTICE);
    expect(await client.getData()).toMatchObject({ balance: ESCROW - TOKENS * PRICE, tokensUsed: TOKENS });
  });

  test('payout: 19 parts to the owner of the worker, 1 part booked for the owner of the proxy', async () => {
    await step(() => charge(TOKENS));
    const outcome = await step(() => payout(TOKENS));
    expect(received(outcome, world.actors.workerOwner.address)).toBe(TOKENS * WORKER_FEE);
    expect(outcome.gain(proxy.address)).toBe(-TOKENS * WORKER_FEE);
    expect(outcome.gain(worker.address)).toBe(0n);
    expect(-outcome.gain(world.actors.carrier.address)).toBe(outcome.fees - ownFee(outcome.result, 'workerOwner'));
    expect(await proxy.getData()).toMatchObject({ balance: TOKENS * (PRICE - WORKER_FEE), stake: STAKE });
    expect((await worker.getData()).tokens).toBe(TOKENS);
  });

  test('revenue: what was booked is paid to the owner of the proxy', async () => {
    await step(() => charge(TOKENS));
    await step(() => payout(TOKENS));
    const outcome = await step(revenue);
    expect(received(outcome, world.actors.proxyOwner.address)).toBe(TOKENS * (PRICE - WORKER_FEE));
    expect(outcome.gain(proxy.address)).toBe(-TOKENS * (PRICE - WORKER_FEE));
    expect((await proxy.getData()).balance).toBe(0n);
  });

  test("the client's loss is the worker's gain, the proxy's gain and fees, over many small steps", async () => {
    const before = balancesOf(world);
    let fees = 0n;
    const counters = [1n, 1_000n, 123_456_789n, 400_000_000n, TOKENS];
    const notices = NOTICE * BigInt(counters.length);
    for (const tokens of counters) {
      fees += (await step(() => charge(tokens))).fees;
      fees += (await step(() => payout(tokens))).fees;
    }
    fees += (await step(revenue)).fees;
    const after = balancesOf(world);
    const { workerOwner, proxyOwner, carrier } = world.actors;
    const earned = gainOf(before, after, workerOwner.address) + gainOf(before, after, proxyOwner.address);
    const carried = gainOf(before, after, carrier.address);
    const clientLoss = ESCROW - (await client.getData()).balance;
    expect(clientLoss).toBe(TOKENS * PRICE);
    expect(gainOf(before, after, proxy.address)).toBe(notices - clientLoss);
    expect(earned + carried).toBe(clientLoss - notices - fees);
  });
});

function ownFee(result: SendMessageResult, role: 'workerOwner' | 'proxyOwner' | 'clientOwner'): bigint {
  return txOf(result, world.actors[role].address).totalFees.coins;
}

describe('everybody leaves', () => {
  const ownerOpts = () => ({ excessesTo: world.actors.carrier.address });
  const asClientOwner = () => world.actors.clientOwner.getSender();

  /** An owner sends and is paid in one trace: what it got is its gain plus all it put in. */
  function paidToSender(outcome: Awaited<ReturnType<typeof step>>, owner: Address, attached: bigint): bigint {
    const [request, receipt, ...more] = outcome.result.transactions.filter(
      (tx) => tx.address === BigInt(`0x${owner.hash.toString('hex')}`),
    );
    expect(more).toEqual([]);
    const forward = [...request!.outMessages.values()].reduce(
      (sum, { info }) => (info.type === 'internal' ? sum + info.forwardFee : sum),
      0n,
    );
    const put = attached + forward + request!.totalFees.coins + receipt!.totalFees.coins;
    return outcome.gain(owner) + put;
  }

  test('withdraw: the client gets what is above its stake', async () => {
    const outcome = await step(() => client.sendWithdraw(asClientOwner(), { ...ownerOpts(), value: toNano('0.7') }));
    expect(paidToSender(outcome, world.actors.clientOwner.address, toNano('0.7'))).toBe(ESCROW - STAKE);
    expect(outcome.gain(proxy.address)).toBe(STAKE - ESCROW);
    expect((await client.getData()).balance).toBe(STAKE);
  });

  test('granted refund: the last tokens are charged, the client gets all the rest, its stake included', async () => {
    await step(() => charge(TOKENS));
    const opts = carry('extClientGrantRefundSigned', client.address, TOKENS + 50n);
    const outcome = await step(() => client.sendGrantRefund(world.actors.carrier.getSender(), opts));
    const rest = ESCROW - (TOKENS + 50n) * PRICE;
    expect(received(outcome, world.actors.clientOwner.address)).toBe(rest);
    expect(outcome.gain(proxy.address)).toBe(-rest);
    expect(await balanceOf(world, client.address)).toBe(toNano('0.01'));
    expect(await client.getData()).toMatchObject({ state: CocoonState.closed, balance: 0n, tokensUsed: TOKENS + 50n });
  });

  test('forced refund: the client needs nobody, and gets its escrow in two parts', async () => {
    const value = toNano('0.7');
    const first = await step(() => client.sendRequestRefund(asClientOwner(), { ...ownerOpts(), value }));
    expect(paidToSender(first, world.actors.clientOwner.address, value)).toBe(ESCROW - STAKE);
    world.advance(CLIENT_DELAY + 1);
    const second = await step(() => client.sendRequestRefund(asClientOwner(), { ...ownerOpts(), value }));
    expect(paidToSender(second, world.actors.clientOwner.address, value)).toBe(STAKE);
    expect(await client.getData()).toMatchObject({ state: CocoonState.closed, balance: 0n });
    // The live contracts pay it at the expense of the proxy's stake: the proxy did not answer in time.
    expect((await proxy.getData()).stake).toBe(0n);
  });

  test('last payout: the worker is paid, and its account is emptied and closed', async () => {
    await step(() => charge(TOKENS));
    const opts = carry('extWorkerLastPayoutRequestSigned', worker.address, TOKENS);
    const outcome = await step(() => worker.sendLastPayout(world.actors.carrier.getSender(), opts));
    expect(received(outcome, world.actors.workerOwner.address)).toBe(TOKENS * WORKER_FEE);
    expect(outcome.gain(proxy.address)).toBe(-TOKENS * WORKER_FEE);
    expect(await balanceOf(world, worker.address)).toBe(toNano('0.01'));
    expect((await worker.getData()).state).toBe(CocoonState.closed);
  });

  test('proxy: closes after its delay, when all others are paid, and its owner gets stake and revenue', async () => {
    await step(() => charge(TOKENS));
    await step(() => payout(TOKENS));
    await step(() => proxy.sendClose(world.actors.proxyOwner.getSender(), ownerOpts()));
    expect((await proxy.getData()).unlockTs).toBe(world.now() + PROXY_DELAY);
    const refund = carry('extClientGrantRefundSigned', client.address, TOKENS);
    await step(() => client.sendGrantRefund(world.actors.carrier.getSender(), refund));
    world.advance(PROXY_DELAY);
    const complete = carry('extProxyCloseCompleteRequestSigned', proxy.address);
    const outcome = await step(() => proxy.sendSignedCloseComplete(world.actors.carrier.getSender(), complete));
    const paid = received(outcome, world.actors.proxyOwner.address);
    expect(paid).toBeGreaterThan(STAKE + TOKENS * (PRICE - WORKER_FEE));
    expect(await balanceOf(world, proxy.address)).toBe(toNano('0.01'));
    expect((await proxy.getData()).state).toBe(CocoonState.closed);
  });

  test('top up of a client while its proxy is closing: the coins go back to the owner of the client', async () => {
    await step(() => proxy.sendClose(world.actors.proxyOwner.getSender(), ownerOpts()));
    const { stranger, clientOwner } = world.actors;
    const opts = { amount: toNano('3'), excessesTo: stranger.address };
    const outcome = await conserving(world, () => client.sendTopUp(stranger.getSender(), opts));
    expect(outcome.gain(proxy.address)).toBe(0n);
    // The coins pay their own way back, a forward fee and the receipt.
    expect(outcome.gain(clientOwner.address)).toBeGreaterThan(toNano('2.999'));
    expect(outcome.gain(clientOwner.address)).toBeLessThan(toNano('3'));
  });
});
