import { Address, toNano } from '@ton/core';
import { type DaoNet, daoNet, type Person } from './testing/dao-net';

jest.setTimeout(120_000);

describe('what a member does with its stake, against a local chain', () => {
  let it_: DaoNet;
  let friend: Person;
  beforeAll(async () => {
    it_ = await daoNet({ earlyStake: toNano('300') });
    friend = await it_.person('v4');
  });
  afterAll(() => it_.close());
  const me = () => it_.wallet.address.toString();
  const held = async (member: string) => JSON.parse((await it_.cli('status', '--member', member, '--json')).out).stake;

  it('sync brings a deposit to the DAO that had not arrived, once', async () => {
    expect(await held(me())).toMatchObject({ own: '0', refundable: toNano('300').toString() });
    const synced = await it_.act('sync');
    expect([synced.code, synced.error]).toEqual([0, '']);
    expect(await held(me())).toMatchObject({ own: toNano('300').toString(), refundable: '0' });
    const again = await it_.act('sync');
    expect([again.code, again.error]).toEqual([3, expect.stringContaining('Everything has arrived')]);
  });

  it('a v4 wallet stakes as well as a v5 one, and the wrong version is told before anything is sent', async () => {
    const wrong = await it_.actAs({ ...friend, version: 'v5' }, 'stake', '200');
    expect([wrong.code, wrong.error]).toEqual([3, expect.stringContaining('holds 0.000000000 TON')]);
    const staked = await it_.actAs(friend, 'stake', '200');
    expect([staked.code, staked.error]).toEqual([0, '']);
    expect(await held(friend.address.toString())).toMatchObject({ own: toNano('200').toString() });
    const odd = await it_.act('stake', '5', '--wallet-version', 'v3');
    expect([odd.code, odd.error]).toEqual([2, expect.stringContaining('there is no such version')]);
  });

  it('delegate lends the votes to another member, undelegate takes them back', async () => {
    const lent = await it_.act('delegate', friend.address.toString());
    expect([lent.code, lent.error]).toEqual([0, '']);
    expect(lent.out).toContain(`delegated by you  300.000000000 TON to ${friend.address}`);
    expect(await held(friend.address.toString())).toMatchObject({ inn: toNano('300').toString() });
    expect(JSON.parse((await it_.cli('delegates', '--json')).out)).toEqual([
      {
        delegate: friend.address.toString(),
        own: toNano('200').toString(),
        delegated: toNano('300').toString(),
        from: [{ member: me(), amount: toNano('300').toString() }],
      },
    ]);
    expect((await it_.cli('delegates')).out).toMatch(/200\.000000000 TON +300\.000000000 TON +1 +100\.00 %/);
    const back = await it_.act('undelegate');
    expect([back.code, back.error]).toEqual([0, '']);
    expect(await held(me())).toMatchObject({ own: toNano('300').toString(), out: '0', busy: 0 });
    expect(await held(friend.address.toString())).toMatchObject({ inn: '0' });
    expect((await it_.cli('delegates')).out).toBe('Nobody has delegated anything.\n');
  });

  it('stake that is delegated can be unstaked: the delegate is told', async () => {
    expect((await it_.act('delegate', friend.address.toString())).code).toBe(0);
    expect((await it_.act('unstake', '100')).error).toBe('');
    expect(await held(friend.address.toString())).toMatchObject({ inn: toNano('200').toString() });
    expect((await it_.act('undelegate')).code).toBe(0);
  });

  it.each([
    ['delegate', ['delegate', 'EQxx'], 2, 'delegate: "EQxx" is no address'],
    ['undelegate, without a delegation', ['undelegate'], 3, 'You delegate nothing'],
    ['unstake, more than there is', ['unstake', '1000'], 3, 'You have 200.000000000 TON active, less than'],
    ['topup, of something else', ['topup', 'root', '1'], 2, '"root" cannot be topped up'],
    ['vote, on nothing', ['vote', '7', 'yes'], 3, 'There is no proposal 7'],
    ['propose, before the DAO is active', ['propose', 'nofile'], 3, 'The DAO is not active yet'],
    ['activate, too early', ['activate'], 3, 'The DAO has too little stake or too few members'],
  ])('%s is refused before anything is sent', async (_, args, code, text) => {
    const before = await it_.chain.account(it_.wallet.address);
    const result = await it_.act(...args);
    expect([result.code, result.error]).toEqual([code, expect.stringContaining(text)]);
    expect((await it_.chain.account(it_.wallet.address)).last).toEqual(before.last);
  });

  it('refuses to delegate to oneself, and to two members at once; to another afterwards it does', async () => {
    expect((await it_.act('delegate', me())).error).toContain('You cannot delegate to yourself');
    const third = await it_.person();
    expect((await it_.act('delegate', friend.address.toString())).code).toBe(0);
    const other = await it_.act('delegate', third.address.toString());
    expect([other.code, other.error]).toEqual([3, expect.stringContaining('there is one delegate each')]);
    expect((await it_.act('undelegate')).code).toBe(0);
    expect((await it_.act('delegate', third.address.toString())).error).toBe('');
    expect((await it_.act('undelegate')).code).toBe(0);
  });

  it('who is no member is told how to become one', async () => {
    const stranger = await it_.person();
    for (const args of [['unstake', '1'], ['withdraw'], ['sync'], ['delegate', me()], ['undelegate']]) {
      const result = await it_.actAs(stranger, ...args);
      expect([result.code, result.error]).toEqual([3, expect.stringContaining('has no stake in this DAO')]);
    }
  });

  it.each([['dao'], ['vault'], ['stake']])('topup gives the %s coins, all of which stay there', async (target) => {
    const status = JSON.parse((await it_.cli('status', '--json')).out);
    const unsigned = await it_.cli('topup', target, '1', '--unsigned', '--member', me());
    const { address } = JSON.parse(unsigned.out);
    if (target !== 'stake') expect(address).toBe(status[target]);
    const to = Address.parse(address);
    const before = (await it_.chain.account(to)).balance;
    const done = await it_.act('topup', target, '1.5');
    expect([done.code, done.error]).toEqual([0, '']);
    const gained = (await it_.chain.account(to)).balance - before;
    expect(gained).toBeGreaterThan(toNano('1.49'));
    expect(gained).toBeLessThanOrEqual(toNano('1.5'));
  });

  it('--dry-run with a wallet shows the plan and sends nothing; with --json it is one document', async () => {
    const before = await it_.chain.account(it_.wallet.address);
    const shown = await it_.act('unstake', '50', '--dry-run');
    expect(shown.out).toMatch(/Plan: unstake 50[\s\S]*Messages\n {2}you -> your Stake: stakeUnstake[\s\S]*Dry run/);
    const { out, error } = await it_.act('unstake', '50', '--dry-run', '--json');
    expect(JSON.parse(out)).toMatchObject({
      sent: false,
      amount: toNano('0.5').toString(),
      address: expect.any(String),
    });
    expect(error).toContain('Dry run: nothing was sent');
    expect((await it_.chain.account(it_.wallet.address)).last).toEqual(before.last);
  });

  it('--json tells each hop and the result in one document; progress goes to standard error', async () => {
    const { code, out, error } = await it_.act('stake', '10', '--json');
    expect(code).toBe(0);
    const told = JSON.parse(out);
    expect(told).toMatchObject({ sent: true, moved: toNano('10').toString() });
    expect(told.hops.map(({ op, name, ok }: Record<string, unknown>) => [op, name, ok])).toEqual([
      ['stakeDeposit', 'stake', true],
      ['daoStakeAdd', 'dao', true],
      ['stakeActivated', 'stake', true],
    ]);
    expect(error).toContain('Sent. Waiting for the chain');
  });

  it('a wallet that holds too little is told what it needs', async () => {
    const result = await it_.act('stake', '200000');
    expect([result.code, result.error]).toEqual([
      3,
      expect.stringMatching(/holds [\d.]+ TON, 200000\.55\d+ TON are needed/),
    ]);
  });
});
