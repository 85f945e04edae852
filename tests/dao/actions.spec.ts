import { Address, beginCell, toNano } from '@ton/core';
import fc from 'fast-check';
import {
  actionOf,
  actionQueryId,
  actionsHash,
  bodies,
  CellFormatError,
  CocoonVault,
  type DaoAction,
  InvalidFieldError,
  MOST_ACTIONS,
  packActions,
  parseActions,
  parseVaultLog,
  reasonCell,
  vaultBodies,
} from '../../wrappers';

/** What a proposal asks for, as cells and back. */

const to = new Address(0, Buffer.alloc(32, 1));
const simple: DaoAction = { to, value: 5n, body: null, init: null };

const action = fc.record({
  to: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((hash) => new Address(0, Buffer.from(hash))),
  value: fc.bigInt({ min: 0n, max: (1n << 120n) - 1n }),
  body: fc.option(fc.nat().map((number) => beginCell().storeUint(number, 32).endCell())),
  init: fc.option(
    fc.nat().map((number) => ({ code: beginCell().storeUint(number, 32).endCell(), data: beginCell().endCell() })),
  ),
});

test('a list is read as it was written', () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 1, maxLength: MOST_ACTIONS }), (actions) => {
      const cell = packActions(actions);
      expect(packActions(parseActions(cell)).equals(cell)).toBe(true);
      expect(parseActions(cell)).toHaveLength(actions.length);
      expect(actionsHash(actions).equals(cell.hash())).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('a single action lies in its cell as the TL-B says', () => {
  const cell = beginCell().storeAddress(to).storeCoins(5n).storeUint(0, 3).endCell();
  expect(packActions([simple]).equals(cell)).toBe(true);
});

test('neither none nor eleven actions are a list', () => {
  expect(() => packActions([])).toThrow(InvalidFieldError);
  expect(() => packActions(Array(11).fill(simple) as DaoAction[])).toThrow(InvalidFieldError);
  const ten = packActions(Array(10).fill(simple) as DaoAction[]);
  const eleven = beginCell().storeAddress(to).storeCoins(5n).storeUint(0, 2).storeMaybeRef(ten).endCell();
  expect(() => parseActions(eleven)).toThrow(CellFormatError);
});

test('what is no list is not read as one', () => {
  expect(() => parseActions(beginCell().endCell())).toThrow(CellFormatError);
  const longer = beginCell()
    .storeSlice(packActions([simple]).beginParse())
    .storeBit(true)
    .endCell();
  expect(() => parseActions(longer)).toThrow('list of actions');
});

test('a value that coins cannot say is refused', () => {
  expect(() => packActions([{ ...simple, value: -1n }])).toThrow('value');
  expect(() => packActions([{ ...simple, value: 1n << 120n }])).toThrow('value');
});

test('what builders make is an action', () => {
  const message = CocoonVault.buildClaimGovernor(to, { value: toNano('1') });
  expect(actionOf(message)).toEqual({ to, value: toNano('1'), body: message.body, init: null });
  expect(actionOf({ to, value: 1n, body: beginCell().endCell() }).body).toBeNull();
  const init = { code: beginCell().endCell(), data: beginCell().endCell() };
  expect(actionOf({ to, value: 1n, body: message.body, init }).init).toBe(init);
});

test("an action's number holds the salt and its place", () => {
  expect(actionQueryId(0x1234n, 9)).toBe(0x123409n);
  expect(() => actionQueryId(1n << 56n, 0)).toThrow(InvalidFieldError);
  expect(() => actionQueryId(-1n, 0)).toThrow(InvalidFieldError);
  expect(() => actionQueryId(0n, 10)).toThrow(InvalidFieldError);
});

test('logs are read, and nothing else as one', () => {
  expect(parseVaultLog(bodies.payout({ queryId: 1n }))).toBeNull();
  expect(parseVaultLog(beginCell().endCell())).toBeNull();
  const bounced = beginCell().storeUint(0xc83b9b5f, 32).storeUint(5, 64).storeUint(6, 32);
  expect(parseVaultLog(bounced.endCell())).toEqual({ kind: 'actionBounced', queryId: 5n, op: 6 });
  expect(() => parseVaultLog(bounced.storeBit(true).endCell())).toThrow(CellFormatError);
  const veto = beginCell().storeUint(0xe256b129, 32).storeUint(5, 64).storeUint(6, 32);
  expect(parseVaultLog(veto.storeRef(reasonCell('why')).endCell())).toMatchObject({ kind: 'veto', reason: 'why' });
});

test('fields that do not fit are refused by name', () => {
  const hash = Buffer.alloc(31);
  const terms = { queryId: 1n, id: 1, class: 0, actionsHash: hash, proposal: to };
  expect(() => vaultBodies.vaultSchedule(terms)).toThrow('actionsHash');
  const limits = { delayNormal: 1, delayCritical: 1, grace: 1, exitDelay: 1, spendCapBps: 65_536 };
  expect(() => vaultBodies.vaultSetLimits({ queryId: 1n, limits })).toThrow('spendCapBps');
});
