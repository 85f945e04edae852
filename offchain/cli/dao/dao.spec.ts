import { chmodSync, writeFileSync } from 'node:fs';
import { modelHash } from '@cocoon/sdk';
import { DAY, type DaoNet, daoNet } from './testing/dao-net';

jest.setTimeout(120_000);

describe('cocoon dao, against a local chain', () => {
  let it_: DaoNet;
  beforeAll(async () => {
    it_ = await daoNet();
  });
  afterAll(() => it_.close());

  async function proposeModel(): Promise<void> {
    const file = `${it_.walletFile}.yaml`;
    const head = 'title: Add a model\nuri: https://example.org/1\ntext: It is wanted.\nactions:\n';
    writeFileSync(file, `${head}  - type: add_model\n`);
    expect(await it_.act('propose', file)).toMatchObject({
      code: 2,
      error: expect.stringMatching(/line 5: actions\[0\]: give one of hash and model/),
    });
    writeFileSync(file, `${head}  - type: add_model\n    model: a-model\n`);
    const made = await it_.act('propose', file);
    expect(made.error).toBe('');
    expect(made.out).toContain('normal: every action is on the list of harmless ones');
    expect(made.out).toContain('Proposal 1 is made');
  }

  it('verifies a DAO that is as the release says', async () => {
    const { code, out } = await it_.cli('verify');
    expect(out).not.toContain('FAILED');
    expect(code).toBe(0);
  });

  it('takes a decision from the stake to the root', async () => {
    const staked = await it_.act('stake', '1000');
    expect(staked.error).toBe('');
    expect(staked.out).toContain('Active. It counts in proposals made from 2026-06-02');
    await it_.advance(8 * DAY);
    expect((await it_.act('activate')).out).toContain('The DAO is active');
    await proposeModel();

    const shown = await it_.cli('show', '1', '--member', it_.wallet.address.toString());
    expect(shown.error).toBe('');
    expect(shown.out).toContain(`hash: ${modelHash('a-model').toString('hex')}`);
    expect(shown.out).toContain('listed: not on the list -> on the list');
    expect(shown.out).toContain('class');
    expect(shown.out).toContain('normal');

    const early = await it_.act('vote', '1', 'yes');
    expect([early.code, early.error]).toEqual([3, expect.stringContaining('has not started')]);
    await it_.advance(DAY);
    const voted = await it_.act('vote', '1', '--split', '80,10,10', '--reason', 'good');
    expect(voted.error).toBe('');
    expect(voted.out).toContain('Counted (ack code 0)');
    expect((await it_.act('vote', '1', 'yes')).out).toContain('Counted');
    const votes = JSON.parse((await it_.cli('votes', '1', '--json')).out);
    expect(votes.votes).toMatchObject([{ owner: it_.wallet.address.toString(), yes: (1000n * 10n ** 9n).toString() }]);

    await it_.advance(5 * DAY);
    expect((await it_.act('finalize', '1')).out).toContain('Proposal 1 is queued');
    const listed = JSON.parse((await it_.cli('ls', '--state', 'queued', '--json')).out);
    expect(listed).toMatchObject([{ id: 1, state: 'queued', title: 'Add a model' }]);
    expect((await it_.act('execute', '1')).code).toBe(3);
    await it_.advance(2 * DAY);
    const executed = await it_.act('execute', '1', '--json');
    expect(executed.code).toBe(0);
    expect(JSON.parse(executed.out)).toMatchObject({ sent: true, result: ['Proposal 1 is executed.'] });
    expect((await it_.cli('show', '1')).out).toContain('listed: on the list -> on the list');
    const told = JSON.parse((await it_.cli('show', '1', '--json')).out);
    expect(told.actions).toMatchObject([
      {
        target: 'root',
        class: 'normal',
        body: { kind: 'known', name: 'rootAddModelType' },
        codeHash: expect.any(String),
      },
    ]);
    expect(told.actions[0].warnings).toContain('NO CHANGE: everything is as it says already');
  });

  it('says status, and what the member holds', async () => {
    const { out } = await it_.cli('status', '--member', it_.wallet.address.toString());
    expect(out).toContain('1000.000000000 TON of 1 members');
    expect(out).toContain('Your stake');
    expect(JSON.parse((await it_.cli('status', '--json')).out)).toMatchObject({ members: 1, active: true });
  });

  it('unstakes, and pays once it is released', async () => {
    expect((await it_.act('unstake', '100')).out).toContain('unbonding');
    const soon = await it_.act('withdraw');
    expect([soon.code, soon.error]).toEqual([3, expect.stringContaining('Nothing can be withdrawn yet')]);
    await it_.advance(22 * DAY);
    expect((await it_.act('withdraw')).out).toContain('100.000000000 TON came to');
  });

  it("signs by the chain's clock, also where that is ahead of this machine's", async () => {
    const ahead = Math.floor(Date.now() / 1000) + DAY - (await it_.chain.time());
    await it_.advance(Math.max(ahead, DAY));
    expect((await it_.act('stake', '100')).out).toContain('Active.');
  });

  it('prints a message to sign elsewhere, and shows a plan without sending', async () => {
    const me = it_.wallet.address.toString();
    const { out } = await it_.cli('stake', '5', '--member', me, '--unsigned');
    expect(JSON.parse(out)).toMatchObject({ amount: '5500000000', link: expect.stringMatching(/^ton:\/\/transfer\//) });
    expect((await it_.cli('stake', '5', '--member', me, '--dry-run')).out).toContain('Dry run: nothing was sent');
  });

  it.each([
    ['no wallet', ['stake', '5'], 2, 'Who acts?'],
    ['no amount', ['stake', 'many'], 2, 'is no amount'],
    ['an unknown state', ['ls', '--state', 'odd'], 2, 'there is no such state'],
    ['a proposal that is none', ['show', 'x'], 2, 'is not the number of a proposal'],
    ['a proposal that does not exist', ['show', '99'], 3, 'There is no proposal 99'],
    ['a damaged address', ['status', '--member', 'EQxx'], 2, '--member: "EQxx" is no address'],
    ['another DAO', ['status', '--dao', `0:${'1'.repeat(64)}`], 2, 'There is no DAO at'],
    ['a manifest that does not exist', ['status', '--manifest', '/nonexistent'], 2, 'does not exist'],
  ])('names what is wrong: %s', async (_, args, code, text) => {
    const result = await it_.cli(...args);
    const amountArgs = args[0] === 'stake' && args[1] === 'many';
    const actual = amountArgs ? await it_.act(...args) : result;
    expect([actual.code, actual.error]).toEqual([code, expect.stringContaining(text)]);
  });

  it('refuses a wallet file that others may read', async () => {
    chmodSync(it_.walletFile, 0o644);
    const result = await it_.act('stake', '5');
    chmodSync(it_.walletFile, 0o600);
    expect([result.code, result.error]).toEqual([2, expect.stringContaining('others may read this file')]);
  });
});
