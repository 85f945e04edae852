import type { Cell } from '@ton/core';
import { daoBodies, packMeta, packTitle } from '../../wrappers';
import { DAY, type DaoWorld, proposalOf, propose, TON } from '../support/dao-world';
import type { Prices } from '../support/price-sets';
import {
  asWorld,
  createStaked,
  delegate,
  deposit,
  epochOf,
  expectSound,
  fullLabels,
  packBooks,
  say,
  THROWING,
  unstake,
  voteBody,
  whileReplaced,
} from '../support/stake-acts';
import { exitCodeOf } from '../support/trace';
import { dataOf, overwriteData } from '../support/world';

/** R1: every operation of a member with every value up to twice the least that is taken: refused, or carried out to its end. */

const STEPS = 24n;
const ALL = 1_000n * TON;

interface Operation {
  prepare?: (dao: DaoWorld) => Promise<unknown>;
  body: (dao: DaoWorld) => Cell;
  /** part of the value that is not for fees, nanoTON */
  extra?: bigint;
}

const b = (dao: DaoWorld) => dao.stakes[1]!.address;
const plain = { queryId: 1n };

const operations: Record<string, Operation> = {
  deposit: { body: () => daoBodies.stakeDeposit({ ...plain, amount: TON }), extra: TON },
  'unstake of own stake': { body: () => daoBodies.stakeUnstake({ ...plain, amount: 3n * TON }) },
  'unstake of delegated stake': {
    prepare: (dao) => delegate(dao, 0, 1),
    body: () => daoBodies.stakeUnstake({ ...plain, amount: 3n * TON }),
  },
  'unstake of both': {
    prepare: async (dao) => {
      await delegate(dao, 0, 1);
      await deposit(dao, 0, 2n * TON);
    },
    body: () => daoBodies.stakeUnstake({ ...plain, amount: 3n * TON }),
  },
  withdraw: {
    prepare: async (dao) => {
      for (let i = 0; i < 8; i += 1) {
        await unstake(dao, 0, TON);
        dao.advance(60);
      }
      dao.advance(22 * DAY);
    },
    body: () => daoBodies.stakeWithdraw(plain),
  },
  'sync of a deposit': {
    prepare: (dao) => whileReplaced(dao, dao.dao.address, THROWING, () => deposit(dao, 0, TON)),
    body: () => daoBodies.stakeSync(plain),
  },
  'sync of stake that left the DAO': {
    prepare: (dao) => whileReplaced(dao, dao.dao.address, THROWING, () => unstake(dao, 0, TON)),
    body: () => daoBodies.stakeSync(plain),
  },
  'sync of stake that left the delegate': {
    prepare: async (dao) => {
      await delegate(dao, 0, 1);
      await whileReplaced(dao, b(dao), THROWING, () => unstake(dao, 0, TON));
    },
    body: () => daoBodies.stakeSync(plain),
  },
  delegate: { body: (dao) => daoBodies.stakeDelegate({ ...plain, delegate: dao.members[1]!.address }) },
  'delegate to a newcomer': { body: (dao) => daoBodies.stakeDelegate({ ...plain, delegate: dao.vault.address }) },
  undelegate: { prepare: (dao) => delegate(dao, 0, 1), body: () => daoBodies.stakeUndelegate(plain) },
  vote: {
    prepare: async (dao) => {
      await propose(dao, 2, { value: 100n * TON });
      dao.advance(DAY);
    },
    body: (dao) => voteBody(proposalOf(dao, 1).address, epochOf(dao.now()) - 1, { yes: TON }),
  },
  'vote with a reason': {
    prepare: async (dao) => {
      await propose(dao, 2, { value: 100n * TON });
      dao.advance(DAY);
    },
    body: (dao) => voteBody(proposalOf(dao, 1).address, epochOf(dao.now()) - 1, { yes: TON, reason: 'x'.repeat(512) }),
  },
  propose: {
    body: () =>
      daoBodies.stakePropose({
        ...plain,
        title: packTitle('One'),
        meta: packMeta({ uri: 'https://example.org', sha256: Buffer.alloc(32) }),
        actions: null,
      }),
  },
};

/** The fullest labels that there can be, on top of the stake that is there: every walk over them is the longest. */
async function fill(dao: DaoWorld, member: number): Promise<void> {
  const { own, inn, out, delegate: to, releases } = await dao.stakes[member]!.getData();
  const labels = own >= 46n * TON ? fullLabels(dao.now(), TON) : new Map<number, bigint>();
  const opts = { dao: dao.dao.address, owner: dao.members[member]!.address };
  const { address } = dao.stakes[member]!;
  await overwriteData(asWorld(dao), address, packBooks(opts, { own, inn, out, releases, delegate: to, labels }));
}

const fillable = (name: string) => !name.startsWith('sync') && name !== 'withdraw';

describe.each<Prices>(['current', 'tenfold'])('at %s prices', (prices) => {
  let dao: DaoWorld;
  let start: ReturnType<DaoWorld['chain']['snapshot']>;
  beforeAll(async () => {
    dao = await createStaked({ prices });
    // What the wrapper attaches is too little at tenfold prices.
    for (const [i] of dao.members.entries()) if ((await totalOf(dao, i)) < ALL) await deposit(dao, i, ALL, 100n * TON);
    dao.advance(8 * DAY);
    await dao.dao.sendActivate(dao.members[0]!.getSender(), { value: 20n * TON });
    start = dao.chain.snapshot();
  });

  it.each(Object.entries(operations))(
    '%s: refused, or carried out to its end',
    async (name, { prepare, body, extra = 0n }) => {
      await dao.chain.loadFrom(start);
      await prepare?.(dao);
      if (fillable(name)) for (const i of [0, 1]) await fill(dao, i);
      const ready = dao.chain.snapshot();
      const stake = dao.stakes[0]!;
      const before = await dataOf(asWorld(dao), stake.address);
      const attempt = async (value: bigint) => {
        await dao.chain.loadFrom(ready);
        return say(dao, 0, body(dao), value);
      };
      const taken = async (value: bigint) => {
        const result = await attempt(value);
        return exitCodeOf(result.transactions[1]!) === 0;
      };
      let [low, high] = [0n, 200n * TON];
      expect(await taken(high)).toBe(true);
      while (high - low > TON / 100_000n) {
        const middle = (low + high) / 2n;
        if (await taken(middle)) high = middle;
        else low = middle;
      }
      const least = high;
      const values = Array.from(
        { length: Number(STEPS) + 1 },
        (_, i) => extra + ((least - extra) * 2n * BigInt(i)) / STEPS,
      );
      for (const value of [...values, least, least - TON / 100_000n].filter((each) => each > 0n)) {
        const result = await attempt(value);
        const [, first] = result.transactions;
        if (exitCodeOf(first!) !== 0) {
          expect(value).toBeLessThan(least);
          expect((await dataOf(asWorld(dao), stake.address)).equals(before)).toBe(true);
          continue;
        }
        expect([value, result.transactions.map(exitCodeOf)]).toEqual([value, result.transactions.map(() => 0)]);
        const info = await expectSound(dao, 0);
        const rest = {
          busy: info.busy,
          pend: info.pend,
          exit: info.exit,
          unsynced: info.unsynced,
          back: info.refundable,
        };
        expect([value, rest]).toEqual([value, { busy: 0, pend: 0n, exit: 0n, unsynced: 0n, back: 0n }]);
        expect([...info.votes.values()].every((each) => each.pending === null)).toBe(true);
      }
    },
  );
});

async function totalOf(dao: DaoWorld, member: number): Promise<bigint> {
  const state = await dao.chain.getContract(dao.stakes[member]!.address);
  return state.accountState?.type === 'active' ? (await dao.stakes[member]!.getData()).own : 0n;
}
