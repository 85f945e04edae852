import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { modelHash } from '@cocoon/sdk';
import { beginCell } from '@ton/core';
import { DAY, type DaoNet, daoNet, type Person } from './testing/dao-net';

jest.setTimeout(120_000);

describe('simulate executes on a copy of the chain what a proposal would do', () => {
  let it_: DaoNet;
  let other: Person;
  beforeAll(async () => {
    it_ = await daoNet();
    other = await it_.person();
    await it_.act('stake', '1000');
    await it_.actAs(other, 'stake', '1000');
    await it_.advance(8 * DAY);
    await it_.act('activate');
  });
  afterAll(() => it_.close());

  async function propose(by: Person | undefined, ...actions: string[]): Promise<void> {
    const file = `${it_.walletFile}.yaml`;
    const list = actions.map((each) => `  - ${each}\n`).join('');
    writeFileSync(file, `title: A change\nuri: https://example.org/1\ntext: Why.\nactions:\n${list}`);
    const made = by === undefined ? await it_.act('propose', file) : await it_.actAs(by, 'propose', file);
    expect(made.error).toBe('');
  }
  const simulated = async (id: string) => {
    const result = await it_.cli('simulate', id, '--json');
    return { ...result, told: JSON.parse(result.out) };
  };
  const hash = modelHash('m').toString('hex');

  it('tells exit codes, changes of the root, coins and gas, and sends nothing', async () => {
    await propose(
      undefined,
      '{type: add_model, model: m}',
      `{type: transfer, to: "${other.address}", amount: 2 TON}`,
      '{type: change_price, price_per_token: 30 nanoTON, worker_fee_per_token: 29 nanoTON}',
    );
    const before = await it_.chain.account(it_.root.address);
    const { code, out } = await it_.cli('simulate', '1');
    expect(code).toBe(0);
    expect(out).toMatch(/1\. rootAddModelType -> root \S+: ok, exit code 0, \d+ gas/);
    expect(out).toMatch(/2\. coins -> not of this DAO \S+: ok, exit code 0/);
    const { told } = await simulated('1');
    expect(told.now.root).toEqual([
      { field: 'version', before: expect.any(String), after: expect.any(String) },
      { field: 'paramsVersion', before: '1', after: '2' },
      { field: 'pricePerToken', before: '20 nanoTON', after: '30 nanoTON' },
      { field: 'workerFeePerToken', before: '19 nanoTON', after: '29 nanoTON' },
      { field: `modelHashes ${hash}`, before: 'none', after: 'listed' },
    ]);
    const paid = told.now.balances.find(({ address }: { address: string }) => address === other.address.toString());
    // The wallet there is a contract and pays for taking them.
    expect(Number(BigInt(paid.after) - BigInt(paid.before))).toBeCloseTo(2e9, -6);
    expect(told.now.gas).toBeGreaterThan(told.now.vault.gas);
    expect(told).not.toHaveProperty('later');
    expect((await it_.chain.account(it_.root.address)).last).toEqual(before.last);
  });

  it('names what fails: an operation that the root does not know, and more coins than there are', async () => {
    await propose(other, `{type: raw, to: "${it_.root.address}", amount: 0.1 TON, body: ${unknownBody()}}`);
    const unknown = await simulated('2');
    expect(unknown.code).toBe(1);
    expect(unknown.told.now.vault.ok).toBe(true);
    expect(unknown.told.now.actions).toMatchObject([{ op: '0x12345678', target: 'root', exitCode: 1012, ok: false }]);
    expect(unknown.error).toContain('action 1, 0x12345678 to root: exit code 1012 unknownOp');
    expect((await it_.actAs(other, 'cancel', '2')).error).toBe('');

    await propose(other, `{type: transfer, to: "${other.address}", amount: 900 TON}`);
    const poor = await simulated('3');
    expect([poor.code, poor.told.now.vault.ok]).toEqual([1, false]);
    expect(poor.error).toContain('the Vault does not execute it');
    expect((await it_.actAs(other, 'cancel', '3')).error).toBe('');
    const gone = await it_.cli('simulate', '3');
    expect([gone.code, gone.error]).toEqual([3, expect.stringContaining('Proposal 3 is cancelled')]);
  });

  it('carries out first what is queued before it: a conflict is seen that the present state hides', async () => {
    await propose(other, '{type: change_price, price_per_token: 40 nanoTON, worker_fee_per_token: 29 nanoTON}');
    await it_.advance(DAY);
    for (const id of ['1', '4']) expect((await it_.act('vote', id, 'yes')).error).toBe('');
    await it_.advance(5 * DAY);
    expect((await it_.act('finalize', '1')).out).toContain('is queued');
    await it_.advance(3_600);
    expect((await it_.act('finalize', '4')).out).toContain('is queued');
    const { code, told, error } = await simulated('4');
    expect(code).toBe(1);
    expect(told.now.actions).toMatchObject([{ ok: true }]);
    expect(told.later.before).toEqual([{ id: 1, ok: true, outcome: 'ok' }]);
    expect(told.later.actions).toMatchObject([{ ok: false, exitCode: 1020 }]);
    expect(error).toContain('exit code 1020');
  });

  it('executes what a pause holds back as of its end', async () => {
    expect((await it_.act('pause', '--days', '7')).error).toBe('');
    const { told } = await simulated('1');
    expect(told.now.vault.ok).toBe(true);
  });
});

it('no other command loads the emulator', () => {
  const script = `require('./offchain/cli/dao/index.ts');
    console.log(Object.keys(require.cache).filter((file) => /@ton.sandbox|localnet/.test(file)).join());`;
  const root = path.join(__dirname, '../../..');
  const out = execFileSync(process.execPath, ['--import', 'tsx', '-e', script], { cwd: root, encoding: 'utf8' });
  expect(out.trim()).toBe('');
});

/** An operation that no contract knows, and a query id. */
function unknownBody(): string {
  return beginCell().storeUint(0x12345678, 32).storeUint(1, 64).endCell().toBoc().toString('hex');
}
