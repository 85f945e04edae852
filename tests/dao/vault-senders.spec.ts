import { beginCell, type Cell, toNano } from '@ton/core';
import { internal } from '@ton/sandbox';
import { bodies, DEFAULT_VAULT_LIMITS, ExitCode, Op, reasonCell, vaultBodies } from '../../wrappers';
import { withTrailingBit, withTrailingRef } from '../support/bodies';
import { deliver, expectRejection } from '../support/rejection';
import {
  actsOf,
  createVaultWorld,
  DAY,
  exitsOf,
  logsOf,
  payments,
  removals,
  scheduleBody,
  VALUE,
  type VaultRole,
  type VaultWorld,
} from '../support/vault-world';
import { balanceOf, dataOf, startEachTestFrom } from '../support/world';

/** Everything that the Vault takes, from everybody who may not send it (A1). */

let it: VaultWorld;

startEachTestFrom(async () => {
  it = await createVaultWorld();
  await actsOf(it).schedule(7, payments(it.people.payee.address, 1));
  return it.world;
});

interface Request {
  body: () => Cell;
  /** undefined: the Vault itself */
  by?: VaultRole;
  code: number;
}

const queryId = 1n;
const address = () => it.people.payee.address;

const requests: Record<string, Request> = {
  schedule: { body: () => scheduleBody(it, 8, payments(address(), 1)), by: 'governor', code: ExitCode.notGovernor },
  veto: {
    body: () => vaultBodies.vaultVeto({ queryId, id: 7, reason: reasonCell('no') }),
    by: 'guardian',
    code: ExitCode.notGuardian,
  },
  pause: { body: () => vaultBodies.vaultPause({ queryId, seconds: 5 }), by: 'guardian', code: ExitCode.notGuardian },
  revoke: {
    body: () => vaultBodies.vaultRevoke({ queryId, body: removals.model }),
    by: 'guardian',
    code: ExitCode.notGuardian,
  },
  registry: {
    body: () => vaultBodies.vaultRegistry({ queryId, body: removals.listing }),
    by: 'registrar',
    code: ExitCode.notRegistrar,
  },
  'set governor': {
    body: () => vaultBodies.vaultSetGovernor({ queryId, governor: address() }),
    code: ExitCode.notSelf,
  },
  'set guardian': {
    body: () => vaultBodies.vaultSetGuardian({ queryId, guardian: address(), until: 5 }),
    code: ExitCode.notSelf,
  },
  'set limits': {
    body: () => vaultBodies.vaultSetLimits({ queryId, limits: { ...DEFAULT_VAULT_LIMITS, grace: 9 * DAY } }),
    code: ExitCode.notSelf,
  },
  'set network': {
    body: () => vaultBodies.vaultSetNetwork({ queryId, root: address(), registrar: address() }),
    code: ExitCode.notSelf,
  },
};

const roles: VaultRole[] = ['governor', 'guardian', 'registrar', 'proposal', 'executor', 'deployer'];

describe.each(Object.entries(requests))('%s', (_, { body, by, code }) => {
  test.each(roles.filter((role) => role !== by))('is refused from the %s', async (role) => {
    const attempt = { from: it.people[role], to: it.vault.address, value: VALUE, body: body() };
    await expectRejection(it.world, attempt, code);
  });

  test.each(['stranger', 'rootOwner', 'proxyOwner'] as const)('is refused from the %s', async (role) => {
    const attempt = { from: it.world.actors[role], to: it.vault.address, value: VALUE, body: body() };
    await expectRejection(it.world, attempt, code);
  });

  test.each([['the root', () => it.root.address]])('is refused from %s', async (__, from) => {
    await expectRejection(it.world, { from: from(), to: it.vault.address, value: VALUE, body: body() }, code);
  });

  test('is taken from who may', async () => {
    const before = await dataOf(it.world, it.vault.address);
    const from = by === undefined ? it.vault.address : it.people[by];
    const result = await deliver(it.world, { from, to: it.vault.address, value: VALUE, body: body() });
    expect(logsOf(it, result).filter((log) => log?.kind !== 'veto')).toEqual([]);
    // Passing on for the registrar is the one request that leaves no trace.
    expect((await dataOf(it.world, it.vault.address)).equals(before)).toBe(by === 'registrar');
  });

  test.each([
    ['a bit', withTrailingBit],
    ['a reference', withTrailingRef],
  ])('is refused with %s more', async (__, spoil) => {
    const from = by === undefined ? it.vault.address : it.people[by];
    const attempt = { from, to: it.vault.address, value: VALUE, body: spoil(body()) };
    if (by === undefined) {
      const before = await dataOf(it.world, it.vault.address);
      await deliver(it.world, attempt);
      expect((await dataOf(it.world, it.vault.address)).equals(before)).toBe(true);
    } else {
      await expectRejection(it.world, attempt, ExitCode.tvmCellUnderflow);
    }
  });
});

describe('answers that the Vault gives others', () => {
  test.each([
    ['opDone', () => vaultBodies.opDone({ queryId, id: 7 })],
    ['opVetoed', () => vaultBodies.opVetoed({ queryId, id: 7 })],
    ['opScheduled', () => vaultBodies.opScheduled({ queryId, id: 7, eta: 1, expires: 2 })],
    ['registryFailed', () => vaultBodies.registryFailed({ queryId, seqno: 1_000_001, listing: true })],
    ['registryRevoked', () => vaultBodies.registryRevoked({ queryId, seqno: 1_000_001 })],
    ['a payout', () => bodies.payout({ queryId })],
    ['a text', () => beginCell().storeUint(0, 32).storeStringTail('hello').endCell()],
  ])('are not taken from anybody: %s', async (_, body) => {
    const attempt = { from: it.people.executor, to: it.vault.address, value: VALUE, body: body() };
    await expectRejection(it.world, attempt, ExitCode.unknownOp);
  });
});

test.each([
  ['empty', () => beginCell().endCell()],
  ['short', () => beginCell().storeUint(1, 20).endCell()],
  [
    'of a listing',
    () => beginCell().storeUint(Op.rootPutProxy, 32).storeUint(5, 64).storeUint(1_000_001, 32).endCell(),
  ],
  ['of an answer', () => vaultBodies.opDone({ queryId, id: 7 })],
  ['with an empty body in full', () => beginCell().storeRef(beginCell()).endCell()],
  ['with a short body in full', () => beginCell().storeRef(beginCell().storeUint(1, 40)).endCell()],
])('a bounce %s, from whomever, changes nothing and keeps its coins', async (_, rest) => {
  const before = await dataOf(it.world, it.vault.address);
  for (const from of [it.root.address, it.people.registrar.address, it.people.proposal.address, it.vault.address]) {
    const body = beginCell().storeUint(0xffffffff, 32).storeSlice(rest().beginParse()).endCell();
    const message = internal({ from, to: it.vault.address, value: VALUE, body, bounced: true });
    const balance = await balanceOf(it.world, it.vault.address);
    const result = await it.world.chain.sendMessage(message);
    expect(exitsOf(it, result)).toEqual([0]);
    expect(logsOf(it, result)).toMatchObject([{ kind: 'actionBounced' }]);
    expect(await balanceOf(it.world, it.vault.address)).toBeGreaterThan(balance + VALUE - toNano('0.002'));
  }
  expect((await dataOf(it.world, it.vault.address)).equals(before)).toBe(true);
});
