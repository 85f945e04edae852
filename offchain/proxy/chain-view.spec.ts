import { bodies, Op } from '@cocoon/sdk';
import { type Address, beginCell, type Cell, type Transaction } from '@ton/core';
import { ChainView, FOLLOW_KEY } from './chain-view';
import { address, PARAMS, quiet, World } from './testing/world';

const STAKE = PARAMS.minClientStake;
const OWNER = address(10);
const WALLET = address(3);
/** `undone`: failed, and thrown back whole. */
type Run = 'executed' | 'failed' | 'no gas' | 'undone';

let world: World;
let view: ChainView;
let registered: [string, bigint][];
let saved: number[];
let lt: bigint;

beforeEach(() => {
  world = new World();
  registered = [];
  saved = [];
  lt = 0n;
  view = new ChainView({
    books: world.books,
    logger: quiet,
    wallet: WALLET,
    onSaveState: async (seqno) => {
      saved.push(seqno);
    },
    onRegister: (owner, nonce) => registered.push([owner.toRawString(), nonce]),
    onAccount: () => undefined,
  });
});
afterEach(() => world.close());

/** The parts of a transaction of the proxy contract that the view reads. */
function transaction(from: Address, body: Cell, run: Run, bounced = false, out: Cell[] = []): Transaction {
  const computePhase =
    run === 'no gas' ? { type: 'skipped', reason: 'no-gas' } : { type: 'vm', success: run === 'executed' };
  const description = { type: 'generic', aborted: run !== 'executed', computePhase, actionPhase: null };
  const messages = out.map((content) => ({ info: { type: 'internal', bounced: false }, body: content }));
  const thrownBack = { info: { type: 'internal', bounced: true }, body: wholeBounce(body) };
  const outMessages = { values: () => (run === 'undone' ? [thrownBack] : messages) };
  const part = {
    lt: ++lt,
    inMessage: { info: { type: 'internal', src: from, bounced }, body },
    description,
    outMessages,
  };
  return part as unknown as Transaction;
}

const wholeBounce = (body: Cell) => beginCell().storeUint(0xffff_fffe, 32).storeRef(body).endCell();

const report = (balance: bigint, more: { tokensUsed?: bigint; state?: 0 | 1 | 2; payload?: Cell } = {}) =>
  bodies.clientProxyRequest({
    queryId: 0n,
    owner: OWNER,
    snapshot: {
      state: more.state ?? 0,
      balance,
      stake: STAKE,
      tokensUsed: more.tokensUsed ?? 0n,
      secretHash: Buffer.alloc(32, 5),
    },
    payload: more.payload ?? null,
  });
const topUp = (amount: bigint) => bodies.clientProxyTopUp({ amount, excessesTo: OWNER });
const refund = (amount: bigint) => bodies.clientProxyRefundGranted({ amount, excessesTo: OWNER });
const child = () => world.identity.clientContract(OWNER);
const apply = (body: Cell, run: Run, from = child(), bounced = false, out: Cell[] = []) =>
  view.apply(transaction(from, body, run, bounced, out));
const account = () => world.books.clients.get(OWNER.toRawString());

describe('chain view > client reports', () => {
  it('are believed from the derived contract, also when they carried no gas', async () => {
    await apply(report(STAKE), 'no gas');
    expect(account()?.chain).toMatchObject({ state: 'normal', balance: STAKE });
    expect(world.ledger.all('client')).toMatchObject([{ balanceNano: STAKE }]);
  });

  it('are not believed from anybody else, nor when they are bounces', async () => {
    await apply(report(STAKE), 'executed', address(66));
    await apply(report(STAKE), 'executed', child(), true);
    expect(account()).toBeUndefined();
  });

  it('register the nonce they carry', async () => {
    await apply(report(0n, { payload: bodies.clientProxyRegister({ nonce: 77n }) }), 'no gas');
    expect(registered).toEqual([[OWNER.toRawString(), 77n]]);
    await apply(report(0n, { payload: bodies.clientProxyRegister({ nonce: 78n }) }), 'no gas', address(66));
    expect(registered).toHaveLength(1);
  });

  it('credit a top-up that the proxy contract carried out', async () => {
    await apply(report(STAKE, { payload: topUp(STAKE) }), 'executed');
    expect(account()?.available(PARAMS)).toBe(STAKE / 20n);
  });

  it.each(['failed', 'no gas'] as const)(
    'do not credit a top-up that did not reach it (%s), whatever they say later',
    async (run) => {
      await apply(report(STAKE, { payload: topUp(STAKE) }), run);
      expect(account()?.available(PARAMS)).toBe(0n);
      await apply(report(STAKE), 'no gas');
      expect(account()?.available(PARAMS)).toBe(0n);
      await apply(report(STAKE * 2n, { payload: topUp(STAKE) }), 'executed');
      expect(account()?.available(PARAMS)).toBe(STAKE / 20n);
      expect(world.ledger.all('client')).toMatchObject([{ unbackedNano: STAKE }]);
    },
  );

  it('forget a failed top-up once the client contract has taken it back itself', async () => {
    await apply(report(STAKE, { payload: topUp(STAKE) }), 'executed');
    await apply(report(STAKE + 500n, { payload: topUp(500n) }), 'failed');
    expect(account()?.unbacked).toBe(500n);
    await apply(report(STAKE - 200n, { tokensUsed: 10n }), 'no gas');
    expect(account()?.unbacked).toBe(0n);
    expect(account()?.chain.tokensUsed).toBe(10n);
  });

  it('forget failed top-ups one by one, as their bounces arrive', async () => {
    await apply(report(1000n, { payload: topUp(1000n) }), 'executed');
    await apply(report(1500n, { payload: topUp(500n) }), 'undone');
    await apply(report(1800n, { payload: topUp(300n) }), 'undone');
    expect([account()?.unbacked, account()?.available(PARAMS)]).toEqual([800n, 50n]);
    await apply(report(1300n), 'no gas');
    expect([account()?.unbacked, account()?.available(PARAMS)]).toEqual([300n, 50n]);
    await apply(report(1200n, { payload: topUp(200n) }), 'executed');
    expect([account()?.unbacked, account()?.available(PARAMS)]).toEqual([0n, 60n]);
  });

  it('have nothing unbacked in them once the balance ran empty: what comes then is real', async () => {
    await apply(report(500n, { payload: topUp(500n) }), 'failed');
    await apply(report(300n, { tokensUsed: 10n }), 'no gas');
    expect([account()?.unbacked, account()?.available(PARAMS)]).toEqual([500n, 0n]);
    await apply(report(0n, { tokensUsed: 25n }), 'no gas');
    await apply(report(400n, { tokensUsed: 25n, payload: topUp(400n) }), 'executed');
    expect([account()?.unbacked, account()?.available(PARAMS)]).toEqual([0n, 20n]);
  });

  it('do not credit a top-up that a closing proxy contract sent back', async () => {
    const payout = beginCell().storeUint(Op.payout, 32).storeUint(0, 64).endCell();
    const excesses = beginCell().storeUint(Op.excesses, 32).storeUint(0, 64).endCell();
    await apply(report(1000n, { payload: topUp(1000n) }), 'executed', child(), false, [excesses]);
    await apply(report(1500n, { payload: topUp(500n) }), 'executed', child(), false, [payout, excesses]);
    expect([account()?.unbacked, account()?.available(PARAMS)]).toEqual([500n, 50n]);
  });

  it('keep the coins, and the channel closing, when the proxy contract threw a refund back', async () => {
    await apply(report(STAKE, { payload: topUp(STAKE) }), 'executed');
    await apply(report(0n, { state: 2, payload: refund(STAKE) }), 'undone');
    expect(account()?.chain).toMatchObject({ state: 'closing', balance: STAKE });
    await apply(report(0n, { state: 2, payload: refund(STAKE) }), 'executed');
    expect(account()?.chain).toMatchObject({ state: 'closed', balance: 0n });
  });

  it('stay closed by a refund of nothing that was thrown back', async () => {
    await apply(report(0n, { state: 2, payload: refund(0n) }), 'undone');
    expect(account()?.chain.state).toBe('closed');
  });

  it('credit a refund and a top-up that were both thrown back with what was there before them', async () => {
    await apply(report(1000n, { payload: topUp(1000n) }), 'executed');
    await apply(report(1500n, { payload: topUp(500n) }), 'undone');
    await apply(report(1000n, { payload: refund(500n) }), 'undone');
    expect([account()?.chain.balance, account()?.available(PARAMS)]).toEqual([1500n, 50n]);
    await apply(report(1000n), 'no gas');
    expect([account()?.unbacked, account()?.available(PARAMS)]).toEqual([0n, 50n]);
  });

  it('are closed for good by a refund that failed where nothing is undone', async () => {
    await apply(report(STAKE, { payload: topUp(STAKE) }), 'executed');
    await apply(report(0n, { state: 2, payload: refund(STAKE) }), 'failed');
    expect(account()?.chain).toMatchObject({ state: 'closed', balance: 0n });
  });

  it('name any stake they like: what no coins can be does not stop the view', async () => {
    const stake = 2n ** 110n;
    const snapshot = { state: 0 as const, balance: STAKE, stake, tokensUsed: 0n, secretHash: Buffer.alloc(32, 5) };
    await apply(bodies.clientProxyRequest({ queryId: 0n, owner: OWNER, snapshot, payload: null }), 'no gas');
    expect(world.ledger.all('client')).toMatchObject([{ balanceNano: STAKE, stakeNano: 2n ** 63n - 1n }]);
    expect(account()?.available(PARAMS)).toBe(STAKE / 20n);
    expect(world.ledger.meta(FOLLOW_KEY(world.identity.address))).toBe(lt.toString());
  });

  it('count settled tokens on every level, because they were signed once: a ledger that lost them does not stop the proxy (B6)', async () => {
    await apply(report(STAKE, { tokensUsed: 40n }), 'no gas');
    expect(account()?.levels).toMatchObject({ max: 40n, written: 40n, anchored: 40n });
  });

  it('that settle more than was ever counted here are told to the operator: somebody else signs', async () => {
    const errors = jest.spyOn(quiet, 'error');
    await apply(report(STAKE), 'no gas');
    account()?.levels.add(10n);
    await apply(report(STAKE, { tokensUsed: 10n }), 'no gas');
    expect(errors).not.toHaveBeenCalled();
    await apply(report(STAKE, { tokensUsed: 11n }), 'no gas');
    expect(errors).toHaveBeenCalledWith(
      expect.objectContaining({ settled: '11', counted: '10' }),
      expect.stringContaining('somebody else signs'),
    );
    expect(account()?.levels.max).toBe(11n);
    errors.mockRestore();
  });

  it('close the account', async () => {
    await apply(report(0n, { state: 2 }), 'executed');
    expect(account()?.chain.state).toBe('closed');
  });
});

describe('chain view > the rest', () => {
  const WORKER = address(20);
  const worker = (tokens: bigint, delta?: bigint, state: 0 | 2 = 0) =>
    bodies.workerProxyRequest({
      queryId: 0n,
      owner: WORKER,
      state,
      tokens,
      payload:
        delta === undefined
          ? null
          : bodies.workerProxyPayoutRequest({
              workerPart: delta * PARAMS.workerFeePerToken,
              proxyPart: delta * (PARAMS.pricePerToken - PARAMS.workerFeePerToken),
              excessesTo: OWNER,
            }),
    });
  const earned = () => world.books.openWorker(WORKER);
  const hear = (body: Cell, run: Run) => view.apply(transaction(world.identity.workerContract(WORKER), body, run));

  it('reads what workers were paid, from their derived contract only', async () => {
    await view.apply(transaction(address(66), worker(5n), 'executed'));
    expect(world.books.workers.size).toBe(0);
    await hear(worker(5n), 'no gas');
    expect(earned().tokensPaid).toBe(5n);
    await hear(worker(9n, 4n), 'executed');
    expect(earned().tokensPaid).toBe(9n);
  });

  it('books no payout that the proxy contract refused: the worker contract takes its tokens back', async () => {
    await hear(worker(5n, 5n), 'executed');
    await hear(worker(12n, 7n, 2), 'undone');
    expect(earned()).toMatchObject({ tokensPaid: 5n, state: 'normal' });
    expect(world.ledger.all('worker')).toMatchObject([{ tokensPaid: 5n, state: 'normal' }]);
    await hear(worker(12n, 7n), 'executed');
    expect(earned().tokensPaid).toBe(12n);
  });

  it('books as gone what was refused where nothing is undone', async () => {
    await hear(worker(12n, 7n, 2), 'failed');
    expect(earned()).toMatchObject({ tokensPaid: 12n, state: 'closed' });
  });

  it('follows the counter down when it was booked too early', async () => {
    await hear(worker(12n), 'no gas');
    await hear(worker(5n), 'no gas');
    expect(earned().tokensPaid).toBe(5n);
    expect(earned().levels.max).toBe(12n);
  });

  it('takes save_state from its own wallet only', async () => {
    const body = bodies.saveState({ queryId: 0n, seqno: 4, uniqueHash: Buffer.alloc(32) });
    await view.apply(transaction(address(66), body, 'no gas'));
    await view.apply(transaction(WALLET, body, 'no gas'));
    expect(saved).toEqual([4]);
  });

  it('skips what it cannot read, and remembers how far it got', async () => {
    const broken = beginCell().storeUint(0x65448ff4, 32).storeUint(0, 64).storeUint(1, 2).endCell();
    await apply(broken, 'failed');
    await apply(beginCell().endCell(), 'executed', address(66));
    await apply(report(STAKE), 'no gas');
    expect(account()?.chain.balance).toBe(STAKE);
    expect(world.ledger.meta(FOLLOW_KEY(world.identity.address))).toBe('3');
  });
});
