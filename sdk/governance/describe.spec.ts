import { createHash } from 'node:crypto';
import { Address, beginCell, type Cell } from '@ton/core';
import {
  actionQueryId,
  bodies,
  type CocoonParams,
  type DaoAction,
  DEFAULT_DAO_PARAMS,
  DEFAULT_VAULT_LIMITS,
  packActions,
  type RootData,
} from '../../wrappers';
import { MAINNET_TERMS } from '../networks';
import { encodeAction } from './actions';
import { type DescribeInput, describeActions, describeProposal } from './describe';

const person = (n: number) => new Address(0, Buffer.alloc(32, n));
const scope = { dao: person(1), vault: person(2), root: person(3), transferCap: 10n ** 12n };
const registrar = person(4);
const hash = (n: number) => Buffer.alloc(32, n);

const params = {
  ...MAINNET_TERMS,
  structVersion: 4,
  paramsVersion: 17,
  isTest: false,
  proxyCode: null,
  workerCode: null,
  clientCode: null,
};
const root: RootData = {
  owner: scope.vault,
  version: 87,
  proxyHashes: new Set([hash(7).toString('hex')]),
  workerHashes: new Set(),
  modelHashes: new Set([hash(8).toString('hex')]),
  registeredProxies: new Map([[5, '10.0.0.1:80']]),
  lastProxySeqno: 5,
  params: params as CocoonParams,
  keyManager: null,
};
const daoParams = { ...DEFAULT_DAO_PARAMS, root: scope.root };
const vault = {
  governor: scope.dao,
  guardian: null,
  guardianUntil: 0,
  root: scope.root,
  registrar,
  limits: DEFAULT_VAULT_LIMITS,
};
const dao = { params: daoParams, paramsHash: hash(6), version: 1 };
const input: DescribeInput = { scope, registrar, state: { root, vault, dao } };

let next = 0;
function describeOne(
  to: Address,
  name: string,
  fields: Parameters<typeof encodeAction>[2],
  over: Partial<DescribeInput> = {},
) {
  const body = encodeAction(name, actionQueryId(1n, next++ % 10), fields);
  return describeActions([{ to, value: 50_000_000n, body, init: null }], { ...input, ...over }).actions[0]!;
}

function lines({ fields }: ReturnType<typeof describeOne>): string[] {
  return fields.filter(({ changes }) => changes).map(({ field, before, after }) => `${field}: ${before} -> ${after}`);
}

describe('old and new', () => {
  test('of prices, with the version that they are for', () => {
    const told = describeOne(scope.root, 'rootChangePrice', {
      pricePerToken: 15n,
      workerFeePerToken: 19n,
      expectedParamsVersion: 17,
    });
    expect(told.fields).toEqual([
      { field: 'pricePerToken', before: '20 nanoTON', after: '15 nanoTON', changes: true },
      { field: 'workerFeePerToken', before: '19 nanoTON', after: '19 nanoTON', changes: false },
      { field: 'expectedParamsVersion', before: null, after: '17', changes: true },
    ]);
    expect(told).toMatchObject({ target: 'root', label: 'root', class: 'normal', warnings: [] });
  });

  test('of lists', () => {
    expect(lines(describeOne(scope.root, 'rootDelProxyType', { hash: hash(7) }))).toContain(
      'listed: on the list -> not on the list',
    );
    expect(lines(describeOne(scope.root, 'rootUnregisterProxy', { seqno: 5 }))).toContain('info: 10.0.0.1:80 -> none');
    expect(lines(describeOne(scope.root, 'rootUpdateProxy', { seqno: 5, info: '10.0.0.2:80' }))).toContain(
      'info: 10.0.0.1:80 -> 10.0.0.2:80',
    );
  });

  test("of the Dao's parameters, by path", () => {
    const { root: rootAddress, transferCap, activationStake, activationMembers, ...rest } = daoParams;
    const scopeFields = { root: rootAddress, transferCap: transferCap * 2n, activationStake, activationMembers };
    const told = describeOne(scope.dao, 'daoSetParams', {
      expectedHash: hash(6),
      params: { ...rest, votingPeriod: 4 * 86_400, quorumNormalBps: 1_250, scope: scopeFields },
    });
    expect(lines(told).slice(1)).toEqual([
      'params.votingPeriod: 5 d -> 4 d',
      'params.quorumNormalBps: 10 % -> 12.5 %',
      'params.scope.transferCap: 1000 TON -> 2000 TON',
    ]);
    expect(told.class).toBe('critical');
    expect(told.warnings).toEqual([]);
  });

  test("of the Vault's guardian and limits", () => {
    const guardian = describeOne(scope.vault, 'vaultSetGuardian', {
      guardian: person(9),
      until: Date.UTC(2027, 0, 1) / 1_000,
    });
    expect(lines(guardian)).toEqual([
      `guardian: none -> ${person(9)}`,
      'until: 1970-01-01T00:00:00Z -> 2027-01-01T00:00:00Z',
    ]);
    const limits = describeOne(scope.vault, 'vaultSetLimits', { limits: { ...DEFAULT_VAULT_LIMITS, spendCapBps: 0 } });
    expect(lines(limits)).toEqual(['limits.spendCapBps: 5 % -> 0 %']);
  });

  test('is left open where nobody has read what is there', () => {
    const told = describeOne(
      scope.root,
      'rootChangePrice',
      { pricePerToken: 1n, workerFeePerToken: 1n },
      { state: {} },
    );
    expect(told.fields[0]).toEqual({ field: 'pricePerToken', before: null, after: '1 nanoTON', changes: true });
  });
});

describe('a warning', () => {
  const own = '00'.repeat(24);
  const warned = (told: { warnings: string[] }, what: RegExp) => expect(told.warnings.join('\n')).toMatch(what);
  const one = (action: Partial<DaoAction> & { to: Address }, over: Partial<DescribeInput> = {}) =>
    describeActions([{ value: 0n, body: null, init: null, ...action }], { ...input, ...over }).actions[0]!;

  test('of an unknown operation shows it raw', () => {
    const told = one({ to: scope.root, body: beginCell().storeUint(0xbad, 32).endCell() });
    warned(told, /^UNKNOWN OPERATION/);
    expect(told.body).toMatchObject({ kind: 'unknown', raw: expect.stringMatching(/^b5ee9c72/) });
  });

  test('of a known operation that is no message names the field', () => {
    const told = one({ to: scope.root, body: beginCell().storeUint(0xc146134d, 32).storeUint(0, 64).endCell() });
    warned(told, /^MALFORMED: field hash/);
    expect(told.body).toMatchObject({ kind: 'malformed', field: 'hash' });
  });

  test('of a contract that would be made', () => {
    const code = beginCell().endCell();
    warned(one({ to: person(9), init: { code, data: code } }), /STATE INIT/);
  });

  test('of an address where nothing has ever happened, also inside a body', () => {
    const accounts = new Map([[scope.root.toRawString(), 'ab']]);
    warned(one({ to: person(9) }, { accounts }), /NEVER SEEN/);
    const told = describeOne(scope.root, 'rootChangeOwner', { owner: person(9) }, { accounts });
    expect(told.warnings.filter((each) => each.startsWith('NEVER SEEN'))).toHaveLength(1);
    expect(told.codeHash).toBe('ab');
    expect(one({ to: person(9) }, { accounts }).codeHash).toBeNull();
  });

  test.each([
    ['beginning', `${own.slice(0, 8)}${'f'.repeat(56)}`],
    ['end', `${'f'.repeat(56)}${own.slice(0, 8)}`],
  ])('of an address with the same %s as a known one', (_, hex) => {
    const known = [{ label: 'the foundation', address: Address.parse(`0:${'0'.repeat(64)}`) }];
    warned(one({ to: Address.parse(`0:${hex}`) }, { known }), /LOOKALIKE: .* is NOT the foundation/);
    expect(one({ to: known[0]!.address }, { known })).toMatchObject({ label: 'the foundation', warnings: [] });
  });

  test.each<[string, Address, string, Parameters<typeof encodeAction>[2], RegExp]>([
    ['of a new image', scope.root, 'rootAddWorkerType', { hash: hash(1) }, /TEE IMAGE/],
    ['of a root that goes', scope.root, 'rootChangeOwner', { owner: person(9) }, /LEAVES THE DAO/],
    [
      'of what overwrites without a look',
      scope.root,
      'rootChangePrice',
      { pricePerToken: 1n, workerFeePerToken: 1n },
      /NOT COMPARED/,
    ],
    [
      'of what would be refused',
      scope.root,
      'rootChangePrice',
      { pricePerToken: 1n, workerFeePerToken: 1n, expectedParamsVersion: 16 },
      /STALE.*17/,
    ],
    ['of what changes nothing', scope.root, 'rootAddModelType', { hash: hash(8) }, /NO CHANGE/],
    [
      'of an upgrade for another version',
      scope.dao,
      'daoUpgrade',
      { fromVersion: 2, code: beginCell().endCell(), data: null },
      /STALE/,
    ],
  ])('%s', (_, to, name, fields, what) => {
    warned(describeOne(to, name, fields), what);
  });

  test('of the list as a whole', () => {
    const body = bodies.rootDelModelType({ queryId: 1n, hash: hash(8) });
    const { warnings } = describeActions(
      [
        { to: scope.root, value: 0n, body, init: null },
        { to: scope.root, value: 0n, body, init: null },
        { to: person(9), value: 1n, body: null, init: null },
      ],
      input,
    );
    warned({ warnings }, /ORDER:(.|\n)*QUERY IDS:/);
  });
});

describe('a proposal', () => {
  const text = Buffer.from('Why we should.\n');
  const payload = (actions: Cell | null) => ({
    title: 'A title',
    uri: 'https://example.org/1',
    sha256: createHash('sha256').update(text).digest(),
    actions,
  });

  test('without actions is called what it is', () => {
    expect(describeProposal(payload(null), input, text).warnings).toEqual([
      'TEXT ONLY: this proposal does nothing on chain',
    ]);
  });

  test('whose text is another one is told so', () => {
    const actions = packActions([{ to: person(9), value: 5n, body: null, init: null }]);
    expect(describeProposal(payload(actions), input, text).warnings).toEqual([]);
    expect(describeProposal(payload(actions), input, Buffer.from('Another')).warnings.join()).toMatch(/TEXT MISMATCH/);
  });
});
