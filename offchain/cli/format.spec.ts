import { group, table, ton } from './format';

describe('amounts for people', () => {
  it('groups thousands', () => {
    expect([group(0), group(999n), group(1000n), group(-1234567n)]).toEqual(['0', '999', '1 000', '-1 234 567']);
  });

  it('shows nanoTON as TON with all nine decimals', () => {
    expect([ton(0n), ton(16_600n), ton(15_000_000_000n), ton(-1n)]).toEqual([
      '0.000000000 TON',
      '0.000016600 TON',
      '15.000000000 TON',
      '-0.000000001 TON',
    ]);
  });

  it('aligns columns by their widest cell and leaves no trailing blanks', () => {
    const text = table(
      [
        ['who', 'nano', 'step'],
        ['client', '16 600', ''],
      ],
      ['left', 'right', 'left'],
    );
    expect(text).toBe('  who       nano  step\n  client  16 600');
  });
});
