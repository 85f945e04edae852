import { Address, beginCell, type Cell, toNano } from '@ton/core';
import { bodies, type DaoAction, DEFAULT_DAO_PARAMS, daoBodies, Op, ProposeCode, packActions } from '../../wrappers';
import { answerOf, asWorld, createActiveDao, exitOf, payloadOf } from '../support/dao-acts';
import { DAY, type DaoWorld, proposalOf, TON } from '../support/dao-world';
import { hashOf } from '../support/keys';
import { deliver } from '../support/rejection';
import { startEachTestFrom } from '../support/world';

/** Operations of the root that a normal proposal may do; all others are critical. */
const LISTINGS: readonly (keyof typeof Op)[] = [
  'rootRegisterProxy',
  'rootUnregisterProxy',
  'rootUpdateProxy',
  'rootAddModelType',
  'rootDelModelType',
  'rootDelWorkerType',
  'rootDelProxyType',
  'rootChangePrice',
];
const OTHERS = (Object.keys(Op) as (keyof typeof Op)[]).filter(
  (name) => name.startsWith('root') && !LISTINGS.includes(name),
);
const library = beginCell().storeUint(2, 8).storeBuffer(Buffer.alloc(32, 1)).endCell({ exotic: true });
const somebody = new Address(0, Buffer.alloc(32, 9));

describe('the class of a proposal', () => {
  let it_: DaoWorld;
  let fresh: ReturnType<DaoWorld['chain']['snapshot']>;
  startEachTestFrom(async () => {
    it_ = await createActiveDao();
    fresh = it_.chain.snapshot();
    return asWorld(it_);
  });

  /** What the Dao makes of a list of actions. */
  const judged = async (actions: Cell): Promise<'normal' | 'critical' | 'refused'> => {
    await it_.chain.loadFrom(fresh);
    const epoch = Math.floor(it_.now() / DAY);
    const owner = it_.members[0]!.address;
    const stake = it_.stakes[0]!.address;
    const payload = payloadOf(actions);
    const body = daoBodies.daoPropose({ queryId: 1n, weight: 1_000n * TON, epoch, owner, payload });
    const result = await deliver(asWorld(it_), { from: stake, to: it_.dao.address, value: 60n * TON, body });
    // An address that the virtual machine itself does not read: the message comes back.
    if (exitOf(result, it_.dao.address) === 9) return 'refused';
    const code = answerOf(result, stake);
    if (code !== ProposeCode.accepted) {
      expect(code).toBe(ProposeCode.badActions);
      return 'refused';
    }
    return (await proposalOf(it_, 1).getData()).critical ? 'critical' : 'normal';
  };
  const act = (to: Address, body: Cell | null, value = toNano('0.1')): DaoAction => ({ to, value, body, init: null });
  const list = (...actions: DaoAction[]) => packActions(actions);
  const toRoot = (body: Cell | null, value?: bigint) => list(act(it_.root.address, body, value));
  const op = (name: keyof typeof Op) => beginCell().storeUint(Op[name], 32).storeUint(1, 64).endCell();
  const cap = DEFAULT_DAO_PARAMS.transferCap;

  it('is normal for each listing operation of the root', async () => {
    for (const name of LISTINGS) expect([name, await judged(toRoot(op(name)))]).toEqual([name, 'normal']);
  });

  it('is critical for every other operation of the root, and for unknown ones', async () => {
    for (const name of OTHERS) expect([name, await judged(toRoot(op(name)))]).toEqual([name, 'critical']);
    expect(await judged(toRoot(beginCell().storeUint(0xffffffff, 32).storeUint(1, 64).endCell()))).toBe('critical');
  });

  it('is normal for what builders make of real operations', async () => {
    const body = bodies.rootDelWorkerType({ queryId: 5n, hash: hashOf('worker 1') });
    expect(await judged(toRoot(body))).toBe('normal');
    expect(await judged(toRoot(bodies.rootUnregisterProxy({ queryId: 5n, seqno: 1_000_001 })))).toBe('normal');
  });

  it.each<[string, () => Cell | null]>([
    ['no body', () => null],
    ['an empty body', () => beginCell().endCell()],
    ['a text', () => beginCell().storeUint(0, 32).storeStringTail('pay me').endCell()],
    [
      '31 bits',
      () =>
        beginCell()
          .storeUint(Op.rootChangePrice >>> 1, 31)
          .endCell(),
    ],
    ['an operation alone', () => beginCell().storeUint(Op.rootChangePrice, 32).endCell()],
    ['95 bits', () => beginCell().storeUint(Op.rootChangePrice, 32).storeUint(0, 63).endCell()],
    [
      'a reference behind a listing',
      () => beginCell().storeSlice(op('rootAddModelType').beginParse()).storeRef(beginCell()).endCell(),
    ],
    ['everything in a reference', () => beginCell().storeRef(op('rootAddModelType')).endCell()],
    ['a library cell', () => library],
    [
      'an exotic cell whose bits are a listing',
      () => beginCell().storeUint(Op.rootChangePrice, 32).storeUint(0, 64).endCell(),
    ],
  ])('of a message to the root with %s', async (name, body) => {
    expect(await judged(toRoot(body()))).toBe(name.startsWith('an exotic') ? 'normal' : 'critical');
  });

  it('is normal up to 1 TON for the root, critical beyond', async () => {
    expect(await judged(toRoot(op('rootChangePrice'), TON))).toBe('normal');
    expect(await judged(toRoot(op('rootChangePrice'), TON + 1n))).toBe('critical');
  });

  it('is critical for everything that goes to the Dao or the Vault, coins too', async () => {
    for (const to of [it_.dao.address, it_.vault.address]) {
      expect(await judged(list(act(to, null, 1n)))).toBe('critical');
      expect(await judged(list(act(to, beginCell().endCell(), 1n)))).toBe('critical');
      expect(await judged(list(act(to, op('rootChangePrice'))))).toBe('critical');
    }
  });

  it('is normal for a plain transfer up to the cap, critical a nanoTON beyond', async () => {
    expect(await judged(list(act(somebody, null, cap)))).toBe('normal');
    expect(await judged(list(act(somebody, beginCell().endCell(), cap)))).toBe('normal');
    expect(await judged(list(act(somebody, null, cap + 1n)))).toBe('critical');
    expect(await judged(list(act(somebody, null, (1n << 120n) - 1n)))).toBe('critical');
  });

  it('adds transfers up: ten small ones do not pass where one large one does not', async () => {
    const part = cap / 10n;
    const ten = Array.from({ length: 10 }, () => act(somebody, null, part));
    expect(await judged(list(...ten))).toBe('normal');
    expect(await judged(list(...ten.slice(1), act(it_.members[1]!.address, null, part + 1n)))).toBe('critical');
  });

  it('is critical for a transfer with anything in its body', async () => {
    for (const body of [
      op('rootChangePrice'),
      beginCell().storeBit(false).endCell(),
      beginCell().storeRef(beginCell()).endCell(),
      library,
    ]) {
      expect(await judged(list(act(somebody, body)))).toBe('critical');
    }
  });

  it('is critical for any state init, also beside a harmless body', async () => {
    const init = { code: beginCell().endCell(), data: beginCell().endCell() };
    for (const [to, body] of [
      [somebody, null],
      [it_.root.address, op('rootChangePrice')],
    ] as const) {
      expect(await judged(list({ ...act(to, body), init }))).toBe('critical');
    }
  });

  it('is not lowered by where in the list the critical action stands', async () => {
    const harmless = act(it_.root.address, op('rootChangePrice'));
    const harmful = act(it_.root.address, op('rootChangeOwner'));
    for (const at of [0, 4, 9]) {
      const actions = Array.from({ length: 10 }, (_, index) => (index === at ? harmful : harmless));
      expect(await judged(list(...actions))).toBe('critical');
    }
  });

  it('is the masterchain account critical as any with a body, normal as any without', async () => {
    const inMasterchain = new Address(-1, it_.root.address.hash);
    expect(await judged(list(act(inMasterchain, op('rootChangePrice'))))).toBe('critical');
    expect(await judged(list(act(inMasterchain, null)))).toBe('normal');
  });

  describe('is none, and the proposal is refused, for', () => {
    const tail = () => beginCell().storeCoins(1n).storeUint(0, 3);
    it.each<[string, () => Cell]>([
      ['an empty cell', () => beginCell().endCell()],
      ['a library cell in place of an action', () => library],
      [
        'an action without its flags',
        () => beginCell().storeAddress(somebody).storeCoins(0n).storeUint(0, 2).endCell(),
      ],
      [
        'bits behind an action',
        () => beginCell().storeAddress(somebody).storeBuilder(tail()).storeBit(false).endCell(),
      ],
      [
        'a reference behind an action',
        () => beginCell().storeAddress(somebody).storeBuilder(tail()).storeRef(beginCell()).endCell(),
      ],
      ['no address', () => beginCell().storeUint(0, 2).storeUint(0, 265).storeBuilder(tail()).endCell()],
      [
        'an external address',
        () => beginCell().storeUint(1, 2).storeUint(256, 9).storeUint(5, 256).storeBuilder(tail()).endCell(),
      ],
      [
        'an anycast address of the root',
        () =>
          beginCell()
            .storeUint(5, 3)
            .storeUint(1, 5)
            .storeUint(1, 1)
            .storeUint(0, 8)
            .storeBuffer(it_.root.address.hash)
            .storeBuilder(tail())
            .endCell(),
      ],
      [
        'a variable-length address of the root',
        () =>
          beginCell()
            .storeUint(6, 3)
            .storeUint(256, 9)
            .storeUint(0, 32)
            .storeBuffer(it_.root.address.hash)
            .storeBuilder(tail())
            .endCell(),
      ],
      ['another workchain', () => list(act(new Address(1, somebody.hash), null))],
      [
        'a library cell as the second action',
        () => beginCell().storeAddress(somebody).storeCoins(1n).storeUint(0, 2).storeMaybeRef(library).endCell(),
      ],
    ])('%s', async (_, actions) => {
      expect(await judged(actions())).toBe('refused');
    });
  });
});
