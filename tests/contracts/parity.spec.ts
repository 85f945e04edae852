import { Address, beginCell, type Message, toNano } from '@ton/core';
import fc from 'fast-check';
import type { ContractName } from '../../sdk/generated/code';
import {
  bodies,
  clientStateInit,
  exitCodeName,
  Op,
  packClientData,
  packProxyData,
  packRootData,
  packWalletData,
  packWorkerData,
  stateInitAddress,
  walletExternal,
  workerStateInit,
} from '../../wrappers';
import * as any from '../support/arbitraries';
import { hashOf } from '../support/keys';
import { type Outcome, run } from '../support/lanes';
import {
  amount,
  type Case,
  cases,
  excessesTo,
  mostlyGood,
  near,
  owner,
  params,
  queryId,
  self,
  stranger,
  vouchers,
} from '../support/parity-cases';
import { intended, withModesOfOurs } from '../support/parity-differences';
import { expectedOf, MALFORMED } from '../support/parity-differences-money';
import { createWorld, proxyKey, START, strangerKey, type World, walletKey } from '../support/world';

/**
 * Random states and messages, well-formed and damaged, against the code cells that are live on mainnet: exit code, data,
 * reserves and messages must be the same. Every difference that is meant stands in support/parity-differences (root, wallet)
 * or support/parity-differences-money (client, proxy, worker).
 */

/** More with PARITY_RUNS=2000, after changes of a contract. */
const RUNS = { numRuns: Number(process.env.PARITY_RUNS ?? 60), seed: 7 };

let world: World;
beforeAll(async () => {
  world = await createWorld();
});

/** What ours has to do where the live code does `live`, and whether that is one of the rarer differences. */
function expected(name: ContractName, scenario: Case, ours: Outcome, live: Outcome): [Outcome, boolean] {
  if (name !== 'root' && name !== 'wallet') {
    const { outcome, why } = expectedOf({ name, address: self, ...scenario, live, ours });
    return [outcome, why.includes(MALFORMED)];
  }
  const difference = intended(name, scenario, ours, live);
  return [difference ?? withModesOfOurs(name, scenario, live), difference !== null];
}

async function sameAsLive(name: ContractName, scenarios: fc.Arbitrary<Case>): Promise<void> {
  const seen = new Map<string, number>();
  let meant = 0;
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      const live = await run(world, name, 'live', { address: self, ...scenario });
      const ours = await run(world, name, 'ours', { address: self, ...scenario });
      const kind = String(live.exitCode === undefined ? 'skipped' : (exitCodeName(live.exitCode) ?? live.exitCode));
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      const [outcome, isDifference] = expected(name, scenario, ours, live);
      if (isDifference) meant += 1;
      expect(ours).toEqual(outcome);
    }),
    RUNS,
  );
  // Successes and refusals must both be there, or the comparison says little.
  expect(seen.get('0') ?? 0).toBeGreaterThan(RUNS.numRuns / 10);
  expect(seen.size).toBeGreaterThan(3);
  expect(meant).toBeLessThan(RUNS.numRuns / 5);
}

const times = fc.constantFrom(0, START - 1, START, START + 1, START + 1_000);

test('worker', async () => {
  const data = fc
    .record({ state: fc.constantFrom(0, 0, 0, 2), tokens: fc.constantFrom(0n, 1_000n) })
    .map(({ state, tokens }) => {
      const identity = { owner, proxy: stranger, publicKey: proxyKey.publicKey, params };
      return packWorkerData({ ...identity, tokens, state: state === 2 ? 2 : 0, reopened: false });
    });
  const tokens = fc.oneof(near(1_000n), any.u64);
  const ops = ['extWorkerPayoutRequestSigned', 'extWorkerLastPayoutRequestSigned'] as const;
  const register = queryId.map((id) => bodies.ownerWorkerRegister({ queryId: id, excessesTo }));
  const body = fc.oneof({ weight: 3, arbitrary: vouchers(ops, tokens, self) }, register);
  await sameAsLive('worker', cases(data, body, { balances: [toNano('0.11'), toNano('30')] }));
});

test('client', async () => {
  const data = fc
    .record({ state: any.state, balance: near(toNano('15')), tokensUsed: fc.constantFrom(0n, 1_000n), unlockTs: times })
    .map(({ state, balance, ...rest }) => {
      const identity = { owner, proxy: stranger, publicKey: proxyKey.publicKey, params, secretHash: hashOf('secret') };
      const more = { reopened: false, debt: 0n };
      // A closed client has no escrow: no message leads to one that has.
      return packClientData({
        ...identity,
        ...more,
        ...rest,
        state,
        balance: state === 2 ? 0n : balance,
        stake: toNano('15'),
      });
    });
  const tokens = fc.oneof(near(1_000n), any.u64);
  const ops = ['extClientChargeSigned', 'extClientGrantRefundSigned'] as const;
  const base = fc.record({ queryId, amount, secretHash: any.bytes(32), nonce: any.u64, newStake: near(toNano('15')) });
  const body = fc.oneof(
    { weight: 3, arbitrary: vouchers(ops, tokens, self) },
    base.map((opts) => bodies.extClientTopUp({ ...opts, excessesTo })),
    base.map((opts) => bodies.ownerClientChangeSecretHashAndTopUp({ ...opts, excessesTo })),
    base.map((opts) => bodies.ownerClientRegister({ ...opts, excessesTo })),
    base.map((opts) => bodies.ownerClientChangeSecretHash({ ...opts, excessesTo })),
    base.map((opts) => bodies.ownerClientIncreaseStake({ ...opts, excessesTo })),
    base.map((opts) => bodies.ownerClientWithdraw({ ...opts, excessesTo })),
    base.map((opts) => bodies.ownerClientRequestRefund({ ...opts, excessesTo })),
  );
  await sameAsLive('client', cases(data, body));
});

describe('proxy', () => {
  const coins = fc.constantFrom(0n, toNano('2'), toNano('15'));
  const data = fc.record({ state: any.state, balance: coins, stake: coins, unlockTs: times }).map((fields) => {
    const identity = { owner, publicKey: proxyKey.publicKey, root: stranger, params };
    // A closed proxy has neither revenue nor stake: no message leads to one that has.
    const closed = fields.state === 2 ? { balance: 0n, stake: 0n, unlockTs: 0 } : {};
    return packProxyData({ ...fields, ...closed, ...identity, earned: 0n, clients: null });
  });
  const identity = { owner, proxy: self, publicKey: proxyKey.publicKey, params };
  const clientAccount = stateInitAddress(clientStateInit(identity));
  const workerAccount = stateInitAddress(workerStateInit(identity));

  test('operations of people', async () => {
    const base = fc.record({ queryId, amount, excessesTo: fc.constant(excessesTo) });
    const body = fc.oneof(
      vouchers(['extProxyCloseRequestSigned', 'extProxyCloseCompleteRequestSigned'], undefined, self),
      base.map(bodies.extProxyPayoutRequest),
      base.map(bodies.extProxyIncreaseStake),
      base.map(bodies.ownerProxyClose),
      fc.constantFrom(bodies.text('c'), bodies.text('w')),
    );
    await sameAsLive('proxy', cases(data, body));
  });

  test('requests of clients', async () => {
    const claim = fc.record({ amount: fc.constantFrom(0n, toNano('2'), toNano('20'), toNano('50')) });
    const payload = fc.oneof(
      claim.map((opts) => bodies.clientProxyTopUp({ ...opts, excessesTo })),
      claim.map((opts) => bodies.clientProxyRefundGranted({ ...opts, excessesTo })),
      claim.map((opts) => bodies.clientProxyRefundForce({ ...opts, excessesTo })),
      any.u64.map((nonce) => bodies.clientProxyRegister({ nonce })),
      fc.constant(null),
    );
    const body = fc
      .record({ queryId, snapshot: any.clientData, payload, owner: fc.constantFrom(owner, owner, owner, stranger) })
      .map((request) => bodies.clientProxyRequest(request));
    const from = fc.constantFrom(clientAccount, clientAccount, clientAccount, workerAccount, owner);
    await sameAsLive('proxy', cases(data, body, { senders: from }));
  });

  test('requests of workers', async () => {
    const part = fc.constantFrom(0n, toNano('1'), toNano('19'), toNano('50'));
    const payout = fc.record({ workerPart: part, proxyPart: part, excessesTo: fc.constant(excessesTo) });
    const payload = fc.oneof({ weight: 5, arbitrary: payout.map(bodies.workerProxyPayoutRequest) }, fc.constant(null));
    const body = fc
      .record({
        queryId,
        state: any.state,
        tokens: any.u64,
        payload,
        owner: fc.constantFrom(owner, owner, owner, stranger),
      })
      .map((request) => bodies.workerProxyRequest(request));
    const from = fc.constantFrom(workerAccount, workerAccount, workerAccount, clientAccount, owner);
    await sameAsLive('proxy', cases(data, body, { senders: from }));
  });
});

test('root', async () => {
  const data = any.rootData.map((random) => packRootData({ ...random, owner, keyManager: null }));
  const known = fc.record({
    queryId,
    hash: any.bytes(32),
    seqno: any.u32,
    endpoint: fc.constantFrom('', '10.0.0.1:1'),
  });
  const terms = fc.record({
    queryId,
    pricePerToken: any.coins,
    workerFeePerToken: any.coins,
    proxyDelayBeforeClose: any.u32,
    clientDelayBeforeClose: any.u32,
    minProxyStake: any.coins,
    minClientStake: any.coins,
  });
  const soundTerms = terms.map((random) => {
    const { pricePerToken: a, workerFeePerToken: b, proxyDelayBeforeClose: c, clientDelayBeforeClose: d } = random;
    const delays = { proxyDelayBeforeClose: Math.max(c, d), clientDelayBeforeClose: Math.min(c, d) };
    return { ...random, ...delays, pricePerToken: a > b ? a : b, workerFeePerToken: a > b ? b : a };
  });
  const mostlySound = fc.oneof({ weight: 7, arbitrary: soundTerms }, terms);
  const otherOwner = fc.oneof(
    { weight: 7, arbitrary: any.address },
    fc.constantFrom(-1, 1, 5).map((workchain) => new Address(workchain, hashOf('owner'))),
    fc.constant(null),
  );
  const codes = fc.record({ queryId, proxyCode: any.cell, workerCode: any.cell, clientCode: any.cell });
  const body = fc.oneof(
    ...[bodies.rootAddWorkerType, bodies.rootDelWorkerType, bodies.rootAddModelType].map((build) => known.map(build)),
    ...[bodies.rootDelModelType, bodies.rootAddProxyType, bodies.rootDelProxyType].map((build) => known.map(build)),
    known.map(bodies.rootRegisterProxy),
    known.map(bodies.rootUnregisterProxy),
    known.map(bodies.rootUpdateProxy),
    mostlySound.map(bodies.rootChangePrice),
    mostlySound.map(bodies.rootChangeParams),
    codes.map(bodies.rootUpgradeContracts),
    fc.record({ queryId, code: any.cell }).map(bodies.rootUpgrade),
    fc.record({ queryId, code: any.cell, data: any.cell }).map(bodies.rootUpgradeFull),
    known.map(bodies.rootReset),
    otherOwner.map((to) => beginCell().storeUint(Op.rootChangeOwner, 32).storeUint(7, 64).storeAddress(to).endCell()),
  );
  await sameAsLive('root', cases(data, body));
});

describe('wallet', () => {
  const status = fc.constantFrom(0, 0, 0, 1, 2, 3);
  const data = status.map((bits) =>
    packWalletData({ seqno: 5, subwallet: 0, publicKey: walletKey.publicKey, status: bits, owner }),
  );
  const inner = any.cell.map((body) =>
    beginCell()
      .storeUint(0x10, 6)
      .storeAddress(stranger)
      .storeCoins(toNano('0.1'))
      .storeUint(0, 106)
      .storeBit(true)
      .storeRef(body)
      .endCell(),
  );

  test('messages of people', async () => {
    const send = fc.record({ queryId, mode: fc.constantFrom(0, 1, 3, 64), message: inner });
    const texts = fc.constantFrom(bodies.text('w'), bodies.text('b'), bodies.text('u'));
    const body = fc.oneof(send.map(bodies.ownerWalletSendMessage), texts);
    await sameAsLive('wallet', cases(data, body, { balances: [toNano('1'), toNano('30')] }));
  });

  test('messages of the key', async () => {
    const rarely = fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, fc.constant(true));
    const common = fc.record({ mode: fc.constantFrom(0, 1, 3, 65), message: inner });
    // To a workchain that does not exist; in a mode that does not exist.
    const nowhere = beginCell()
      .storeUint(0x10, 6)
      .storeAddress(new Address(5, hashOf('nobody')))
      .storeCoins(1n);
    const hopeless = fc.record({
      mode: fc.constantFrom(0, 1, 3),
      message: fc.constant(nowhere.storeUint(0, 107).endCell()),
    });
    const moded = fc.record({ mode: fc.constantFrom(4, 8, 192), message: inner });
    const part = fc.oneof({ weight: 14, arbitrary: common }, hopeless, moded);
    const batch = fc.array(part, { maxLength: 4 });
    const good = fc
      .record({ otherSeqno: rarely, otherSubwallet: rarely, otherKey: rarely, late: rarely, messages: batch })
      .map(({ otherSeqno, otherSubwallet, otherKey, late, messages }) =>
        walletExternal({
          seqno: otherSeqno ? 6 : 5,
          subwallet: otherSubwallet ? 1 : 0,
          validUntil: late ? START : START + 1,
          messages,
          sign: (otherKey ? strangerKey : walletKey).sign,
        }),
      );
    const balances = fc.constantFrom(toNano('1'), toNano('2'), toNano('2.1'), toNano('30'), toNano('30'));
    const scenarios = fc.record({ data, balance: balances, body: mostlyGood(good) }).map(({ data, balance, body }) => {
      const message: Message = { info: { type: 'external-in', dest: self, importFee: 0n }, body };
      return { data, balance, message };
    });
    await sameAsLive('wallet', scenarios);
  });
});
