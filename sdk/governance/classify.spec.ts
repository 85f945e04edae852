import { Address, beginCell, Cell } from '@ton/core';
import { bodies, type DaoAction, DEFAULT_DAO_PARAMS, vaultBodies } from '../../wrappers';
import { networkActions } from './actions';
import { type ClassScope, classify, classifyAction, MOST_FOR_ROOT, NORMAL_ROOT_OPS } from './classify';

const person = (n: number) => new Address(0, Buffer.alloc(32, n));
const scope: ClassScope = { dao: person(1), vault: person(2), root: person(3), transferCap: 1_000n };
const hash = Buffer.alloc(32, 5);
const query = { queryId: 0n };

function action(to: Address, body: Cell | null = null, over: Partial<DaoAction> = {}): DaoAction {
  return { to, value: 0n, body, init: null, ...over };
}

const price = bodies.rootChangePrice({ ...query, pricePerToken: 20n, workerFeePerToken: 19n });

test.each<[string, DaoAction]>([
  ['a price', action(scope.root, price)],
  ['the coins that go with it', action(scope.root, price, { value: MOST_FOR_ROOT })],
  ['a model', action(scope.root, bodies.rootAddModelType({ ...query, hash }))],
  ['an image that goes', action(scope.root, bodies.rootDelWorkerType({ ...query, hash }))],
  ['a transfer', action(person(9), null, { value: 5n })],
  ['a transfer with an empty body', action(person(9), Cell.EMPTY, { value: 5n })],
])('%s is normal', (_, each) => {
  expect(classify([each], scope)).toMatchObject({ class: 'normal', actions: [{ class: 'normal' }] });
});

test.each<[string, DaoAction, string]>([
  ['a new image', action(scope.root, bodies.rootAddWorkerType({ ...query, hash })), 'rootAddWorkerType'],
  ['another owner', action(scope.root, bodies.rootChangeOwner({ ...query, newOwner: person(9) })), 'rootChangeOwner'],
  ['coins for the root', action(scope.root, price, { value: MOST_FOR_ROOT + 1n }), 'more than'],
  ['silence to the root', action(scope.root), 'says nothing'],
  [
    'a body that is too short',
    action(scope.root, beginCell().storeUint(0xc52ed8d4, 32).endCell()),
    'not one ordinary cell',
  ],
  [
    'a body with more behind it',
    action(scope.root, beginCell().storeSlice(price.asSlice()).storeRef(price).endCell()),
    'not one ordinary',
  ],
  ['an unknown operation', action(scope.root, beginCell().storeUint(1, 96).endCell()), '0x00000000'],
  ['the Dao', action(scope.dao), 'Dao'],
  ['the Vault', action(scope.vault, vaultBodies.vaultClaimGovernor(query)), 'Vault'],
  ['a state init', action(person(9), null, { init: { code: price, data: price } }), 'deploys'],
  ['words to a stranger', action(person(9), price), 'says something'],
])('%s makes it critical, and it says why', (_, each, why) => {
  const { class: cls, reason, actions } = classify([action(person(9)), each], scope);
  expect([cls, actions[0]!.class, actions[1]!.class]).toEqual(['critical', 'normal', 'critical']);
  expect(reason).toContain(why);
});

test('transfers count together', () => {
  const pay = (value: bigint) => action(person(9), null, { value });
  expect(classify([pay(400n), pay(600n)], scope).class).toBe('normal');
  expect(classify([pay(400n), pay(601n)], scope)).toMatchObject({
    class: 'critical',
    reason: expect.stringContaining('1001'),
  });
  expect(classify([pay(1_000n), action(scope.root, price, { value: 5n })], scope).class).toBe('normal');
});

test('only operations of the root are on the list, and none that lets in, pays or changes what runs', () => {
  const names = networkActions.definitions
    .filter(({ op }) => NORMAL_ROOT_OPS.has(op))
    .map(({ name, target }) => `${target} ${name}`);
  expect(names).toHaveLength(NORMAL_ROOT_OPS.size);
  for (const name of names) {
    expect(name).toMatch(/^root root(Del\w+|AddModelType|(Register|Unregister|Update)Proxy|ChangePrice)$/);
  }
  for (const { op, target } of networkActions.definitions) {
    if (target !== 'root' || NORMAL_ROOT_OPS.has(op)) continue;
    const body = beginCell().storeUint(op, 32).storeUint(0, 64).endCell();
    expect(classifyAction(action(scope.root, body), scope).class).toBe('critical');
  }
  expect(DEFAULT_DAO_PARAMS.transferCap).toBeGreaterThan(0n);
});
