import { Address, beginCell, type StateInit } from '@ton/core';
import type { SandboxContract } from '@ton/sandbox';
import { CocoonStake, daoBodies, ExitCode, packStakeData } from '../../wrappers';
import { asWorld, createProposal, goTo, MEMBER_STAKE, PROPOSING } from '../support/dao-acts';
import { TON } from '../support/dao-world';
import { packBooks } from '../support/stake-acts';
import { exitCodeOf, txsOf } from '../support/trace';
import { codeOf, overwriteData, startEachTestFrom } from '../support/world';

/**
 * V9: a state init with fixed_prefix_length lets whoever deploys it choose the first bits of its address, 8 at most. So the true code
 * of a Stake, with the true Dao and member, can live at many addresses; only the one without a prefix is a Stake of the DAO.
 */

let it_: Awaited<ReturnType<typeof createProposal>>;
let double: SandboxContract<CocoonStake>;
startEachTestFrom(async () => {
  it_ = await createProposal();
  return asWorld(it_);
});
const member = () => it_.members[1]!;
const say = (body: ReturnType<typeof daoBodies.stakeSync>, value = 80n * TON) =>
  member().send({ to: double.address, value, body, bounce: true });

/** The member's Stake under a prefix of so many bits, all of them as in the true Stake's address. */
async function deployDouble(prefix: number): Promise<void> {
  const owner = member().address;
  const init: StateInit = {
    splitDepth: prefix,
    code: codeOf('stake'),
    data: packStakeData({ dao: it_.dao.address, owner }),
  };
  const cell = beginCell()
    .storeBit(true)
    .storeUint(prefix, 5)
    .storeBit(false)
    .storeMaybeRef(init.code)
    .storeMaybeRef(init.data)
    .storeBit(false)
    .endCell();
  const account = Buffer.from(cell.hash());
  const wanted = it_.stakes[1]!.address.hash;
  const mask = (0xff << (8 - prefix)) & 0xff;
  account[0] = (wanted[0]! & mask) | (account[0]! & ~mask & 0xff);
  double = it_.chain.openContract(CocoonStake.createFromAddress(new Address(0, account)));
  const body = daoBodies.topUp({ queryId: 1n });
  await member().send({ to: double.address, value: 2n * TON, body, init, bounce: false });
}

describe.each([1, 8])('a Stake under a prefix of %d bits', (prefix) => {
  beforeEach(() => deployDouble(prefix));

  it('comes to life, and the Dao takes no deposit of it', async () => {
    expect((await it_.chain.getContract(double.address)).accountState?.type).toBe('active');
    const result = await say(daoBodies.stakeDeposit({ queryId: 1n, amount: 5n * TON }));
    expect(exitCodeOf(txsOf(result, it_.dao.address)[0]!)).toBe(ExitCode.daoBadSender);
    expect(await double.getData()).toMatchObject({ own: 0n, refundable: 5n * TON });
    expect((await it_.dao.getData()).total).toBe(3n * MEMBER_STAKE);
  });

  it('neither votes, nor proposes, nor delegates, whatever its books say', async () => {
    const { epoch, startAt } = await it_.proposal.getData();
    const opts = { dao: it_.dao.address, owner: member().address };
    await overwriteData(asWorld(it_), double.address, packBooks(opts, { own: 900n * TON, labels: new Map() }));
    goTo(it_, startAt);
    const proposal = it_.proposal.address;
    const vote = await say(daoBodies.stakeVote({ queryId: 1n, proposal, epoch, yes: TON, no: 0n, abstain: 0n }));
    expect(exitCodeOf(txsOf(vote, proposal)[0]!)).toBe(ExitCode.daoBadSender);
    expect(await it_.proposal.getData()).toMatchObject({ yes: 0n, voters: 0 });

    const proposing = await say(daoBodies.stakePropose({ queryId: 1n, ...PROPOSING }));
    expect(exitCodeOf(txsOf(proposing, it_.dao.address)[0]!)).toBe(ExitCode.daoBadSender);
    expect((await it_.dao.getData()).nextId).toBe(2);

    const delegate = it_.members[2]!.address;
    const delegation = await say(daoBodies.stakeDelegate({ queryId: 1n, delegate }));
    expect(exitCodeOf(txsOf(delegation, it_.stakes[2]!.address)[0]!)).toBe(ExitCode.daoBadSender);
    expect((await it_.stakes[2]!.getData()).inn).toBe(0n);
  });
});

it('a prefix of more than 8 bits is none: the chain makes no such contract', async () => {
  const init = {
    splitDepth: 9,
    code: codeOf('stake'),
    data: packStakeData({ dao: it_.dao.address, owner: member().address }),
  };
  const cell = beginCell().storeBit(true).storeUint(9, 5).storeBit(false);
  const account = cell.storeMaybeRef(init.code).storeMaybeRef(init.data).storeBit(false).endCell().hash();
  const to = new Address(0, account);
  await member().send({ to, value: TON, init, body: daoBodies.topUp({ queryId: 1n }), bounce: false });
  expect((await it_.chain.getContract(to)).accountState?.type).not.toBe('active');
});
