import { Address, beginCell } from '@ton/core';
import { daoBodies, ExitCode, VoteCode } from '../../wrappers';
import { withTrailingBit, withTrailingRef } from '../support/bodies';
import { DAY, type DaoWorld, proposalOf, propose, TON } from '../support/dao-world';
import { expectRejection } from '../support/rejection';
import {
  asWorld,
  createStaked,
  deposit,
  epochOf,
  expectRefused,
  expectSound,
  freeze,
  nobody,
  replace,
  SILENT,
  speak,
  THROWING,
  vote,
  voteBody,
  whileReplaced,
} from '../support/stake-acts';
import { exitCodeOf, sentBy, txsOf } from '../support/trace';
import { startEachTestFrom } from '../support/world';

let dao: DaoWorld;
let epoch: number;

/** Proposal 1 of member 0, open for votes. */
startEachTestFrom(async () => {
  dao = await createStaked();
  epoch = epochOf(dao.now());
  await propose(dao, 0);
  dao.advance(DAY);
  return asWorld(dao);
});

const stake = () => dao.stakes[1]!;
const target = () => proposalOf(dao, 1).address;
const read = () => stake().getData();
const receipt = async (at: Address = target()) => (await read()).votes.get(at.hash.toString('hex'));
const tally = async () => {
  const { yes, no, abstain } = await proposalOf(dao, 1).getData();
  return { yes, no, abstain };
};
const yes = 1_000n * TON;
const stranger = (byte: number) => new Address(0, Buffer.alloc(32, byte));
const attempt = (at: Address, snapshot: number, split: object, value = 2n * TON) => ({
  from: dao.members[1]!,
  to: stake().address,
  value,
  body: voteBody(at, snapshot, split),
});

describe('the snapshot of a vote', () => {
  it('is not one that the clock of the Stake has not reached: refused a second before midnight, taken at midnight', async () => {
    const midnight = (epochOf(dao.now()) + 1) * DAY;
    await replace(dao, stranger(1), SILENT);
    dao.chain.now = midnight - 1;
    await expectRejection(asWorld(dao), attempt(stranger(1), midnight / DAY, { yes: 1n }), ExitCode.stakeBadEpoch);
    dao.chain.now = midnight;
    const result = await vote(dao, 1, stranger(1), midnight / DAY, { yes: 1n });
    expect(txsOf(result, stake().address).map(exitCodeOf)).toEqual([0]);
    dao.chain.now = midnight + 1;
    await expectRejection(asWorld(dao), attempt(stranger(2), midnight / DAY + 1, { yes: 1n }), ExitCode.stakeBadEpoch);
  });

  it('is not older than the horizon', async () => {
    const today = epochOf(dao.now());
    await expectRejection(asWorld(dao), attempt(stranger(1), today - 31, { yes: 1n }), ExitCode.stakeBadEpoch);
    const result = await vote(dao, 1, stranger(1), today - 30, { yes: 0n, no: 0n, abstain: 0n });
    expect(exitCodeOf(txsOf(result, stake().address)[0]!)).toBe(ExitCode.stakeNothing);
  });

  it('counts nothing of a deposit made on its day or later', async () => {
    dao.chain.now = epoch * DAY + DAY - 1;
    await deposit(dao, 1, 10n * TON);
    dao.advance(DAY);
    await expectRejection(asWorld(dao), attempt(target(), epoch, { yes: yes + 1n }), ExitCode.stakeTooMuch);
    await vote(dao, 1, target(), epoch, { yes });
    expect(await tally()).toEqual({ ...nobody, yes });
  });
});

describe('the split of a vote', () => {
  it.each([
    ['all of it', { yes }],
    ['three parts', { yes: 1n, no: 2n, abstain: yes - 3n }],
    ['one nanoTON', { abstain: 1n }],
  ])('may be %s', async (_, split) => {
    await vote(dao, 1, target(), epoch, split);
    expect(await tally()).toEqual({ ...nobody, ...split });
    expect(await receipt()).toMatchObject({ ...nobody, ...split, pending: null });
  });

  it.each([
    ['over by one nanoTON', { yes, no: 1n }, 'stakeTooMuch'],
    [
      'as large as an amount can be',
      { yes: 2n ** 120n - 1n, no: 2n ** 120n - 1n, abstain: 2n ** 120n - 1n },
      'stakeTooMuch',
    ],
    ['nothing, the first time', {}, 'stakeNothing'],
  ] as const)('is refused when it is %s', async (_, split, code) => {
    await expectRejection(asWorld(dao), attempt(target(), epoch, split), ExitCode[code]);
  });

  it('is refused with too little value, more so with a reason', async () => {
    await expectRejection(asWorld(dao), attempt(target(), epoch, { yes }, TON / 1_000n), ExitCode.lowMsgValue);
  });
});

describe('a changed vote', () => {
  it('replaces the one before exactly', async () => {
    await vote(dao, 1, target(), epoch, { yes });
    await vote(dao, 2, target(), epoch, { no: 700n * TON });
    await vote(dao, 1, target(), epoch, { yes: 1n * TON, no: 2n * TON, abstain: 3n * TON });
    expect(await tally()).toEqual({ yes: TON, no: 702n * TON, abstain: 3n * TON });
    await vote(dao, 1, target(), epoch, { abstain: 5n * TON });
    expect(await tally()).toEqual({ yes: 0n, no: 700n * TON, abstain: 5n * TON });
  });

  it('to nothing takes the vote back and its receipt with it', async () => {
    await vote(dao, 1, target(), epoch, { yes });
    await vote(dao, 1, target(), epoch, {});
    expect(await tally()).toEqual(nobody);
    expect(await receipt()).toBeUndefined();
  });

  it('after the end leaves the earlier one', async () => {
    await vote(dao, 1, target(), epoch, { yes });
    dao.chain.now = (await proposalOf(dao, 1).getData()).endAt;
    await vote(dao, 1, target(), epoch, { no: yes });
    expect(await tally()).toEqual({ ...nobody, yes });
    expect(await receipt()).toMatchObject({ yes, no: 0n, pending: null });
  });

  it('waits for the answer to the one before', async () => {
    await whileReplaced(dao, target(), SILENT, () => vote(dao, 1, target(), epoch, { yes }));
    await expectRejection(asWorld(dao), attempt(target(), epoch, { no: 1n }), ExitCode.votePending);
    dao.advance(30 * DAY);
    const result = await vote(dao, 1, target(), epochOf(dao.now()), { no: 1n });
    expect(exitCodeOf(txsOf(result, stake().address)[0]!)).toBe(0);
  });
});

describe('a vote that does not count', () => {
  const spoiled: Record<string, () => Promise<Address>> = {
    'at a place where nothing is': async () => stranger(9),
    'at a proposal that the Dao has not made': async () => {
      const { address, init } = proposalOf(dao, 2);
      await dao.members[2]!.send({ to: address, value: TON, init: init!, body: daoBodies.topUp({ queryId: 1n }) });
      return address;
    },
    'at a proposal that has ended': async () => {
      dao.chain.now = (await proposalOf(dao, 1).getData()).endAt;
      return target();
    },
    'at a contract that throws': async () => {
      await replace(dao, stranger(3), THROWING);
      return stranger(3);
    },
    'at a frozen proposal': async () => {
      await freeze(dao, target());
      return target();
    },
  };

  it.each(Object.entries(spoiled))('%s leaves nothing behind and can be tried again at once', async (_, spoil) => {
    const at = await spoil();
    for (let i = 0; i < 2; i += 1) {
      const result = await vote(dao, 1, at, epoch, { yes });
      expect(txsOf(result, stake().address).map(exitCodeOf)).toEqual([0, 0]);
      expect((await expectSound(dao, 1, yes)).votes.size).toBe(0);
    }
  });

  it('for the wrong snapshot leaves the tally as it is, and the right one counts at once', async () => {
    await vote(dao, 1, target(), epoch - 1, { yes });
    expect(await tally()).toEqual(nobody);
    expect(await receipt()).toBeUndefined();
    await vote(dao, 1, target(), epoch, { yes });
    expect(await tally()).toEqual({ ...nobody, yes });
  });

  it('keeps the earlier vote when the change is returned', async () => {
    await vote(dao, 1, target(), epoch, { yes });
    await whileReplaced(dao, target(), THROWING, () => vote(dao, 1, target(), epoch, { no: yes }));
    expect(await receipt()).toMatchObject({ yes, no: 0n, pending: null });
    await vote(dao, 1, target(), epoch, { no: yes });
    expect(await tally()).toEqual({ ...nobody, no: yes });
  });

  it('at a contract that never answers holds up nothing but itself', async () => {
    await replace(dao, stranger(4), SILENT);
    await vote(dao, 1, stranger(4), epoch, { yes });
    await vote(dao, 1, target(), epoch, { yes });
    expect(await tally()).toEqual({ ...nobody, yes });
    await expectSound(dao, 1, yes);
  });
});

describe('an answer to a vote', () => {
  const ack = (nonce: number, code: number = VoteCode.counted, endsBy = dao.now() + DAY) =>
    daoBodies.voteAck({ queryId: 8n, nonce, code, endsBy });
  const pending = async () => {
    await whileReplaced(dao, target(), SILENT, () => vote(dao, 1, target(), epoch, { yes }));
    const open = (await receipt())!;
    expect(open.pending).toEqual({ ...nobody, yes });
    return open.nonce;
  };
  const forged = (from: Address, body: ReturnType<typeof ack>) => ({ from, to: stake().address, value: TON, body });

  it('is believed only from the contract that the vote went to', async () => {
    const nonce = await pending();
    for (const from of [stranger(5), dao.members[1]!.address, dao.dao.address, dao.stakes[2]!.address]) {
      await expectRefused(dao, forged(from, ack(nonce)), ExitCode.daoBadSender);
    }
  });

  it('is believed only with the nonce of the last vote', async () => {
    const nonce = await pending();
    for (const wrong of [nonce - 1, nonce + 1, 0, 2 ** 32 - 1]) {
      await expectRejection(asWorld(dao), forged(target(), ack(wrong)), ExitCode.daoBadSender);
    }
    await speak(dao, target(), stake().address, ack(nonce));
    expect(await receipt()).toMatchObject({ yes, pending: null });
  });

  it('is believed once', async () => {
    const nonce = await pending();
    await speak(dao, target(), stake().address, ack(nonce));
    for (const code of [VoteCode.counted, VoteCode.ended]) {
      await expectRejection(asWorld(dao), forged(target(), ack(nonce, code)), ExitCode.daoBadSender);
    }
  });

  it('to the vote before does not settle the next one', async () => {
    const first = await pending();
    await speak(dao, target(), stake().address, ack(first));
    await whileReplaced(dao, target(), SILENT, () => vote(dao, 1, target(), epoch, { no: yes }));
    expect((await receipt())!.nonce).toBe(first + 1);
    await expectRejection(asWorld(dao), forged(target(), ack(first, VoteCode.ended)), ExitCode.daoBadSender);
    expect((await receipt())!.pending).toEqual({ ...nobody, no: yes });
  });

  it('with a code that nobody knows counts nothing', async () => {
    const nonce = await pending();
    await speak(dao, target(), stake().address, ack(nonce, 77));
    expect(await receipt()).toBeUndefined();
  });

  it('with anything behind it, or cut short, is none', async () => {
    const nonce = await pending();
    const whole = ack(nonce);
    const shorter = beginCell()
      .storeBits(whole.beginParse().loadBits(whole.bits.length - 1))
      .endCell();
    for (const body of [withTrailingBit(whole), withTrailingRef(whole), shorter]) {
      await expectRejection(asWorld(dao), forged(target(), body), 9);
    }
    expect((await receipt())!.pending).not.toBeNull();
  });

  it('that names an end beyond any proposal keeps the receipt for the horizon and no longer', async () => {
    const nonce = await pending();
    await speak(dao, target(), stake().address, ack(nonce, VoteCode.counted, 2 ** 32 - 1));
    expect((await receipt())!.endsBy).toBe(dao.now() + 30 * DAY);
  });
});

describe('receipts', () => {
  it('are 24 at most, and those of ended proposals make room', async () => {
    for (let i = 1; i <= 24; i += 1) {
      await replace(dao, stranger(i), SILENT);
      const result = await vote(dao, 1, stranger(i), epoch, { yes: 1n });
      const nonce = sentBy(txsOf(result, stake().address)[0]!)[0]!.body.beginParse().skip(96).loadUint(32);
      const endsBy = dao.now() + (i <= 3 ? DAY : 9 * DAY);
      if (i <= 6) {
        await speak(dao, stranger(i), stake().address, daoBodies.voteAck({ queryId: 1n, nonce, code: 0, endsBy }));
      }
    }
    await expectSound(dao, 1, yes);
    await expectRejection(asWorld(dao), attempt(target(), epoch, { yes }), ExitCode.votesFull);
    dao.advance(DAY - 1);
    await expectRejection(asWorld(dao), attempt(target(), epoch, { yes }), ExitCode.votesFull);
    dao.advance(1);
    await vote(dao, 1, target(), epoch, { yes });
    expect((await read()).votes.size).toBe(24);
    expect(await tally()).toEqual({ ...nobody, yes });
  });

  it('get nonces that grow, from the time on', async () => {
    const nonces: number[] = [];
    for (const split of [{ yes: 1n }, { yes: 2n }, { yes: 3n }]) {
      await vote(dao, 1, target(), epoch, split);
      nonces.push((await receipt())!.nonce);
    }
    expect(nonces).toEqual([dao.now(), dao.now() + 1, dao.now() + 2]);
  });
});
