import { Address, beginCell, type Cell } from '@ton/core';
import { daoBodies, ExitCode, Op, ProposalStatus, ProposeCode, vaultBodies } from '../../wrappers';
import {
  answerOf,
  asWorld,
  castBody,
  createProposal,
  ENOUGH,
  expectBounce,
  goTo,
  payloadOf,
  predeploy,
  split,
  vote,
} from '../support/dao-acts';
import { activate, createDaoWorld, type DaoWorld, proposalOf, propose, stakeOf, TON } from '../support/dao-world';
import { expectRejection } from '../support/rejection';
import { codeOf, startEachTestFrom } from '../support/world';

type Scene = Awaited<ReturnType<typeof createProposal>>;
/** Kinds of senders; each operation names those who may. */
type Who = 'vault' | 'dao' | 'proposal' | 'stake' | 'otherStake' | 'member' | 'stranger' | 'root' | 'nobody';

describe('who may tell what', () => {
  let it_: Scene;
  startEachTestFrom(async () => {
    it_ = await createProposal();
    return asWorld(it_);
  });
  const whos = (): Record<Who, Address> => ({
    vault: it_.vault.address,
    dao: it_.dao.address,
    proposal: it_.proposal.address,
    stake: it_.stakes[1]!.address,
    otherStake: it_.stakes[2]!.address,
    member: it_.members[1]!.address,
    stranger: new Address(0, Buffer.alloc(32, 7)),
    root: it_.root.address,
    nobody: new Address(-1, Buffer.alloc(32)),
  });
  const owner = () => it_.members[1]!.address;
  const amount = TON;

  const daoTable: [string, () => Cell, Who[], number][] = [
    [
      'dao_stake_add',
      () => daoBodies.daoStakeAdd({ queryId: 1n, amount, joins: true, owner: owner() }),
      ['stake'],
      ExitCode.daoBadSender,
    ],
    [
      'dao_stake_sub',
      () => daoBodies.daoStakeSub({ queryId: 1n, amount, leaves: false, owner: owner() }),
      ['stake'],
      ExitCode.daoBadSender,
    ],
    [
      'dao_propose',
      () => daoBodies.daoPropose({ queryId: 1n, weight: TON, epoch: 1, owner: owner(), payload: payloadOf(null) }),
      ['stake'],
      ExitCode.daoBadSender,
    ],
    [
      'proposal_passed',
      () => daoBodies.proposalPassed({ queryId: 1n, id: 1, klass: 0, actionsHash: Buffer.alloc(32) }),
      ['proposal'],
      ExitCode.unknownProposal,
    ],
    [
      'proposal_closed',
      () => daoBodies.proposalClosed({ queryId: 1n, id: 1, result: 2 }),
      ['proposal'],
      ExitCode.unknownProposal,
    ],
    [
      'proposal_passed of another number',
      () => daoBodies.proposalPassed({ queryId: 1n, id: 2, klass: 0, actionsHash: Buffer.alloc(32) }),
      [],
      ExitCode.unknownProposal,
    ],
    [
      'proposal_closed of another number',
      () => daoBodies.proposalClosed({ queryId: 1n, id: 2, result: 2 }),
      [],
      ExitCode.unknownProposal,
    ],
    [
      'dao_set_params',
      () => daoBodies.daoSetParams({ queryId: 1n, expectedHash: Buffer.alloc(32), params: it_.params }),
      ['vault'],
      ExitCode.notVault,
    ],
    [
      'dao_upgrade',
      () => daoBodies.daoUpgrade({ queryId: 1n, fromVersion: 1, code: codeOf('stake') }),
      ['vault'],
      ExitCode.notVault,
    ],
  ];
  it.each(daoTable)('the Dao takes %s only from whom it is for', async (_, body, allowed, code) => {
    for (const [who, from] of Object.entries(whos())) {
      if (allowed.includes(who as Who)) continue;
      await expectBounce(it_, { from, to: it_.dao.address, value: ENOUGH, body: body() }, code);
    }
  });

  const proposalTable: [string, () => Cell, Who[], number][] = [
    ['cast_vote', () => castBody(owner(), split(TON), { epoch: 1 }), ['stake'], ExitCode.daoBadSender],
    [
      'proposal_init',
      () => daoBodies.proposalInit({ queryId: 1n, terms: beginCell().endCell(), payload: payloadOf(null) }),
      ['dao'],
      ExitCode.daoBadSender,
    ],
    ['proposal_cancel', () => daoBodies.proposalCancel({ queryId: 1n }), [], ExitCode.notProposer],
    [
      'op_scheduled',
      () => vaultBodies.opScheduled({ queryId: 1n, id: 1, eta: 1, expires: 2 }),
      ['vault'],
      ExitCode.notVault,
    ],
    ['op_done', () => vaultBodies.opDone({ queryId: 1n, id: 1 }), ['vault'], ExitCode.notVault],
    ['op_vetoed', () => vaultBodies.opVetoed({ queryId: 1n, id: 1 }), ['vault'], ExitCode.notVault],
    [
      'schedule_failed',
      () => daoBodies.scheduleFailed({ queryId: 1n, id: 1, code: 0 }),
      ['dao'],
      ExitCode.daoBadSender,
    ],
  ];
  it.each(proposalTable)('a Proposal takes %s only from whom it is for', async (_, body, allowed, code) => {
    for (const [who, from] of Object.entries(whos())) {
      if (allowed.includes(who as Who)) continue;
      await expectBounce(it_, { from, to: it_.proposal.address, value: ENOUGH, body: body() }, code);
    }
  });

  it("no second proposal_init changes one that is made, not even the Dao's", async () => {
    const body = daoBodies.proposalInit({ queryId: 1n, terms: beginCell().endCell(), payload: payloadOf(null) });
    const attempt = { from: it_.dao.address, to: it_.proposal.address, value: ENOUGH, body };
    await expectBounce(it_, attempt, ExitCode.proposalState);
  });

  it('a Proposal that the Dao has not made takes nothing but coins', async () => {
    const unmade = proposalOf(it_, 9);
    await predeploy(it_, unmade);
    for (const body of [
      daoBodies.proposalFinalize({ queryId: 1n }),
      daoBodies.proposalCancel({ queryId: 1n }),
      daoBodies.proposalCleanup({ queryId: 1n }),
      vaultBodies.opScheduled({ queryId: 1n, id: 9, eta: 1, expires: 2 }),
      vaultBodies.opDone({ queryId: 1n, id: 9 }),
      vaultBodies.opVetoed({ queryId: 1n, id: 9 }),
    ]) {
      const attempt = { from: it_.vault, to: unmade.address, value: ENOUGH, body };
      await expectRejection(asWorld(it_), attempt, ExitCode.proposalState);
    }
  });

  const garbage: [string, () => Cell, number][] = [
    [
      'an unknown operation',
      () => beginCell().storeUint(0xdeadbeef, 32).storeUint(1, 64).endCell(),
      ExitCode.unknownOp,
    ],
    ['a text', () => beginCell().storeUint(0, 32).storeStringTail('hello').endCell(), ExitCode.unknownOp],
    ['nothing', () => beginCell().endCell(), 9],
    ['31 bits', () => beginCell().storeUint(1, 31).endCell(), 9],
    ['only references', () => beginCell().storeRef(beginCell()).storeRef(beginCell()).endCell(), 9],
  ];
  it.each(garbage)('Dao and Proposal return %s', async (_, body, code) => {
    for (const to of [it_.dao.address, it_.proposal.address]) {
      await expectRejection(asWorld(it_), { from: it_.members[2]!, to, value: ENOUGH, body: body() }, code);
    }
  });

  it.each([
    [
      'the Dao',
      [
        ...daoTable.map(([name, body]) => [name, body] as const),
        ['top_up', () => daoBodies.topUp({ queryId: 1n })],
        ['dao_activate', () => daoBodies.daoActivate({ queryId: 1n })],
      ] as const,
      'dao',
    ],
    [
      'a Proposal',
      [
        ...proposalTable.map(([name, body]) => [name, body] as const),
        ['top_up', () => daoBodies.topUp({ queryId: 1n })],
        ['finalize', () => daoBodies.proposalFinalize({ queryId: 1n })],
        ['cleanup', () => daoBodies.proposalCleanup({ queryId: 1n })],
      ] as const,
      'proposal',
    ],
  ] as const)('%s refuses every operation that is cut off or goes on', async (_, table, target) => {
    const senders = whos();
    for (const [name, make] of table) {
      // Another number is no proposal's: its sender is checked first, which the table above does.
      if (name.endsWith('number')) continue;
      const body = make();
      const cut = beginCell()
        .storeBits(body.bits.substring(0, body.bits.length - 1))
        .endCell();
      const longer = beginCell().storeSlice(body.beginParse()).storeBit(true).endCell();
      for (const wrong of [cut, longer]) {
        const allowed: Record<string, Who> = {
          cast_vote: 'stake',
          proposal_passed: 'proposal',
          proposal_closed: 'proposal',
        };
        const who: Who =
          allowed[name] ??
          ((name.startsWith('dao_s') && !name.endsWith('params')) || name === 'dao_propose'
            ? 'stake'
            : name.startsWith('op_') || name.startsWith('dao_')
              ? 'vault'
              : 'dao');
        const from = name === 'proposal_cancel' ? it_.members[0]!.address : senders[who];
        const code = ExitCode.tvmCellUnderflow;
        await expectBounce(it_, { from, to: it_[target].address, value: ENOUGH, body: wrong }, code);
      }
    }
  });
});

describe('somebody who deploys the contracts before the DAO does', () => {
  it('wins nothing: Dao, Stakes and Proposals work as if nobody had', async () => {
    const it_: DaoWorld = await createDaoWorld();
    for (const contract of [it_.dao, it_.stakes[0]!, proposalOf(it_, 1), proposalOf(it_, 2)])
      await predeploy(it_, contract);
    expect(await it_.dao.getData()).toMatchObject({ version: 1, total: 0n, active: false });
    await activate(it_, [1_000n * TON, 1_000n * TON, 1_000n * TON]);
    expect(answerOf(await propose(it_, 0), it_.stakes[0]!.address)).toBe(ProposeCode.accepted);
    const proposal = await proposalOf(it_, 1).getData();
    expect(proposal.status).toBe(ProposalStatus.live);
    goTo(it_, proposal.startAt);
    expect(await vote(it_, 0, { yes: 1_000n * TON })).toBe(0);
    // A vote cast at a Proposal before it is made finds nothing, and the member is free again.
    expect(stakeOf(it_.chain, it_.dao.address, it_.members[0]!.address).address.equals(it_.stakes[0]!.address)).toBe(
      true,
    );
  });
});

it('no operation of Dao and Proposal is without a row in these tables', () => {
  const known = Object.keys(Op).filter((name) => name.startsWith('dao') || name.startsWith('proposal'));
  expect(known.sort()).toEqual(
    [
      'daoActivate',
      'daoPropose',
      'daoSetParams',
      'daoStakeAdd',
      'daoStakeSub',
      'daoUpgrade',
      'proposalCancel',
      'proposalCleanup',
      'proposalClosed',
      'proposalFinalize',
      'proposalInit',
      'proposalPassed',
    ].sort(),
  );
});
