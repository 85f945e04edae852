import { createHash } from 'node:crypto';
import { Address, beginCell, type Cell } from '@ton/core';
import {
  actionQueryId,
  type CocoonParams,
  DEFAULT_DAO_PARAMS,
  DEFAULT_REGISTRAR_TERMS,
  DEFAULT_VAULT_LIMITS,
  parseActions,
  parsePayload,
  type RootData,
} from '../../wrappers';
import { MAINNET_TERMS } from '../networks';
import { decodeAction, type KnownBody } from './actions';
import { ProposalFileError } from './errors';
import { type BuildContext, buildProposal, countCells } from './proposal';
import { actionSchema } from './proposal-schema';

const person = (n: number) => new Address(0, Buffer.alloc(32, n));
const code = beginCell().storeUint(1, 8).endCell();
const boc = code.toBoc().toString('base64');
const HASH = '1'.repeat(64);

const params = {
  ...MAINNET_TERMS,
  structVersion: 4,
  paramsVersion: 17,
  isTest: false,
  proxyCode: code,
  workerCode: code,
  clientCode: code,
};
const root: RootData = {
  owner: person(2),
  version: 87,
  proxyHashes: new Set(),
  workerHashes: new Set(),
  modelHashes: new Set(),
  registeredProxies: new Map(),
  lastProxySeqno: 0,
  params: params as CocoonParams,
  keyManager: null,
};
const context: BuildContext = {
  dao: person(1),
  vault: person(2),
  root: person(3),
  registrar: person(4),
  state: {
    root,
    dao: { params: { ...DEFAULT_DAO_PARAMS, root: person(3) }, paramsHash: Buffer.alloc(32, 6), version: 4 },
    vault: {
      governor: person(1),
      guardian: null,
      guardianUntil: 0,
      root: person(3),
      registrar: null,
      limits: DEFAULT_VAULT_LIMITS,
    },
    registrarTerms: DEFAULT_REGISTRAR_TERMS,
  },
};

const head = 'title: Lower the price\nuri: https://example.org/1\ntext: Because.\n';
const withActions = (...actions: string[]) =>
  `${head}actions:\n${actions.map((action) => `  - ${action.split('\n').join('\n    ')}\n`).join('')}`;
const build = (yaml: string, over: Partial<BuildContext> = {}) => buildProposal(yaml, { ...context, ...over });

function problem(yaml: string, over: Partial<BuildContext> = {}): Pick<ProposalFileError, 'key' | 'line' | 'detail'> {
  try {
    build(yaml, over);
  } catch (error) {
    expect(error).toBeInstanceOf(ProposalFileError);
    const { key, line, detail } = error as ProposalFileError;
    return { key, line, detail };
  }
  throw new Error('it was taken');
}

describe('a file becomes a payload', () => {
  const yaml = withActions(
    'type: change_price\nprice_per_token: 15 nanoTON\nworker_fee_per_token: 14 nanoTON',
    `type: add_model\nhash: ${HASH}`,
  );

  test('with its text hashed and its actions in order, numbered and compared', () => {
    const built = build(yaml);
    const payload = parsePayload(built.cell);
    expect(payload).toMatchObject({ title: 'Lower the price', uri: 'https://example.org/1' });
    expect(payload.sha256).toEqual(createHash('sha256').update('Because.').digest());
    const bodies = parseActions(payload.actions!).map(({ body }) => decodeAction('root', body) as KnownBody);
    expect(bodies.map(({ name }) => name)).toEqual(['rootChangePrice', 'rootAddModelType']);
    expect(bodies.map(({ queryId }) => queryId)).toEqual([actionQueryId(built.salt, 0), actionQueryId(built.salt, 1)]);
    expect(bodies[0]!.fields).toEqual({ pricePerToken: 15n, workerFeePerToken: 14n, expectedParamsVersion: 17 });
    expect(built.classification.class).toBe('normal');
    expect(built.findings).toEqual([]);
    expect(built.actionsHash).toBe(payload.actions!.hash().toString('hex'));
  });

  test('and the same actions have the same hash, whatever is written around them', () => {
    const again = build(yaml.replace('Because.', 'Because of the market.').replace('Lower', 'Really lower'));
    expect(again.actionsHash).toBe(build(yaml).actionsHash);
    expect(build(yaml.replace('15 nano', '16 nano')).salt).not.toBe(build(yaml).salt);
    expect(build(`salt: ff\n${yaml}`).salt).toBe(255n);
  });

  test('also without actions', () => {
    const built = build(head);
    expect(built).toMatchObject({ actionsHash: null, classification: { class: 'normal' } });
    expect(built.findings).toEqual([expect.objectContaining({ level: 'warning', key: 'actions' })]);
  });

  test('with a text from a file, as the caller reads it', () => {
    const file = head.replace('text: Because.', 'text_file: why.md');
    expect(build(file, { readText: (name) => `from ${name}` }).text).toBe('from why.md');
    expect(problem(file)).toMatchObject({ key: 'text_file', line: 3 });
    const broken = () => {
      throw new Error('no such file');
    };
    expect(problem(file, { readText: broken }).detail).toContain('no such file');
    expect(problem(`${head}text_file: why.md\n`).key).toBe('text_file');
  });

  test('says what it needs where the stake is known', () => {
    const built = build(yaml, { total: 10n ** 15n, weight: 10n ** 12n });
    expect(built.needs).toEqual({
      quorum: 10n ** 14n,
      approvalBps: 5_000,
      critical: false,
      threshold: 5n * 10n ** 12n,
    });
    expect(built.findings).toEqual([
      expect.objectContaining({ level: 'error', message: expect.stringContaining('below the threshold') }),
    ]);
  });
});

const calls: [string, string, Record<string, unknown>][] = [
  [`type: del_model\nhash: ${HASH}`, 'rootDelModelType', { hash: Buffer.from(HASH, 'hex') }],
  [`type: add_worker_image\nhash: 0x${HASH}`, 'rootAddWorkerType', { hash: Buffer.from(HASH, 'hex') }],
  [`type: del_worker_image\nhash: ${HASH}`, 'rootDelWorkerType', {}],
  [`type: add_proxy_image\nhash: ${HASH}`, 'rootAddProxyType', {}],
  [`type: del_proxy_image\nhash: ${HASH}`, 'rootDelProxyType', {}],
  ['type: register_proxy\nendpoint: 10.0.0.1:80', 'rootRegisterProxy', { info: '10.0.0.1:80' }],
  ['type: update_proxy\nseqno: 5\nendpoint: 10.0.0.1:80', 'rootUpdateProxy', { seqno: 5 }],
  ['type: unregister_proxy\nseqno: 5', 'rootUnregisterProxy', { seqno: 5 }],
  [
    'type: change_params\nmin_client_stake: 10 TON',
    'rootChangeParams',
    { minClientStake: 10n ** 10n, minProxyStake: 15n * 10n ** 9n, pricePerToken: 20n, expectedParamsVersion: 17 },
  ],
  [
    'type: change_params\ncompletion_tokens_price_multiplier: x4\nclient_delay_before_close: 6 h',
    'rootChangeParamsFull',
    { completionTokensPriceMultiplier: 40_000, cachedTokensPriceMultiplier: 1_000, clientDelayBeforeClose: 21_600 },
  ],
  [`type: upgrade_contracts\nproxy_code: ${boc}`, 'rootUpgradeContracts', { expectedParamsVersion: 17 }],
  [`type: upgrade_root\ncode: ${boc}`, 'rootUpgrade', {}],
  [`type: upgrade_root\ncode: ${boc}\ndata: ${boc}`, 'rootUpgradeFull', { expectedVersion: 87 }],
  [`type: change_owner\nowner: ${person(9)}`, 'rootChangeOwner', {}],
];
const others: [string, 'dao' | 'vault' | 'registrar', string, Record<string, unknown>][] = [
  ['type: dao_params\nvoting_period: 4 d', 'dao', 'daoSetParams', { expectedHash: Buffer.alloc(32, 6) }],
  [`type: dao_upgrade\ncode: ${boc}`, 'dao', 'daoUpgrade', { fromVersion: 4, data: null }],
  [
    'type: vault_limits\nspend_cap_bps: 2.5 %',
    'vault',
    'vaultSetLimits',
    { limits: { ...DEFAULT_VAULT_LIMITS, spendCapBps: 250 } },
  ],
  [
    'type: vault_guardian\nguardian: none\nuntil: 2027-06-30',
    'vault',
    'vaultSetGuardian',
    { guardian: null, until: 1_814_313_600 },
  ],
  [`type: vault_governor\ngovernor: ${person(9)}`, 'vault', 'vaultSetGovernor', {}],
  ['type: vault_network\nregistrar: none', 'vault', 'vaultSetNetwork', { registrar: null }],
  [
    'type: registrar_terms\npaused: yes',
    'registrar',
    'registrarSetTerms',
    { terms: { ...DEFAULT_REGISTRAR_TERMS, paused: true } },
  ],
];

describe('every type of action', () => {
  const cases = [
    ...calls.map(([yaml, name, fields]) => ({ name, target: 'root' as const, yaml, fields })),
    ...others.map(([yaml, target, name, fields]) => ({ name, target, yaml, fields })),
  ];
  test.each(cases)('becomes a message: $name', ({ yaml, target, name, fields }) => {
    const [action] = build(withActions(yaml)).actions;
    expect(action!.to).toEqual(context[target]);
    expect(action!.value).toBe(50_000_000n);
    const body = decodeAction(target, action!.body) as KnownBody;
    expect([body.kind, body.name]).toEqual(['known', name]);
    expect(body.fields).toMatchObject(fields);
  });

  test('models go by their hash or by their name', () => {
    const [action] = build(withActions('type: add_model\nmodel: base@1:2')).actions;
    const hash = createHash('sha256').update('base@1:2').digest();
    expect((decodeAction('root', action!.body) as KnownBody).fields).toEqual({ hash });
  });

  test('can carry other coins than usual', () => {
    expect(build(withActions(`type: add_model\nhash: ${HASH}\nvalue: 0.2 TON`)).actions[0]!.value).toBe(200_000_000n);
  });

  test('transfers send what they say, with or without a word', () => {
    const { actions, classification } = build(withActions(`type: transfer\nto: ${person(9)}\namount: 1.5 TON`));
    expect(actions).toMatchObject([{ value: 1_500_000_000n, body: null, init: null }]);
    expect(actions[0]!.to.equals(person(9))).toBe(true);
    expect(classification.class).toBe('normal');
    const spoken = build(withActions(`type: transfer\nto: ${person(9)}\namount: 1 TON\ncomment: for June`));
    expect(decodeAction('other', spoken.actions[0]!.body)).toEqual({ kind: 'text', text: 'for June' });
    expect(spoken.classification.class).toBe('critical');
  });

  test('raw ones are as they are given, under a warning', () => {
    const yaml = `type: raw\nto: ${person(9)}\namount: 1 TON\nbody: ${code.toBoc().toString('hex')}\ninit_code: ${boc}\ninit_data: ${boc}`;
    const { actions, findings } = build(withActions(yaml));
    expect(actions[0]!.body!.equals(code)).toBe(true);
    expect(actions[0]!.init).toMatchObject({ code: expect.anything(), data: expect.anything() });
    expect(findings.map(({ message }) => message).join()).toMatch(/nobody has checked.*critical: it deploys/);
  });

  test('is named in these tests', () => {
    const tested = [...calls.map(([yaml]) => yaml), ...others.map(([yaml]) => yaml)].map(
      (yaml) => /type: (\w+)/.exec(yaml)![1],
    );
    const all = actionSchema.options.map(({ shape }) => shape.type.value);
    expect([...new Set([...tested, 'change_price', 'add_model', 'transfer', 'raw'])].sort()).toEqual([...all].sort());
  });
});

describe('a mistake is told by key and line', () => {
  const add = `type: add_model\nhash: ${HASH}`;
  test.each<[string, string, string, number, RegExp]>([
    ['no YAML', 'title: [', '(file)', 1, /no YAML/],
    ['a key twice', `${head}title: again\n`, '(file)', 4, /unique/],
    ['an alias', 'title: &a x\nuri: *a\n', '(file)', 1, /alias/],
    ['no title', head.replace(/^title.*\n/, ''), 'title', 1, /is missing/],
    ['an empty title', head.replace('Lower the price', "''"), 'title', 1, /0 bytes/],
    ['a long title', head.replace('Lower', 'é'.repeat(32)), 'title', 1, /74 bytes/],
    ['an unknown key', `${head}bond: 5 TON\n`, 'bond', 4, /no such key/],
    ['an unknown type', withActions(add, 'type: fly'), 'actions[1].type', 7, /no such type/],
    ['no type', withActions(`hash: ${HASH}`), 'actions[0].type', 5, /no such type/],
    ['an unknown key of an action', withActions(`${add}\nhsah: 1`), 'actions[0].hsah', 7, /no such key/],
    ['a missing key', withActions(add, 'type: unregister_proxy'), 'actions[1].seqno', 7, /is missing/],
    ['no unit', withActions(`type: transfer\nto: ${person(9)}\namount: 5`), 'actions[0].amount', 7, /no unit/],
    ['a short hash', withActions('type: add_model\nhash: 12ab'), 'actions[0].hash', 6, /64 hex digits/],
    ['no address', withActions('type: change_owner\nowner: EQabc'), 'actions[0].owner', 6, /no address/],
    ['no cell', withActions('type: upgrade_root\ncode: abc'), 'actions[0].code', 6, /no cell/],
    ['a number', withActions('type: unregister_proxy\nseqno: 0x5'), 'actions[0].seqno', 6, /no whole number/],
    ['a change of nothing', withActions('type: change_params'), 'actions[0]', 5, /changes nothing/],
    [
      'half an init',
      withActions(`type: raw\nto: ${person(9)}\namount: 0 TON\ninit_code: ${boc}`),
      'actions[0].init_code',
      8,
      /belong together/,
    ],
    [
      'an amount twice',
      withActions(`type: transfer\nto: ${person(9)}\namount: 1 TON\nvalue: 2 TON`),
      'actions[0].value',
      8,
      /is what is sent/,
    ],
    ['too many', withActions(...Array.from({ length: 11 }, () => add)), 'actions[10]', 25, /11 actions/],
    ['a model by nothing', withActions('type: add_model'), 'actions[0]', 5, /one of hash and model/],
    ['a model twice', withActions(`${add}\nmodel: m`), 'actions[0]', 5, /one of hash and model/],
    [
      'a parameter out of bounds',
      withActions('type: dao_params\nbond: 60 TON\nvoting_period: 1 h'),
      'actions[0].voting_period',
      7,
      /votingPeriod would be 3600: allowed is 259200 to/,
    ],
    [
      'limits that contradict what is kept',
      withActions('type: vault_limits\ndelay_normal: 6 d'),
      'actions[0].delay_normal',
      6,
      /at most the critical delay/,
    ],
    ['no salt', `salt: xyz\n${head}`, 'salt', 1, /14 hex digits/],
    [
      'an endpoint that no message holds',
      withActions(`type: register_proxy\nendpoint: 10.0.0.1:80 é€`),
      'actions[0]',
      5,
      /one-byte/,
    ],
  ])('%s', (_, yaml, key, line, detail) => {
    const told = problem(yaml);
    expect(told).toMatchObject({ key, line });
    expect(told.detail).toMatch(detail);
  });

  test('also what cannot be filled in', () => {
    const yaml = withActions('type: dao_params\nbond: 60 TON');
    expect(problem(yaml, { state: {} })).toMatchObject({
      key: 'actions[0]',
      line: 5,
      detail: expect.stringContaining('state of the Dao'),
    });
    const terms = withActions('type: registrar_terms\nrent: 2 TON');
    expect(problem(terms, { registrar: null }).detail).toContain('no registrar');
  });

  test('a hash that looks like a number stays what it is', () => {
    const hash = `${'9'.repeat(10)}e${'9'.repeat(53)}`;
    const [action] = build(withActions(`type: add_model\nhash: ${hash}`)).actions;
    expect((decodeAction('root', action!.body) as KnownBody).fields.hash).toEqual(Buffer.from(hash, 'hex'));
  });
});

describe('a finding', () => {
  test('about a payload that is too large', () => {
    let deep: Cell = beginCell().endCell();
    for (let i = 0; i < 1_100; i += 1) deep = beginCell().storeUint(i, 16).storeRef(deep).endCell();
    expect(countCells(deep)).toBe(1_101);
    const yaml = withActions(`type: raw\nto: ${person(9)}\namount: 0 TON\nbody: ${deepChain(300)}`);
    expect(build(yaml).findings.filter(({ level }) => level === 'error')).toEqual([]);
    const errors = build(withActions(`type: raw\nto: ${person(9)}\namount: 0 TON\nbody: ${wideTree()}`)).findings;
    expect(errors).toContainEqual(
      expect.objectContaining({ level: 'error', message: expect.stringMatching(/\d{4} cells/) }),
    );
  });

  test('about coins for a contract that does not keep them, an empty text, and an order that nobody keeps', () => {
    const yaml = withActions(
      `type: transfer\nto: ${context.root}\namount: 1 TON`,
      `type: transfer\nto: ${person(9)}\namount: 1 TON`,
    );
    const { findings } = build(yaml.replace('Because.', "''"));
    expect(findings.map(({ level, key }) => `${level} ${key}`)).toEqual([
      'warning text',
      'error actions[0].to',
      'warning actions',
      'warning actions',
    ]);
  });
});

function deepChain(cells: number): string {
  let deep: Cell = beginCell().endCell();
  for (let i = 0; i < cells; i += 1) deep = beginCell().storeUint(i, 16).storeRef(deep).endCell();
  return deep.toBoc().toString('base64');
}

/** More cells than a payload may have, without being deep. */
function wideTree(): string {
  let count = 0;
  const grow = (depth: number): Cell => {
    const builder = beginCell().storeUint(count++, 32);
    if (depth > 0) for (let i = 0; i < 4; i += 1) builder.storeRef(grow(depth - 1));
    return builder.endCell();
  };
  return grow(5).toBoc().toString('base64');
}
