import { writeFileSync } from 'node:fs';
import { modelHash, parseRootData } from '@cocoon/sdk';
import { DAY, type DaoNet, daoNet, type Person } from './testing/dao-net';

jest.setTimeout(120_000);

describe('what proposer and guardian can stop, against a local chain', () => {
  let it_: DaoNet;
  let stranger: Person;
  const hash = modelHash('a-model').toString('hex');
  beforeAll(async () => {
    it_ = await daoNet();
    stranger = await it_.person();
    await it_.act('stake', '1000');
    await it_.advance(8 * DAY);
    await it_.act('activate');
  });
  afterAll(() => it_.close());

  async function propose(...actions: string[]): Promise<void> {
    const file = `${it_.walletFile}.yaml`;
    const list = actions.map((each) => `  - ${each}\n`).join('');
    writeFileSync(file, `title: A change\nuri: https://example.org/1\ntext: Why.\nactions:\n${list}`);
    expect((await it_.act('propose', file)).error).toBe('');
  }
  async function queue(id: string): Promise<void> {
    await it_.advance(DAY);
    expect((await it_.act('vote', id, 'yes')).error).toBe('');
    await it_.advance(5 * DAY);
    expect((await it_.act('finalize', id)).out).toContain(`Proposal ${id} is queued`);
  }
  const models = async () => parseRootData((await it_.chain.account(it_.root.address)).data!).modelHashes;
  const stateOf = async (id: string) => JSON.parse((await it_.cli('show', id, '--json')).out).state;

  it('cancel is for the proposer, before voting starts; the bond comes back', async () => {
    await propose(`{type: add_model, hash: ${hash}}`);
    const other = await it_.actAs(stranger, 'cancel', '1');
    expect([other.code, other.error]).toEqual([3, expect.stringContaining(`Only ${it_.wallet.address} may do this`)]);
    const { balance } = await it_.chain.account(it_.wallet.address);
    const done = await it_.act('cancel', '1');
    expect([done.code, done.error]).toEqual([0, '']);
    expect(done.out).toContain('Proposal 1 is cancelled');
    expect((await it_.chain.account(it_.wallet.address)).balance - balance).toBeGreaterThan(49n * 10n ** 9n);
    const again = await it_.act('cancel', '1');
    expect([again.code, again.error]).toEqual([3, expect.stringContaining('Proposal 1 is cancelled')]);
  });

  it('veto stops what is queued, for the guardian only; the same actions can pass a second time', async () => {
    await propose(`{type: add_model, hash: ${hash}}`);
    const early = await it_.act('veto', '2', '--reason', 'no');
    expect([early.code, early.error]).toEqual([3, expect.stringContaining('no waiting operation 2')]);
    await queue('2');
    const other = await it_.actAs(stranger, 'veto', '2', '--reason', 'no');
    expect([other.code, other.error]).toEqual([3, expect.stringContaining('Only')]);
    const long = await it_.act('veto', '2', '--reason', 'x'.repeat(513));
    expect([long.code, long.error]).toEqual([2, expect.stringContaining('longer than 512 bytes')]);
    const done = await it_.act('veto', '2', '--reason', 'A wrong hash.');
    expect([done.code, done.error]).toEqual([0, '']);
    expect(await stateOf('2')).toBe('vetoed');
    await it_.advance(2 * DAY);
    const executed = await it_.act('execute', '2');
    expect([executed.code, executed.error]).toEqual([3, expect.stringContaining('Proposal 2 is vetoed')]);

    await propose(`{type: add_model, hash: ${hash}}`);
    await queue('3');
    const second = await it_.act('veto', '3', '--reason', 'no');
    expect([second.code, second.error]).toEqual([3, expect.stringContaining('cannot be vetoed again')]);
  });

  it('pause holds every execution back, once, and only for so long', async () => {
    const days = await it_.act('pause', '--days', '8');
    expect([days.code, days.error]).toEqual([2, expect.stringContaining('not 1 to 7')]);
    expect((await it_.actAs(stranger, 'pause', '--days', '2')).code).toBe(3);
    const done = await it_.act('pause', '--days', '3');
    expect([done.code, done.error]).toEqual([0, '']);
    expect((await it_.cli('status')).out).toMatch(/paused +until 2026/);
    // The guardian has one in 60 days: the command says so itself.
    const again = await it_.act('pause', '--days', '1');
    expect([again.code, again.error]).toEqual([3, expect.stringContaining('once in 60 days')]);
    await it_.advance(2 * DAY);
    const held = await it_.act('execute', '3');
    expect([held.code, held.error]).toEqual([3, expect.stringContaining('The guardian has paused the Vault')]);
    await it_.advance(DAY);
    const executed = await it_.act('execute', '3');
    expect([executed.code, executed.error]).toEqual([0, '']);
    expect(await models()).toContain(hash);
  });

  it('revoke takes an entry off a list of the root at once', async () => {
    const wrong = await it_.act('revoke', 'model', 'abc');
    expect([wrong.code, wrong.error]).toEqual([2, expect.stringContaining('"abc" is no hash')]);
    expect((await it_.act('revoke', 'book', hash)).error).toContain('"book" is no list');
    expect((await it_.act('revoke', 'proxy', 'x')).error).toContain('no number of a proxy');
    expect((await it_.actAs(stranger, 'revoke', 'model', hash)).code).toBe(3);
    const done = await it_.act('revoke', 'model', hash);
    expect([done.code, done.error]).toEqual([0, '']);
    expect(await models()).not.toContain(hash);
  });

  it('history tells all of it, newest first, and nothing that was refused', async () => {
    const told = JSON.parse((await it_.cli('history', '--json')).out) as { kind: string; text: string }[];
    expect(told.map(({ kind }) => kind)).toEqual([
      ...['revoked', 'executed', 'paused'],
      ...['queued', 'passed', 'proposed'],
      ...['vetoed', 'queued', 'passed', 'proposed'],
      ...['cancelled', 'proposed', 'activated', 'staked', 'set up'],
    ]);
    const { out } = await it_.cli('history', '--limit', '6');
    expect(out.trim().split('\n')).toHaveLength(6);
    expect(out).toContain(`the guardian took model ${hash} off the root's lists`);
    expect(told.map(({ text }) => text)).toContain('the guardian vetoed proposal 2: A wrong hash.');
    const mine = await it_.cli('history', '--member', stranger.address.toString());
    expect(mine.out).toBe('Nothing has happened yet.\n');
    expect((await it_.cli('history', '--limit', '0')).code).toBe(2);
  });

  it('what the Dao would refuse is refused before the bond is sent', async () => {
    await it_.actAs(stranger, 'stake', '20');
    const file = `${it_.walletFile}.json`;
    writeFileSync(
      file,
      JSON.stringify({ title: 'JSON is YAML', uri: 'u', text: 'w', actions: [{ type: 'add_model', hash }] }),
    );
    await it_.advance(DAY);
    const poor = await it_.actAs(stranger, 'propose', file);
    expect([poor.code, poor.error]).toEqual([3, expect.stringMatching(/your weight of 20000000000 nanoTON is below/)]);
    const dry = await it_.act('propose', file, '--dry-run');
    expect([dry.code, dry.out]).toEqual([0, expect.stringContaining('Proposal: JSON is YAML')]);
    writeFileSync(file, JSON.stringify({ title: 'Old', uri: 'u', sha256: '00', actions: [{ do: 'addModel' }] }));
    const old = await it_.act('propose', file);
    expect([old.code, old.error]).toEqual([2, expect.stringContaining('See docs/governance-tools.md for its form')]);
    expect((await it_.act('propose', '/nonexistent')).error).toContain('/nonexistent cannot be read (ENOENT)');
  });
});
