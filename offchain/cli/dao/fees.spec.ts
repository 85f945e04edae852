import { writeFileSync } from 'node:fs';
import { modelHash } from '@cocoon/sdk';
import { toNano } from '@ton/core';
import { DAY, type DaoNet, daoNet, type Person } from './testing/dao-net';

jest.setTimeout(240_000);

/** K3 of the governance design: the estimate is no less than what is paid, and no more than 1.3 times it. */
describe('the fee that each write announces is what it costs, within 30 % and never less', () => {
  let it_: DaoNet;
  let friend: Person;
  beforeAll(async () => {
    it_ = await daoNet({ earlyStake: toNano('600') });
    friend = await it_.person('v4');
  });
  afterAll(() => it_.close());

  const told: Record<string, number> = {};
  async function measured(name: string, by: Person | undefined, ...args: string[]): Promise<void> {
    const all = [...args, '--json'];
    const { code, out, error } = by === undefined ? await it_.act(...all) : await it_.actAs(by, ...all);
    if (code !== 0) throw new Error(`${name}: ${error}`);
    const { estimated, paid } = JSON.parse(out).fees;
    told[name] = Number(estimated) / Number(paid);
  }
  async function propose(name: string, by: Person | undefined, ...actions: string[]): Promise<void> {
    const path = `${it_.walletFile}.yaml`;
    const list = actions.length === 0 ? '' : `actions:\n${actions.map((each) => `  - ${each}\n`).join('')}`;
    writeFileSync(path, `title: A change of some things\nuri: https://example.org/1\ntext: Why.\n${list}`);
    await measured(name, by, 'propose', path);
  }
  const models = (count: number) => Array.from({ length: count }, (_, i) => `{type: add_model, model: m${i}}`);

  it('for stake and votes, from the first deposit to the withdrawal', async () => {
    await measured('sync', undefined, 'sync');
    await measured('first deposit', friend, 'stake', '600');
    await measured('deposit', friend, 'stake', '50');
    await it_.advance(8 * DAY);
    await measured('activate', friend, 'activate');
    await propose(
      'propose four',
      undefined,
      ...models(2),
      `{type: transfer, to: "${friend.address}", amount: 1 TON}`,
      '{type: change_price, price_per_token: 30 nanoTON, worker_fee_per_token: 29 nanoTON}',
    );
    await propose('propose a text', friend);
    await measured('cancel', friend, 'cancel', '2');
    await propose('propose rules', friend, '{type: dao_params, bond: 60 TON}');
    await it_.advance(DAY);
    await measured('vote', undefined, 'vote', '1', 'no');
    await measured('change of vote', undefined, 'vote', '1', 'yes');
    await measured('vote with a long reason', friend, 'vote', '1', 'yes', '--reason', 'because '.repeat(64));
    await measured('vote on another', friend, 'vote', '3', 'no');
    await it_.advance(5 * DAY);
    await measured('finalize', friend, 'finalize', '1');
    await measured('finalize, defeated', friend, 'finalize', '3');
    await it_.advance(2 * DAY);
    await measured('execute', friend, 'execute', '1');
    for (const target of ['dao', 'vault', 'stake', '1'])
      await measured(`topup ${target}`, friend, 'topup', target, '1');
    await measured('delegate', undefined, 'delegate', friend.address.toString());
    await measured('unstake while delegated', undefined, 'unstake', '10');
    await measured('undelegate', undefined, 'undelegate');
    await measured('unstake', undefined, 'unstake', '10');
    await it_.advance(25 * DAY);
    await measured('withdraw', undefined, 'withdraw');
  });

  it('for the guardian', async () => {
    await propose('propose one', undefined, ...models(1).map((each) => each.replace('m0', 'again')));
    await it_.advance(DAY);
    await measured('vote again', undefined, 'vote', '4', 'yes');
    await it_.advance(5 * DAY);
    await measured('finalize again', undefined, 'finalize', '4');
    await measured('veto', undefined, 'veto', '4', '--reason', 'because '.repeat(64));
    await measured('pause', undefined, 'pause', '--days', '2');
    const hash = modelHash('m0').toString('hex');
    await measured('revoke', undefined, 'revoke', 'model', hash);
  });

  it('in all of them', () => {
    const wrong = Object.entries(told).filter(([, ratio]) => ratio < 1 || ratio > 1.3);
    expect(Object.fromEntries(wrong)).toEqual({});
    expect(Object.keys(told)).toHaveLength(30);
  });
});
