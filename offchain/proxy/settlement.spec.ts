import { type ClientData, Op, type OutgoingMessage, parseSignedEnvelope, type WorkerData } from '@cocoon/sdk';
import type { ClientAccount, WorkerAccount } from './accounts';
import type { ActionOutcome } from './actions';
import type { ContractReads } from './contract-reads';
import type { ProxyState } from './deploy';
import { Settlement } from './settlement';
import { FakePool } from './testing/fake-pool';
import { address, PARAMS, quiet, World } from './testing/world';
import { Waiters } from './waiters';

const TON = 1_000_000_000n;
let world: World;
let now: number;
let contract: ProxyState;
let reads: ContractReads;
let sent: OutgoingMessage[];
let outcome: (message: OutgoingMessage) => Promise<ActionOutcome>;
let commits: number;
const waiters = new Waiters();

beforeEach(() => {
  world = new World();
  now = 1_000_000;
  contract = {
    state: 0,
    stake: PARAMS.minProxyStake,
    backedStake: PARAMS.minProxyStake,
    withdrawable: 0n,
    clients: null,
  };
  reads = {
    books: async () => undefined,
    records: async () => new Map(),
    client: async () => undefined,
    worker: async () => undefined,
  };
  sent = [];
  commits = 0;
  outcome = async (message) => ({ hash: 'aa', lt: 1n, account: message.to.toRawString() });
});
afterEach(() => world.close());

const settlement = (timeoutMs = 1000) =>
  new Settlement({
    ledger: world.ledger,
    books: world.books,
    vouchers: world.vouchers,
    logger: quiet,
    now: () => now,
    excessesTo: address(3),
    execute: (message) => {
      sent.push(message);
      return outcome(message);
    },
    commit: async () => {
      commits++;
      await world.ledger.flushed();
      world.books.snapshot(commits);
      world.books.anchor(commits);
    },
    observed: (check) => waiters.until(check),
    contract: () => contract,
    readContract: async () => contract,
    reads,
    thresholds: { charge: TON, payout: 10n * TON, withdraw: 10n * TON },
    timeoutMs,
  });

/** Counts tokens for a client and a worker, on disk. */
async function worked(tokens: bigint) {
  const client = world.account();
  const worker = world.books.openWorker(address(20));
  client.levels.add(tokens);
  worker.levels.add(tokens);
  await world.books.write([client, worker]);
  await world.ledger.flushed();
  return { client, worker };
}
const anchor = (...accounts: (ClientAccount | WorkerAccount)[]) => {
  for (const { levels } of accounts) {
    levels.snapshot(900);
    levels.anchor(900);
  }
};
/** The chain carries a charge out and the view reads it. */
const charged = (client: ClientAccount, tokens: bigint) => {
  client.observe({ ...client.chain, tokensUsed: tokens, balance: client.chain.balance - tokens * 20n });
  waiters.poke();
};

describe('settlement', () => {
  it('charges what is anchored, never what is merely counted (B6)', async () => {
    const { client } = await worked(60_000_000n);
    anchor(client);
    client.levels.add(5n);
    const moves = settlement();
    outcome = async (message) => {
      charged(client, 60_000_000n);
      return { hash: 'aa', lt: 1n, account: message.to.toRawString() };
    };
    moves.tick();
    await moves.idle();
    const envelope = parseSignedEnvelope(sent[0]!.body);
    expect(envelope).toMatchObject({ op: Op.extClientChargeSigned, payload: { tokens: 60_000_000n } });
    expect(world.ledger.all('action')).toMatchObject([
      { kind: 'charge', status: 'done', tokens: 60_000_000n, amountNano: 1_200_000_000n, txHash: 'aa' },
    ]);
    moves.tick();
    await moves.idle();
    expect(sent).toHaveLength(1);
  });

  it('waits for the thresholds', async () => {
    const { client, worker } = await worked(49_999_999n);
    anchor(client, worker);
    contract.withdrawable = 10n * TON - 1n;
    const moves = settlement();
    moves.tick();
    await moves.idle();
    expect(sent).toEqual([]);
  });

  it('pays workers and withdraws revenue when they are due', async () => {
    const { worker } = await worked(600_000_000n);
    anchor(worker);
    contract.withdrawable = 10n * TON;
    outcome = async (message) => {
      worker.observe('normal', 600_000_000n);
      waiters.poke();
      return { hash: 'bb', lt: 1n, account: message.to.toRawString() };
    };
    const moves = settlement();
    moves.tick();
    await moves.idle();
    expect(
      world.ledger
        .all('action')
        .map(({ kind, status }) => `${kind} ${status}`)
        .sort(),
    ).toEqual(['payout done', 'withdraw done']);
  });

  it('anchors first when somebody asks to settle now', async () => {
    const { client } = await worked(10n);
    const moves = settlement();
    outcome = async (message) => {
      charged(client, 10n);
      return { hash: 'cc', lt: 5n, account: message.to.toRawString() };
    };
    expect(await moves.charge(client)).toEqual({
      transaction: { hash: 'cc', lt: 5n, account: client.contract },
      tokens: 10n,
      amountNano: 200n,
    });
    expect(commits).toBe(1);
    await expect(moves.charge(client)).rejects.toThrow('nothing to charge: 10 tokens used, 10 already charged');
  });

  it('does one thing at a time per contract', async () => {
    const { client } = await worked(10n);
    let running = 0;
    let most = 0;
    outcome = async (message) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      charged(client, 10n);
      return { hash: 'aa', lt: 1n, account: message.to.toRawString() };
    };
    const moves = settlement();
    const results = await Promise.allSettled([moves.charge(client), moves.charge(client)]);
    expect(most).toBe(1);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('recovers from a lost or refused message: records it, rests, tries again (B12)', async () => {
    const { client } = await worked(60_000_000n);
    anchor(client);
    const moves = settlement(20);
    outcome = () => new Promise(() => undefined);
    moves.tick();
    await moves.idle();
    expect(world.ledger.all('action')).toMatchObject([
      { status: 'failed', error: expect.stringContaining('no outcome of the charge') },
    ]);
    moves.tick();
    await moves.idle();
    expect(sent).toHaveLength(1);
    now += 31_000;
    outcome = async (message) => {
      charged(client, 60_000_000n);
      return { hash: 'dd', lt: 2n, account: message.to.toRawString() };
    };
    moves.tick();
    await moves.idle();
    expect(sent).toHaveLength(2);
    expect(client.chargeable()).toBe(0n);
  });

  it('grants the refund of a closing client once everything it used is anchored', async () => {
    const { client } = await worked(10n);
    client.chain.state = 'closing';
    const moves = settlement();
    moves.tick();
    await moves.idle();
    expect(sent).toEqual([]);
    anchor(client);
    outcome = async (message) => {
      client.observe({ ...client.chain, state: 'closed', balance: 0n, tokensUsed: 10n });
      waiters.poke();
      return { hash: 'ee', lt: 1n, account: message.to.toRawString() };
    };
    moves.tick();
    await moves.idle();
    expect(parseSignedEnvelope(sent[0]!.body)).toMatchObject({
      op: Op.extClientGrantRefundSigned,
      payload: { tokens: 10n },
    });
  });

  it('leaves a reopened channel to its owner when no higher counter is there to close it with', async () => {
    const errors = jest.spyOn(quiet, 'error');
    const { client } = await worked(10n);
    anchor(client);
    client.observe({ ...client.chain, state: 'closing', tokensUsed: 10n });
    reads.client = async () => ({ reopened: true, tokensUsed: 10n }) as ClientData;
    const moves = settlement();
    moves.tick();
    await moves.idle();
    moves.tick();
    await moves.idle();
    expect(sent).toEqual([]);
    const reason = expect.stringContaining('its owner takes the rest');
    expect(errors.mock.calls).toEqual([[expect.objectContaining({ reason }), expect.any(String)]]);
    errors.mockRestore();
  });

  it('marks what a crash left open as lost: the contract state decides', async () => {
    await world.ledger.append([
      {
        kind: 'action',
        row: {
          id: 'x',
          kind: 'charge',
          subject: '0:01',
          contract: '0:02',
          tokens: 1n,
          amountNano: 20n,
          status: 'sent',
          error: null,
          txHash: null,
          txLt: null,
          createdAt: 1,
          endedAt: null,
        },
      },
    ]);
    await settlement().recover();
    expect(world.ledger.all('action')).toMatchObject([{ status: 'lost' }]);
  });
});

describe('settlement > payouts and the coins of the proxy contract', () => {
  const TOKENS = 600_000_000n;
  const COST = TOKENS * PARAMS.pricePerToken;
  let client: ClientAccount;
  let worker: WorkerAccount;
  let pool: FakePool;
  const ops = () => sent.map(({ body }) => body.beginParse().loadUint(32));

  /** Everything is carried out at once, as the contracts do it. */
  const contracts = async (message: OutgoingMessage): Promise<ActionOutcome> => {
    const op = message.body.beginParse().loadUint(32);
    if (op === Op.extClientChargeSigned) pool.charge(client);
    else if (op === Op.extClientTopUp) pool.sync(client);
    else {
      pool.payOut(COST);
      worker.observe('normal', TOKENS);
    }
    waiters.poke();
    return { hash: 'ab', lt: 1n, account: message.to.toRawString() };
  };

  beforeEach(async () => {
    pool = new FakePool(world.books);
    client = pool.addClient(10, { escrow: COST, uncharged: TOKENS });
    worker = world.books.openWorker(address(20));
    worker.levels.add(TOKENS);
    await world.books.write([worker]);
    await world.ledger.flushed();
    anchor(worker);
    reads = pool;
    outcome = contracts;
  });

  it('charges and syncs the client first when the contract would refuse the payout', async () => {
    await expect(settlement().payout(worker)).resolves.toMatchObject({ tokens: TOKENS });
    expect(ops()).toEqual([Op.extClientChargeSigned, Op.extClientTopUp, Op.extWorkerPayoutRequestSigned]);
    expect(world.ledger.all('action').map(({ kind, status, amountNano }) => [kind, status, amountNano])).toEqual(
      expect.arrayContaining([
        ['charge', 'done', COST],
        ['sync', 'done', COST],
        ['payout', 'done', TOKENS * PARAMS.workerFeePerToken],
      ]),
    );
    expect(pool.payable).toBe(0n);
  });

  it('says once per pause what is missing, and sends no payout', async () => {
    const errors = jest.spyOn(quiet, 'error');
    pool.coins -= TON;
    const moves = settlement();
    for (let i = 0; i < 5; i++) {
      moves.tick();
      await moves.idle();
      now += 2000;
    }
    const reason = expect.stringContaining('1 TON are missing');
    expect(errors.mock.calls).toEqual([[expect.objectContaining({ reason }), expect.any(String)]]);
    expect(ops()).not.toContain(Op.extWorkerPayoutRequestSigned);
    now += 30_000;
    pool.coins += TON;
    moves.tick();
    await moves.idle();
    expect(ops()).toContain(Op.extWorkerPayoutRequestSigned);
    errors.mockRestore();
  });

  it('fails when the proxy contract refused what the worker contract asked, and offers the tokens again', async () => {
    pool.keepsBooks = false;
    outcome = async () => {
      throw new Error('the proxy contract refused: exit code 5');
    };
    const moves = settlement();
    await expect(moves.payout(worker)).rejects.toThrow('exit code 5');
    expect(world.ledger.all('action')).toMatchObject([{ kind: 'payout', status: 'failed' }]);
    expect(worker.payable()).toBe(TOKENS);
    moves.tick();
    await moves.idle();
    expect(ops().filter((op) => op === Op.extWorkerPayoutRequestSigned)).toHaveLength(1);
  });

  it('goes by the counter of the worker contract, lower or higher than what was booked', async () => {
    worker.observe('normal', TOKENS);
    pool.worker = async () => ({ state: 0, tokens: 0n }) as WorkerData;
    await expect(settlement().payout(worker)).resolves.toMatchObject({ tokens: TOKENS });
    pool.worker = async () => ({ state: 0, tokens: TOKENS }) as WorkerData;
    worker.observe('normal', 0n);
    await expect(settlement().payout(worker)).rejects.toThrow('nothing to pay');
    pool.worker = async () => ({ state: 2, tokens: 0n }) as WorkerData;
    await expect(settlement().payout(worker)).rejects.toThrow('its owner can open it again');
  });

  it('says once that the stake is short and nobody owes what is missing', async () => {
    const warn = jest.spyOn(quiet, 'warn');
    pool.addClient(10, { escrow: COST });
    client.observe({ ...client.chain, tokensUsed: TOKENS });
    contract = { ...contract, backedStake: PARAMS.minProxyStake - TON, clients: await pool.records() };
    worker.observe('normal', TOKENS);
    const moves = settlement();
    moves.tick();
    moves.tick();
    await moves.idle();
    expect(sent).toEqual([]);
    const facts = expect.objectContaining({ missingNano: `${TON}` });
    expect(warn.mock.calls).toEqual([[facts, expect.stringContaining('stake')]]);
    warn.mockRestore();
  });

  it('makes the stake good by itself when workers were paid out of it', async () => {
    pool.charge(client);
    contract = { ...contract, backedStake: 0n, clients: await pool.records() };
    worker.observe('normal', TOKENS);
    const moves = settlement();
    moves.tick();
    await moves.idle();
    expect(ops()).toEqual([Op.extClientTopUp]);
    contract = { ...contract, clients: await pool.records() };
    moves.tick();
    await moves.idle();
    expect(sent).toHaveLength(1);
  });
});
