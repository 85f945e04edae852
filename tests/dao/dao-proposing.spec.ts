import { beginCell, type Cell } from '@ton/core';
import { type DaoSlot, daoBodies, ExitCode, ProposalStatus, ProposeCode, packActions, packTitle } from '../../wrappers';
import {
  answerOf,
  asWorld,
  createActiveDao,
  ENOUGH,
  exitOf,
  givenDao,
  goTo,
  payloadOf,
  stateHash,
} from '../support/dao-acts';
import { DAY, type DaoWorld, proposalOf, TON } from '../support/dao-world';
import { deliver } from '../support/rejection';
import { isBounce, txsOf } from '../support/trace';
import { balanceOf, startEachTestFrom } from '../support/world';

const THRESHOLD = 100n * TON;
const BOND = 50n * TON;

/** So many distinct cells in a chain of trees: three new references each. */
function cells(count: number, salt = 0): Cell {
  const head = beginCell().storeUint(salt, 32).storeUint(count, 32);
  const rest = count - 1;
  const parts = [Math.ceil(rest / 3), Math.ceil((rest - 1) / 3), Math.ceil((rest - 2) / 3)].filter((part) => part > 0);
  for (const [index, part] of parts.entries()) head.storeRef(cells(part, salt * 4 + index + 1));
  return head.endCell();
}

describe('a proposal to the Dao', () => {
  let it_: DaoWorld;
  startEachTestFrom(async () => {
    it_ = await createActiveDao();
    return asWorld(it_);
  });

  interface Asking {
    weight?: bigint;
    epoch?: number;
    payload?: Cell;
    value?: bigint;
    member?: number;
  }
  const today = () => Math.floor(it_.now() / DAY);
  /** Asks in the name of a member's Stake. */
  const ask = ({
    weight = THRESHOLD,
    epoch = today(),
    payload = payloadOf(null),
    value = 60n * TON,
    member = 0,
  }: Asking) =>
    deliver(asWorld(it_), {
      from: it_.stakes[member]!.address,
      to: it_.dao.address,
      value,
      body: daoBodies.daoPropose({ queryId: 1n, weight, epoch, owner: it_.members[member]!.address, payload }),
    });
  const answer = async (asking: Asking) => answerOf(await ask(asking), it_.stakes[asking.member ?? 0]!.address);

  /** Refused with this reason: no proposal, no place taken, and all but the fees back at the member. */
  const expectRefusal = async (asking: Asking, code: number) => {
    const member = it_.members[asking.member ?? 0]!.address;
    const [coins, held] = [await balanceOf(asWorld(it_), member), await balanceOf(asWorld(it_), it_.dao.address)];
    const { open, nextId } = await it_.dao.getData();
    expect(await answer(asking)).toBe(code);
    const after = await it_.dao.getData();
    expect([after.nextId, after.open.size]).toEqual([nextId, open.size]);
    const lost = coins + (asking.value ?? 60n * TON) - (await balanceOf(asWorld(it_), member));
    expect(lost).toBeLessThan(TON / 20n);
    expect(held - (await balanceOf(asWorld(it_), it_.dao.address))).toBeLessThan(TON / 10_000n);
  };
  const slots = (count: number, change: Partial<DaoSlot> = {}) =>
    new Map(
      Array.from({ length: count }, (_, index): [number, DaoSlot] => [
        index + 1,
        { account: Buffer.alloc(32, index + 1), endsBy: it_.now() + 1, proposer: it_.vault.address, ...change },
      ]),
    );

  it('comes to life with the terms of the day, its bond, and a number that is never used again', async () => {
    const held = await balanceOf(asWorld(it_), it_.dao.address);
    expect(await answer({})).toBe(ProposeCode.accepted);
    const { params, startTotal } = await it_.dao.getData();
    const proposal = await proposalOf(it_, 1).getData();
    const startAt = it_.now() + params.votingDelay;
    const hardEnd = startAt + params.votingPeriod + 2 * params.extension;
    expect(proposal).toMatchObject({
      status: ProposalStatus.live,
      epoch: today(),
      startAt,
      endAt: startAt + params.votingPeriod,
      hardEnd,
      finalizeBy: hardEnd + params.grace,
      total: startTotal,
      quorum: (startTotal * 1_000n) / 10_000n,
      approvalBps: params.approvalNormalBps,
      critical: false,
    });
    expect(proposal.parties).toMatchObject({ bond: BOND });
    expect(proposal.parties!.proposer.equals(it_.members[0]!.address)).toBe(true);
    expect(proposal.parties!.vault.equals(it_.vault.address)).toBe(true);
    expect(await balanceOf(asWorld(it_), proposalOf(it_, 1).address)).toBeGreaterThan(BOND);
    expect(held - (await balanceOf(asWorld(it_), it_.dao.address))).toBeLessThan(TON / 10_000n);
    expect((await it_.dao.getProposalAddress(1)).equals(proposalOf(it_, 1).address)).toBe(true);
    expect((await it_.dao.getStakeAddress(it_.members[0]!.address)).equals(it_.stakes[0]!.address)).toBe(true);
    expect(await answer({ member: 1 })).toBe(ProposeCode.accepted);
    expect([...(await it_.dao.getData()).open.keys()]).toEqual([1, 2]);
  });

  it('needs the threshold: one nanoTON less is refused', async () => {
    await expectRefusal({ weight: THRESHOLD - 1n }, ProposeCode.threshold);
    expect(await answer({ weight: THRESHOLD })).toBe(ProposeCode.accepted);
  });

  it('needs its share of all stake where that is more than the floor, rounded up', async () => {
    await givenDao(it_, { startTotal: 100_000n * TON + 1n, epoch: today() });
    await expectRefusal({ weight: 500n * TON }, ProposeCode.threshold);
    expect(await answer({ weight: 500n * TON + 1n })).toBe(ProposeCode.accepted);
  });

  it('is refused while the DAO is not active', async () => {
    await givenDao(it_, { active: false });
    await expectRefusal({}, ProposeCode.inactive);
  });

  it('is refused for a weight of another day', async () => {
    for (const epoch of [today() - 1, today() + 1, 0, 65_535]) await expectRefusal({ epoch }, ProposeCode.epoch);
  });

  it('finds one of sixteen places, and none behind the sixteenth', async () => {
    await givenDao(it_, { open: slots(15), nextId: 100 });
    expect(await answer({})).toBe(ProposeCode.accepted);
    expect((await it_.dao.getData()).open.size).toBe(16);
    await expectRefusal({ member: 1 }, ProposeCode.noPlace);
  });

  it('finds places again by time alone, once sixteen are over', async () => {
    await givenDao(it_, { open: slots(16), nextId: 100 });
    await expectRefusal({}, ProposeCode.noPlace);
    it_.advance(1);
    expect(await answer({})).toBe(ProposeCode.accepted);
    expect([...(await it_.dao.getData()).open.keys()]).toEqual([100]);
  });

  it('is the only open one of its member', async () => {
    await ask({});
    await expectRefusal({}, ProposeCode.oneEach);
    await proposalOf(it_, 1).sendCancel(it_.members[0]!.getSender());
    expect(await answer({})).toBe(ProposeCode.accepted);
  });

  it.each([
    [0, null, ProposeCode.accepted],
    [10, 10, ProposeCode.accepted],
    [11, 11, ProposeCode.badActions],
  ])('may have %d actions, or not', async (_, count, code) => {
    const action = (next: Cell | null): Cell =>
      beginCell().storeAddress(it_.members[2]!.address).storeCoins(1n).storeUint(0, 2).storeMaybeRef(next).endCell();
    let actions: Cell | null = null;
    for (let index = 0; index < (count ?? 0); index += 1) actions = action(actions);
    if (code === ProposeCode.accepted) expect(await answer({ payload: payloadOf(actions) })).toBe(code);
    else await expectRefusal({ payload: payloadOf(actions) }, code);
  });

  it('may have 1 024 cells and not one more', async () => {
    // Payload, title, meta and its text are four; the rest hangs on the body of an action.
    const of = (count: number) =>
      payloadOf(packActions([{ to: it_.members[2]!.address, value: 1n, body: cells(count), init: null }]));
    await expectRefusal({ payload: of(1_020) }, ProposeCode.tooLarge);
    expect(await answer({ payload: of(1_019) })).toBe(ProposeCode.accepted);
    expect((await proposalOf(it_, 1).getData()).payloadCell!.equals(of(1_019))).toBe(true);
  });

  it('has a title of 1 to 64 bytes in one cell', async () => {
    const bytes = (count: number) => beginCell().storeBuffer(Buffer.alloc(count, 65)).endCell();
    for (const title of [
      bytes(0),
      bytes(65),
      beginCell().storeUint(1, 7).endCell(),
      beginCell().storeUint(65, 8).storeRef(bytes(1)).endCell(),
      beginCell().storeUint(2, 8).storeBuffer(Buffer.alloc(32, 1)).endCell({ exotic: true }),
    ]) {
      await expectRefusal({ payload: payloadOf(null, title) }, ProposeCode.badTitle);
    }
    expect(await answer({ payload: payloadOf(null, packTitle('x'.repeat(64))) })).toBe(ProposeCode.accepted);
    expect(await answer({ payload: payloadOf(null, packTitle('x')), member: 1 })).toBe(ProposeCode.accepted);
  });

  it.each([
    ['has nothing', () => beginCell().endCell()],
    ['lacks its meta', () => beginCell().storeRef(packTitle('T')).storeBit(false).endCell()],
    ['has more bits', () => beginCell().storeSlice(payloadOf(null).beginParse()).storeBit(false).endCell()],
    ['is a library cell', () => beginCell().storeUint(2, 8).storeBuffer(Buffer.alloc(32, 1)).endCell({ exotic: true })],
  ])('is refused when its payload %s', (_, payload) => expectRefusal({ payload: payload() }, ProposeCode.badActions));

  it('is no proposal when its payload promises actions that are not there, or hides a cell behind them', async () => {
    const missing = beginCell().storeRef(packTitle('T')).storeRef(packTitle('M')).storeBit(true).endCell();
    const extra = beginCell().storeSlice(payloadOf(null).beginParse()).storeRef(packTitle('E')).endCell();
    for (const payload of [missing, extra]) {
      const before = await it_.dao.getData();
      await ask({ payload });
      const after = await it_.dao.getData();
      expect(after.open.size).toBe(before.open.size);
      expect(
        (
          await proposalOf(it_, before.nextId)
            .getData()
            .catch(() => null)
        )?.status ?? 0,
      ).toBe(ProposalStatus.none);
    }
  });

  it('brings the bond and the fees: a nanoTON less than the smallest value is refused, and loses nothing', async () => {
    let [refused, accepted] = [0n, 60n * TON];
    const fresh = it_.chain.snapshot();
    while (accepted - refused > 1n) {
      const value = (refused + accepted) / 2n;
      await it_.chain.loadFrom(fresh);
      await ask({ value });
      const { open } = await it_.dao.getData();
      if (open.size === 1) accepted = value;
      else refused = value;
    }
    await it_.chain.loadFrom(fresh);
    await expectRefusal({ value: refused }, ProposeCode.lowValue);
    expect(accepted).toBeGreaterThan(BOND);
    expect(accepted).toBeLessThan(BOND + TON / 2n);
  });

  it('keeps its terms when the parameters change, and so does its handing over', async () => {
    await ask({});
    const before = await stateHash(it_, proposalOf(it_, 1).address);
    const { paramsHash, params } = await it_.dao.getData();
    const body = daoBodies.daoSetParams({
      queryId: 1n,
      expectedHash: paramsHash,
      params: { ...params, votingPeriod: 3 * DAY, quorumNormalBps: 4_000, approvalNormalBps: 6_000, bond: 10n * TON },
    });
    const set = await deliver(asWorld(it_), { from: it_.vault, to: it_.dao.address, value: ENOUGH, body });
    expect(exitOf(set, it_.dao.address)).toBe(0);
    expect(await stateHash(it_, proposalOf(it_, 1).address)).toBe(before);
    expect(await answer({ member: 1 })).toBe(ProposeCode.accepted);
    expect(await proposalOf(it_, 2).getData()).toMatchObject({ quorum: 1_200n * TON, approvalBps: 6_000 });
  });

  it("that cannot be made comes back: its place is free and its bond is the member's again", async () => {
    // Somebody has, impossibly, made number 1 before.
    await ask({});
    const { open, nextId } = await it_.dao.getData();
    expect(nextId).toBe(2);
    await givenDao(it_, { nextId: 1, open: new Map() });
    const before = await balanceOf(asWorld(it_), it_.members[1]!.address);
    const live = await stateHash(it_, proposalOf(it_, 1).address);
    const result = await ask({ member: 1 });
    expect(exitOf(result, proposalOf(it_, 1).address)).toBe(ExitCode.proposalState);
    expect(txsOf(result, it_.dao.address).filter((tx) => isBounce(tx.inMessage!))).toHaveLength(1);
    expect((await it_.dao.getData()).open.size).toBe(0);
    expect(await stateHash(it_, proposalOf(it_, 1).address)).toBe(live);
    const gained = (await balanceOf(asWorld(it_), it_.members[1]!.address)) - before;
    expect(60n * TON - gained).toBeLessThan(TON / 20n);
    expect(open.size).toBe(1);
  });

  it('is refused, not accepted wrongly, when its times no longer fit in 32 bits; days would in 16', async () => {
    const before = await stateHash(it_, it_.dao.address);
    // Hard end and last moment lie 22 days ahead.
    goTo(it_, 2 ** 32 - 20 * DAY);
    expect(today()).toBeLessThan(2 ** 16);
    const late = await ask({});
    expect(exitOf(late, it_.dao.address)).toBe(ExitCode.tvmRange);
    expect(await stateHash(it_, it_.dao.address)).toBe(before);
  });
});
