jest.mock('@ton/crypto', () => jest.requireActual('../../support/native-hashing'));

import { type AccountStorage, beginCell, type Cell, loadShardAccount, storeShardAccount } from '@ton/core';
import { daoBodies, packVaultData, vaultBodies } from '../../../wrappers';
import { type Contract, DAY, stranger, TON } from './cast';
import { asLibrary } from './codes';
import { draftsFor } from './drafts';
import { comeToRest } from './endings';
import { check } from './invariants';
import { type Prepared, prepare } from './prepared';
import { drain, type Scene } from './scene';

/** Each check finds the harm that it is there for, done by hand to a scene that is in order. */

let prepared: Prepared;
let scene: Scene;

beforeAll(async () => {
  prepared = await prepare(asLibrary());
});

beforeEach(() => {
  scene = prepared.passing.fork();
});

/** A top-up, which changes nothing: but all is looked at. */
async function look(contract: Contract): Promise<void> {
  scene.post(stranger, contract, daoBodies.topUp({ queryId: 0n }), { says: 'looks' });
  await drain(scene, (delivery) => check(scene, delivery));
}

/** Changes what is at an address, in this scene alone: others were forked from the same. */
function change({ address }: Contract, what: (storage: AccountStorage) => void): void {
  const contract = scene.pool.contracts.get(address.toRawString())!;
  const shard = loadShardAccount(beginCell().store(storeShardAccount(contract.account)).endCell().beginParse());
  what(shard.account!.storage);
  contract.account = shard;
}

function takeCoins(from: Contract, coins: bigint): void {
  change(from, ({ balance }) => {
    balance.coins -= coins;
  });
  // Somebody has them: all coins together are as many as before.
  scene.pool.fees += coins;
}

function replaceData(at: Contract, data: Cell): void {
  change(at, ({ state }) => {
    if (state.type !== 'active') throw new Error('no code at this account');
    state.state.data = data;
  });
}

/** The Dao's data with another total. */
function withTotal(data: Cell, total: bigint): Cell {
  const s = data.beginParse();
  const head = beginCell().storeAddress(s.loadAddress()).storeUint(s.loadUint(16), 16).storeUint(s.loadUint(32), 32);
  s.loadCoins();
  return head.storeCoins(total).storeSlice(s).endCell();
}

test('a scene that is in order passes, at rest too', async () => {
  for (const contract of [scene.cast.stakes[0]!, scene.cast.dao, scene.cast.vault, scene.cast.proposal(4)]) {
    await look(contract);
  }
  await comeToRest(scene, (delivery) => check(scene, delivery));
});

test('a nanoTON too many is found (C3)', async () => {
  scene.pool.fees += 1n;
  await expect(look(scene.cast.dao)).rejects.toThrow(/^C3 1 nanoTON too many/);
});

test('a deposit that nobody made is found (C1)', async () => {
  scene.oracle.accounts[0]!.deposited += 1n;
  await expect(look(scene.cast.stakes[0]!)).rejects.toThrow(/^C1 /);
});

test('coins missing in a Stake are found (C2, I3)', async () => {
  takeCoins(scene.cast.stakes[0]!, TON / 2n);
  await expect(look(scene.cast.stakes[0]!)).rejects.toThrow(/^I3 ann's Stake holds/);
});

test('a bond that is not there is found (C4)', async () => {
  scene = prepared.voting.fork();
  takeCoins(scene.cast.proposal(1), 5n * TON);
  await expect(look(scene.cast.proposal(1))).rejects.toThrow(/^C4 /);
});

test('a total below the stake is found (C5, I2)', async () => {
  const data = scene.pool.dataOf(scene.cast.dao.address)!;
  replaceData(scene.cast.dao, withTotal(data, scene.dao().total - 1n));
  await expect(look(scene.cast.dao)).rejects.toThrow(/^I2 the Dao counts/);
});

test('votes that nobody cast are found (C6, I4)', async () => {
  scene.oracle.poll(4).counted.delete(0);
  await expect(look(scene.cast.proposal(4))).rejects.toThrow(/^I4 the tally says/);
});

test('at rest, a vote that its voter does not know of is found (C6, I4)', async () => {
  const { counted } = scene.oracle.poll(4);
  const [ann, ben] = [counted.get(0)!, counted.get(1)!];
  counted.set(0, ben).set(1, ann);
  await expect(comeToRest(scene, () => undefined)).rejects.toThrow(/^I4 Proposal 4 counts/);
});

test('at rest, stake that was lent and is not there is found (I4)', async () => {
  const { stakes } = scene.cast;
  const query = { queryId: 0n };
  const delegate = scene.proposal(4)!.proposer;
  scene.post(scene.proposal(1)!.proposer, stakes[0]!, daoBodies.stakeDelegate({ ...query, delegate }), {
    says: 'lends',
  });
  await drain(scene);
  replaceData(stakes[3]!, prepared.passing.pool.dataOf(stakes[3]!.address)!);
  await expect(comeToRest(scene, () => undefined)).rejects.toThrow(/^I4 dan's Stake votes with/);
});

test('units that count sooner than they may are found (V2, V5)', async () => {
  const { lots } = scene.oracle.accounts[0]!;
  lots.enter(lots.leave(TON) === 0 ? 0n : TON, 0, 30_000);
  await expect(look(scene.cast.stakes[0]!)).rejects.toThrow(/^V5 /);
});

test('terms that change are found (I8)', async () => {
  scene.oracle.poll(4).terms = 'others';
  await expect(look(scene.cast.proposal(4))).rejects.toThrow(/^I8 /);
});

describe('in the Vault', () => {
  const execute = (id: number, actions: Cell) => {
    const body = vaultBodies.vaultExecute({ queryId: 0n, id, actions });
    scene.post(stranger, scene.cast.vault, body, { says: 'executes' });
    return drain(scene, (delivery) => check(scene, delivery));
  };
  const operation = (id: number) => scene.watch.operations.get(id)!;

  beforeEach(() => {
    scene.pool.now = operation(3).eta;
  });

  test('what was voted on is executed in its time', async () => {
    await execute(3, draftsFor(scene.cast).payment.actions);
    expect(operation(3).state).toBe('done');
  });

  test.each([
    ['too soon', { eta: 2 ** 32 }, /^E1 .* too soon/],
    ['too late', { expires: 0 }, /^E1 .* after its time/],
    ['a second time', { state: 'done' as const }, /^E2 /],
    ['after a veto', { state: 'vetoed' as const }, /^E2 /],
    ['with other actions', { hash: 'others' }, /^E1 .* something else/],
  ])('an execution %s is found (E1, E2, I6)', async (_, change, found) => {
    Object.assign(operation(3), change);
    await expect(execute(3, draftsFor(scene.cast).payment.actions)).rejects.toThrow(found);
  });

  test('an execution that was never scheduled is found (E1, I6)', async () => {
    (scene.watch.operations as Map<number, unknown>).delete(3);
    await expect(execute(3, draftsFor(scene.cast).payment.actions)).rejects.toThrow(/^E1 .* never scheduled/);
  });

  test('coins that leave without an execution are found (I6)', async () => {
    scene.post(stranger, scene.cast.vault, daoBodies.topUp({ queryId: 0n }), { says: 'looks' });
    await expect(
      drain(scene, (delivery) => {
        scene.watch.record({ ...delivery, gain: -1n, rent: 0n }, scene);
        check(scene, delivery);
      }),
    ).rejects.toThrow(/^I6 the Vault loses 1 nanoTON/);
  });

  test('a Vault that obeys somebody else is found (I7)', async () => {
    const vault = scene.vault();
    replaceData(scene.cast.vault, packVaultData({ ...vault, governor: stranger }));
    await expect(look(scene.cast.vault)).rejects.toThrow(/^I7 the Vault obeys somebody else/);
  });

  test('a timelock that is shorter than it was is found (E9)', async () => {
    const vault = scene.vault();
    const kept = vault.operations.get(3)!;
    const operations = new Map(vault.operations).set(3, { ...kept, eta: kept.eta - DAY });
    replaceData(scene.cast.vault, packVaultData({ ...vault, operations }));
    await expect(look(scene.cast.vault)).rejects.toThrow(/^E9 /);
  });
});
