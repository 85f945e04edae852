import { Address, beginCell, Cell } from '@ton/core';
import fc from 'fast-check';
import { address, bytes, cell, coins, u32, u64 } from '../../tests/support/arbitraries';
import { bodies, DEFAULT_DAO_PARAMS, DEFAULT_REGISTRAR_TERMS, DEFAULT_VAULT_LIMITS } from '../../wrappers';
import { daoBodies } from '../../wrappers/dao-messages';
import { registrarBodies } from '../../wrappers/registrar-messages';
import { vaultBodies } from '../../wrappers/vault-messages';
import { type ActionDefinition, ActionRegistry, decodeAction, encodeAction, networkActions } from './actions';
import { ActionFieldError, ActionFormatError, UnknownActionError } from './errors';
import type { FieldDefinition, FieldValue, FieldValues } from './fields';

const SIMPLE: Record<string, fc.Arbitrary<FieldValue>> = {
  uint8: fc.nat({ max: 0xff }),
  uint16: fc.nat({ max: 0xffff }),
  uint32: u32,
  uint64: u64,
  uint256: bytes(32),
  coins,
  bool: fc.boolean(),
  address,
  optionalAddress: fc.option(address, { nil: null }),
  cell,
  optionalCell: fc.option(cell, { nil: null }),
  proxyInfo: fc.string({
    maxLength: 40,
    unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
  }),
  expectedVersion: fc.option(u32, { nil: undefined }),
};

function valuesOf(fields: readonly FieldDefinition[]): fc.Arbitrary<FieldValues> {
  const arbitraries = fields.map(([name, type]): [string, fc.Arbitrary<FieldValue>] => {
    const struct = networkActions.structs[type.slice(1)];
    return [name, struct ? valuesOf(struct) : SIMPLE[type.replace('^', '')]!];
  });
  return fc.record<FieldValues>(Object.fromEntries(arbitraries)).map(withoutMissing);
}

function withoutMissing(values: FieldValues): FieldValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** Cells and addresses by what they are, not by how they were made. */
function comparable(value: FieldValue): unknown {
  if (value instanceof Cell) return value.hash().toString('hex');
  if (Address.isAddress(value)) return value.toRawString();
  if (Buffer.isBuffer(value) || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, comparable(inner)]));
}

describe('every operation of the registry', () => {
  test.each(networkActions.definitions.map((definition) => [definition.name, definition] as const))(
    '%s is read as it was written',
    (name, { op, target, fields }) => {
      fc.assert(
        fc.property(u64, valuesOf(fields), (queryId, values) => {
          const decoded = decodeAction(target, encodeAction(name, queryId, values));
          expect({ ...decoded, fields: null }).toEqual({ kind: 'known', name, op, target, queryId, fields: null });
          expect(comparable((decoded as { fields: FieldValues }).fields)).toEqual(comparable(values));
        }),
        { numRuns: 30 },
      );
    },
  );

  test('is a table without two of the same name, or of the same operation', () => {
    const { definitions, structs } = networkActions;
    expect(() => new ActionRegistry([...definitions, definitions[0]!], structs)).toThrow(ActionFieldError);
  });
});

test('bodies are those of the wrappers', () => {
  const hash = Buffer.alloc(32, 7);
  const code = beginCell().storeUint(1, 8).endCell();
  const somebody = new Address(0, Buffer.alloc(32, 9));
  const price = { pricePerToken: 20n, workerFeePerToken: 19n };
  const params = { ...DEFAULT_DAO_PARAMS, root: somebody };
  const { root, transferCap, activationStake, activationMembers, ...rest } = params;
  const scope = { root, transferCap, activationStake, activationMembers };
  const terms = { ...DEFAULT_REGISTRAR_TERMS };
  const pairs: [Cell, Cell][] = [
    [encodeAction('rootAddModelType', 5n, { hash }), bodies.rootAddModelType({ queryId: 5n, hash })],
    [
      encodeAction('rootUpdateProxy', 5n, { seqno: 3, info: 'a:1' }),
      bodies.rootUpdateProxy({ queryId: 5n, seqno: 3, endpoint: 'a:1' }),
    ],
    [encodeAction('rootChangePrice', 5n, price), bodies.rootChangePrice({ queryId: 5n, ...price })],
    [
      encodeAction('rootChangePrice', 5n, { ...price, expectedParamsVersion: 17 }),
      bodies.rootChangePrice({ queryId: 5n, ...price, expectedParamsVersion: 17 }),
    ],
    [
      encodeAction('rootUpgradeContracts', 5n, { proxyCode: code, workerCode: code, clientCode: code }),
      bodies.rootUpgradeContracts({ queryId: 5n, proxyCode: code, workerCode: code, clientCode: code }),
    ],
    [
      encodeAction('vaultSetLimits', 5n, { limits: { ...DEFAULT_VAULT_LIMITS } }),
      vaultBodies.vaultSetLimits({ queryId: 5n, limits: DEFAULT_VAULT_LIMITS }),
    ],
    [
      encodeAction('vaultSetGuardian', 5n, { guardian: null, until: 9 }),
      vaultBodies.vaultSetGuardian({ queryId: 5n, guardian: null, until: 9 }),
    ],
    [
      encodeAction('daoSetParams', 5n, { expectedHash: hash, params: { ...rest, scope } }),
      daoBodies.daoSetParams({ queryId: 5n, expectedHash: hash, params }),
    ],
    [
      encodeAction('daoUpgrade', 5n, { fromVersion: 2, code, data: null }),
      daoBodies.daoUpgrade({ queryId: 5n, fromVersion: 2, code }),
    ],
    [encodeAction('registrarSetTerms', 5n, { terms }), registrarBodies.registrarSetTerms({ queryId: 5n, terms })],
  ];
  for (const [ours, theirs] of pairs) expect(ours.toString()).toBe(theirs.toString());
});

describe('a body that is none', () => {
  const targets = ['root', 'vault', 'dao', 'registrar'] as const;

  test('never throws anything but an error that names the field', () => {
    const ops = fc.oneof(u32, fc.constantFrom(...networkActions.definitions.map(({ op }) => op)));
    fc.assert(
      fc.property(
        fc.constantFrom(...targets),
        ops,
        fc.nat({ max: 700 }),
        cell,
        fc.boolean(),
        (target, op, bits, rest, whole) => {
          const content = rest.bits.substring(0, Math.min(bits, rest.bits.length, 1_023 - 32));
          const builder = beginCell().storeBits(content);
          for (const ref of rest.refs) builder.storeRef(ref);
          const body = whole
            ? beginCell().storeUint(op, 32).storeSlice(builder.asSlice()).endCell()
            : builder.endCell();
          try {
            expect(['known', 'unknown', 'text', 'empty']).toContain(decodeAction(target, body).kind);
          } catch (error) {
            expect(error).toBeInstanceOf(ActionFormatError);
            expect((error as ActionFormatError).field).not.toBe('');
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  const hash = Buffer.alloc(32);
  const longer = beginCell()
    .storeSlice(encodeAction('rootAddModelType', 1n, { hash }).asSlice())
    .storeBit(true)
    .endCell();
  const shorter = beginCell().storeUint(0xc146134d, 32).storeUint(1, 64).storeUint(1, 8).endCell();
  const noQuery = beginCell().storeUint(0xc146134d, 32).endCell();
  test.each([
    ['that is too long', longer, '(end)'],
    ['that is too short', shorter, 'hash'],
    ['without a query id', noQuery, 'queryId'],
  ])('%s names where', (_, body, field) => {
    expect(() => decodeAction('root', body)).toThrow(expect.objectContaining({ code: 'ACTION_FORMAT', field }));
  });

  test('names a field of a struct by its path', () => {
    const limits = beginCell().storeUint(1, 32).endCell();
    const body = beginCell().storeUint(0x1b578306, 32).storeUint(0, 64).storeRef(limits).endCell();
    expect(() => decodeAction('vault', body)).toThrow(expect.objectContaining({ field: 'limits.delayCritical' }));
  });

  test('of an unknown operation comes back raw, with a warning', () => {
    const body = beginCell().storeUint(0xdeadbeef, 32).endCell();
    const raw = body.toBoc().toString('hex');
    expect(decodeAction('root', body)).toMatchObject({ kind: 'unknown', op: 0xdeadbeef, raw });
    const elsewhere = decodeAction('vault', encodeAction('rootReset', 0n, {}));
    expect(elsewhere).toMatchObject({
      warning: expect.stringContaining('rootReset is for the root, and this goes to vault'),
    });
  });

  test('can be a text, or nothing', () => {
    const text = beginCell().storeUint(0, 32).storeStringTail('thank you').endCell();
    expect(decodeAction('other', text)).toEqual({ kind: 'text', text: 'thank you' });
    expect(decodeAction('other', null)).toEqual({ kind: 'empty' });
    expect(decodeAction('other', Cell.EMPTY)).toEqual({ kind: 'empty' });
  });
});

describe('values', () => {
  test.each<[string, string, FieldValues, string]>([
    ['that are missing', 'rootUnregisterProxy', {}, 'seqno'],
    ['that nobody asked for', 'rootReset', { seqno: 1 }, 'seqno'],
    ['out of range', 'rootUnregisterProxy', { seqno: -1 }, 'seqno'],
    ['of another type', 'rootAddModelType', { hash: 'ab' }, 'hash'],
    ['inside a struct', 'vaultSetLimits', { limits: { ...DEFAULT_VAULT_LIMITS, grace: 1.5 } }, 'limits.grace'],
    ['that cannot be written', 'rootRegisterProxy', { info: 'x'.repeat(128) }, 'info'],
  ])('%s are refused by name', (_, name, values, field) => {
    expect(() => encodeAction(name, 0n, values)).toThrow(expect.objectContaining({ code: 'ACTION_FIELD', field }));
  });

  test('need an operation', () => {
    expect(() => encodeAction('rootFly', 0n, {})).toThrow(UnknownActionError);
    expect(() => encodeAction('rootReset', 1n << 64n, {})).toThrow(expect.objectContaining({ field: 'queryId' }));
  });
});

test('the registry takes operations of other contracts', () => {
  const jetton: ActionDefinition = {
    name: 'jettonTransfer',
    op: 0x0f8a7ea5,
    target: 'jetton wallet',
    fields: [
      ['amount', 'coins'],
      ['to', 'address'],
      ['detail', '^Detail'],
    ],
  };
  const registry = networkActions.with([jetton], { Detail: [['note', 'bits64']] });
  const to = new Address(0, Buffer.alloc(32, 1));
  const body = registry.encode('jettonTransfer', 1n, { amount: 5n, to, detail: { note: Buffer.alloc(8, 2) } });
  expect(registry.decode('jetton wallet', body)).toMatchObject({
    fields: { amount: 5n, detail: { note: Buffer.alloc(8, 2) } },
  });
  expect(networkActions.decode('jetton wallet', body).kind).toBe('unknown');
});
