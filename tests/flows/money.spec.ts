import { type Address, toNano } from '@ton/core';
import type { SandboxContract, SendMessageResult } from '@ton/sandbox';
import { MAINNET_TERMS } from '../../sdk/networks';
import { type CocoonClient, type CocoonProxy, CocoonState, type CocoonWorker, ExitCode } from '../../wrappers';
import { balancesOf, conserving, gainOf } from '../support/conservation';
import { OWN_RESERVE } from '../support/own-coins';
import { computeSkipped, exitCodeOf, storageFeeOf, txOf, txsOf } from '../support/trace';
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

/** Escrow, revenue and what is earned are in the pool as coins; and the stake, as long as the proxy is not closed. */
async function expectClaimsCovered(): Promise<void> {
  const { state, stake, balance } = await proxy.getData();
  const coins = await balanceOf(world, proxy.address);
  const { escrow, earned } = await proxy.getBooks();
  const owed = escrow + balance + (earned > 0n ? earned : 0n);
  expect(coins).toBeGreaterThanOrEqual(owed);
  if (state === CocoonState.closed) return;
  // What the vouchers took from the client and did not yet give to the worker is in the pool as well, on top.
  expect(coins).toBeGreaterThanOrEqual(stake + balance + (await client.getData()).balance);
}

/** What an account was paid: its gain, and the fees of receiving it, which it pays itself. */
function received(
  outcome: { result: SendMessageResult; gain: (account: Address) => bigint },
  account: Address,
): bigint {
  return txsOf(outcome.result, account).reduce((sum, tx) => sum + tx.totalFees.coins, outcome.gain(account));
}

/** What a closing account has of its own, beyond the reserve that some message paid for, and gives to its owner (W13). */
const ownOf = async (account: Address): Promise<bigint> => (await balanceOf(world, account)) - OWN_RESERVE;

const carry = (op: VoucherOp, contract: Address, tokens?: bigint) => ({
  ...voucher(tokens === undefined ? { op, contract } : { op, contract, tokens }),
  excessesTo: world.actors.carrier.address,
});
const charge = (tokens: bigint) =>
  client.sendCharge(world.actors.carrier.getSender(), carry('extClientChargeSigned', client.address, tokens));
const payout = (tokens: bigint) =>
  worker.sendPayout(world.actors.carrier.getSender(), carry('extWorkerPayoutRequestSigned', worker.address, tokens));
/** Tells the pool what has been charged; anybody may. */
const sync = () => client.sendSync(world.actors.carrier.getSender(), { excessesTo: world.actors.carrier.address });
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

  test('synchronisation: the pool learns what was charged, no coin moves but fees', async () => {
    await step(() => charge(TOKENS));
    expect(await proxy.getBooks()).toMatchObject({ escrow: ESCROW, earned: 0n });
    const outcome = await step(sync);
    expect(outcome.gain(client.address)).toBe(0n);
    expect(outcome.gain(proxy.address)).toBe(0n);
    expect(-outcome.gain(world.actors.carrier.address)).toBe(outcome.fees);
    const books = { escrow: ESCROW - TOKENS * PRICE, earned: TOKENS * PRICE, backedStake: STAKE, clients: 1 };
    expect(await proxy.getBooks()).toMatchObject(books);
  });

  test('payout: 19 parts to the owner of the worker, 1 part booked for the owner of the proxy', async () => {
    await step(() => charge(TOKENS));
    await step(sync);
    const outcome = await step(() => payout(TOKENS));
    expect(received(outcome, world.actors.workerOwner.address)).toBe(TOKENS * WORKER_FEE);
    expect(outcome.gain(proxy.address)).toBe(-TOKENS * WORKER_FEE);
    expect(outcome.gain(worker.address)).toBe(0n);
    expect(-outcome.gain(world.actors.carrier.address)).toBe(outcome.fees - ownFee(outcome.result, 'workerOwner'));
    expect(await proxy.getData()).toMatchObject({ balance: TOKENS * (PRICE - WORKER_FEE), stake: STAKE });
    expect((await worker.getData()).tokens).toBe(TOKENS);
    expect(await proxy.getBooks()).toMatchObject({ escrow: ESCROW - TOKENS * PRICE, earned: 0n, backedStake: STAKE });
  });

  test('payout in advance: paid out of the stake, and made good by the next synchronisation (A9, W03)', async () => {
    const tokens = TOKENS / 2n;
    await step(() => charge(tokens));
    const outcome = await step(() => payout(tokens));
    expect(received(outcome, world.actors.workerOwner.address)).toBe(tokens * WORKER_FEE);
    const before = await proxy.getBooks();
    expect(before).toMatchObject({ escrow: ESCROW, earned: -tokens * PRICE });
    // 10 TON of the stake are on their way, and the revenue of this payout is not lent out again.
    expect(before.backedStake).toBe(before.payable);
    expect(before.payable).toBe((await balanceOf(world, proxy.address)) - ESCROW - tokens * (PRICE - WORKER_FEE));
    expect(before.payable).toBeLessThan(STAKE - tokens * PRICE + toNano('0.5'));

    const synced = await step(sync);
    expect(synced.gain(proxy.address)).toBe(0n);
    const after = { escrow: ESCROW - tokens * PRICE, earned: 0n, backedStake: STAKE };
    expect(await proxy.getBooks()).toMatchObject(after);
    expect((await proxy.getData()).stake).toBe(STAKE);
  });

  test('payout beyond charges and stake: comes back whole, and is paid after the synchronisation (W03, W14)', async () => {
    await step(() => charge(TOKENS));
    const refused = await conserving(world, () => payout(TOKENS));
    expect(txsOf(refused.result, proxy.address).map(exitCodeOf)).toEqual([ExitCode.tvmRange]);
    expect(txsOf(refused.result, worker.address).map(exitCodeOf)).toEqual([0, 0]);
    expect(refused.gain(proxy.address)).toBe(0n);
    expect(refused.gain(worker.address)).toBe(0n);
    expect(-refused.gain(world.actors.carrier.address)).toBe(refused.fees);
    expect((await worker.getData()).tokens).toBe(0n);

    await step(sync);
    const outcome = await step(() => payout(TOKENS));
    expect(received(outcome, world.actors.workerOwner.address)).toBe(TOKENS * WORKER_FEE);
  });

  test('revenue: what was booked is paid to the owner of the proxy', async () => {
    await step(() => charge(TOKENS));
    await step(sync);
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
      fees += (await step(sync)).fees;
      fees += (await step(() => payout(tokens))).fees;
      expect((await proxy.getBooks()).earned).toBe(0n);
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
    const [request, ...receipts] = txsOf(outcome.result, owner);
    const forward = [...request!.outMessages.values()].reduce(
      (sum, { info }) => (info.type === 'internal' ? sum + info.forwardFee : sum),
      0n,
    );
    const fees = receipts.reduce((sum, receipt) => sum + receipt.totalFees.coins, request!.totalFees.coins);
    return outcome.gain(owner) + attached + forward + fees;
  }

  test('withdraw: the client gets what is above its stake', async () => {
    const outcome = await step(() => client.sendWithdraw(asClientOwner(), { ...ownerOpts(), value: toNano('0.7') }));
    expect(paidToSender(outcome, world.actors.clientOwner.address, toNano('0.7'))).toBe(ESCROW - STAKE);
    expect(outcome.gain(proxy.address)).toBe(STAKE - ESCROW);
    expect((await client.getData()).balance).toBe(STAKE);
  });

  test('granted refund: the last tokens are charged, the client gets all the rest, its stake included', async () => {
    await step(() => charge(TOKENS));
    const own = await ownOf(client.address);
    const opts = carry('extClientGrantRefundSigned', client.address, TOKENS + 50n);
    const outcome = await step(() => client.sendGrantRefund(world.actors.carrier.getSender(), opts));
    const rest = ESCROW - (TOKENS + 50n) * PRICE;
    expect(received(outcome, world.actors.clientOwner.address)).toBe(rest + own);
    expect(outcome.gain(proxy.address)).toBe(-rest);
    expect(await balanceOf(world, client.address)).toBe(toNano('0.01'));
    expect(await client.getData()).toMatchObject({ state: CocoonState.closed, balance: 0n, tokensUsed: TOKENS + 50n });
  });

  test('forced refund: the client needs nobody, and gets its escrow in two parts', async () => {
    const value = toNano('0.7');
    const first = await step(() => client.sendRequestRefund(asClientOwner(), { ...ownerOpts(), value }));
    expect(paidToSender(first, world.actors.clientOwner.address, value)).toBe(ESCROW - STAKE);
    world.advance(CLIENT_DELAY + 1);
    const held = await ownOf(client.address);
    const second = await step(() => client.sendRequestRefund(asClientOwner(), { ...ownerOpts(), value }));
    const own = held - storageFeeOf(txOf(second.result, client.address));
    expect(paidToSender(second, world.actors.clientOwner.address, value)).toBe(STAKE + own);
    expect(await client.getData()).toMatchObject({ state: CocoonState.closed, balance: 0n });
    // It is the client's own escrow that came back; the proxy's stake is for other things (W05, W06, W25).
    expect((await proxy.getData()).stake).toBe(STAKE);
    expect(await proxy.getBooks()).toMatchObject({ escrow: 0n, earned: 0n, clients: 0 });
  });

  test('last payout: the worker is paid, and its account is emptied and closed', async () => {
    await step(() => charge(TOKENS));
    await step(sync);
    const own = await ownOf(worker.address);
    const opts = carry('extWorkerLastPayoutRequestSigned', worker.address, TOKENS);
    const outcome = await step(() => worker.sendLastPayout(world.actors.carrier.getSender(), opts));
    expect(received(outcome, world.actors.workerOwner.address)).toBe(TOKENS * WORKER_FEE + own);
    expect(outcome.gain(proxy.address)).toBe(-TOKENS * WORKER_FEE);
    expect(await balanceOf(world, worker.address)).toBe(toNano('0.01'));
    expect((await worker.getData()).state).toBe(CocoonState.closed);
  });

  test('proxy: closes after its delay, when all others are paid, and its owner gets stake and revenue', async () => {
    await step(() => charge(TOKENS));
    await step(sync);
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

  test('top up that a closing proxy sent back: the client gets its escrow once, and not the top up again (W01)', async () => {
    await step(() => proxy.sendClose(world.actors.proxyOwner.getSender(), ownerOpts()));
    const { stranger, clientOwner, carrier } = world.actors;
    const opts = { amount: toNano('3'), excessesTo: stranger.address };
    await conserving(world, () => client.sendTopUp(stranger.getSender(), opts));
    const value = toNano('0.7');
    const first = await conserving(world, () => client.sendWithdraw(asClientOwner(), { ...ownerOpts(), value }));
    const withdrawn = paidToSender(first, clientOwner.address, value);
    const own = await ownOf(client.address);
    const voucherOpts = carry('extClientGrantRefundSigned', client.address, 0n);
    const second = await conserving(world, () => client.sendGrantRefund(carrier.getSender(), voucherOpts));
    expect(withdrawn + received(second, clientOwner.address) - own).toBe(ESCROW);
    expect(first.gain(proxy.address) + second.gain(proxy.address)).toBe(-ESCROW);
    expect(await proxy.getBooks()).toMatchObject({ escrow: 0n, earned: 0n, clients: 0 });
  });
});
