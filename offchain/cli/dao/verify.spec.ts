import { contractCode } from '@cocoon/sdk';
import { beginCell, Cell } from '@ton/core';
import { type DaoNet, type DaoNetOptions, daoNet } from './testing/dao-net';

jest.setTimeout(120_000);

/** The same behaviour under another hash: a reference that nothing reads. */
function otherCode(): Cell {
  const code = Cell.fromBase64(contractCode.dao.boc);
  return beginCell().storeSlice(code.beginParse()).storeRef(beginCell().endCell()).endCell();
}

describe('verify names what is not as this release says', () => {
  let it_: DaoNet;
  afterEach(() => it_.close());

  it.each<[string, DaoNetOptions, string[], string]>([
    [
      'a Dao of other code',
      { daoCode: otherCode() },
      ["code of the dao is this release's"],
      otherCode().hash().toString('hex'),
    ],
    ['a root that is not the Vault’s', { rootStays: true }, ['root belongs to the Vault'], 'FAILED'],
    [
      'a deployer that has not let go',
      { notSetUp: true },
      ['governor is the DAO', 'initialised, the deployer has no power'],
      'may still take over',
    ],
  ])('%s', async (_, options, failing, detail) => {
    it_ = await daoNet(options);
    const { code, out, error } = await it_.cli('verify', '--json');
    expect(code).toBe(1);
    const { ok, checks } = JSON.parse(out) as { ok: boolean; checks: { name: string; ok: boolean }[] };
    expect(ok).toBe(false);
    expect(checks.filter((each) => !each.ok).map(({ name }) => name)).toEqual(failing);
    expect(error).toContain(`${failing.length} of ${checks.length} checks failed: ${failing.join('; ')}`);
    expect((await it_.cli('verify')).out).toContain(detail);
  });
});
