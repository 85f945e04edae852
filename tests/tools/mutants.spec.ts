import { contractCode } from '../../sdk/generated/code';
import { compileOne, daoContractNames, networkContractNames, readSources } from '../../tools/compile-contracts';
import { type Mutant, mutantsOf, type Operator } from '../../tools/mutation/mutants';
import { contractsOf, importsOf, orderSpecs, ownersOf } from '../../tools/mutation/run-mutant';
import { findBodies, maskComments } from '../../tools/mutation/tact-source';

/** Mutants of a receiver with this body. */
function ofBody(body: string, operator?: Operator): Mutant[] {
  const source = `contract C(\n    x: Int as coins,\n) {\n    receive(msg: Ask) {\n        ${body}\n    }\n}\n`;
  const all = mutantsOf('c.tact', source);
  return operator === undefined ? all : all.filter((mutant) => mutant.operator === operator);
}

/** What stands in the receiver of each mutant, white space collapsed. */
const bodiesOf = (mutants: readonly Mutant[]) =>
  mutants.map(({ source }) =>
    /receive\(msg: Ask\) \{([\s\S]*)\}\s*\}\s*$/.exec(source)![1]!.replace(/\s+/g, ' ').trim(),
  );

describe('mutant', () => {
  test('drops a guard, and one that is a call of its own', () => {
    expect(bodiesOf(ofBody('throwIf(1, self.x == 2);'))).toEqual(['']);
    expect(bodiesOf(ofBody('requireFunds(0);'))).toEqual(['']);
    expect(bodiesOf(ofBody('self.requireOwner();'))).toEqual(['']);
    expect(ofBody('self.requireOwner();')[0]!.operator).toBe('drop guard');
  });

  test('drops a guard without dropping what its condition reads', () => {
    expect(bodiesOf(ofBody('throwUnless(1, s.loadUint(8) == 3);'))).toEqual(['if (s.loadUint(8) == 3) {}']);
  });

  test('drops a call, an assignment and a sum', () => {
    expect(bodiesOf(ofBody('msg.tail.endParse();'))).toEqual(['']);
    expect(bodiesOf(ofBody('self.x = 1;'))).toEqual(['']);
    expect(bodiesOf(ofBody('self.x += y;', 'drop assignment'))).toEqual(['']);
  });

  test('leaves declarations and returns alone, and reading past a field', () => {
    expect(ofBody('let y = f(1);')).toEqual([]);
    expect(ofBody('return f(1);')).toEqual([]);
    expect(ofBody('s.skipBits(64);')).toEqual([]);
  });

  test('moves each boundary', () => {
    const moved = (comparison: string) => bodiesOf(ofBody(`let y = ${comparison};`, 'move boundary'));
    expect(moved('a >= b')).toEqual(['let y = a > b;']);
    expect(moved('a > b')).toEqual(['let y = a >= b;']);
    expect(moved('a <= b')).toEqual(['let y = a < b;']);
    expect(moved('a < b')).toEqual(['let y = a <= b;']);
  });

  test('takes neither a shift nor a type for a comparison', () => {
    expect(ofBody('let y = (a << 2) >> 1;')).toEqual([]);
    expect(ofBody('let y: map<Int, Cell> = emptyMap();')).toEqual([]);
  });

  test('replaces min and max by either argument', () => {
    expect(bodiesOf(ofBody('let y = min(f(a, b), self.x);', 'replace min/max'))).toEqual([
      'let y = (f(a, b));',
      'let y = (self.x);',
    ]);
  });

  test('changes a lone mode and takes each flag out of a sum', () => {
    expect(bodiesOf(ofBody('f(x, SendRemainingBalance);', 'change mode'))).toEqual(['f(x, SendRemainingValue);']);
    expect(bodiesOf(ofBody('f(x, SendPayFwdFeesSeparately | SendIgnoreErrors);', 'change mode'))).toEqual([
      'f(x, SendIgnoreErrors);',
      'f(x, SendPayFwdFeesSeparately);',
    ]);
    expect(bodiesOf(ofBody('nativeReserve(x, ReserveExact);', 'change mode'))).toEqual([
      'nativeReserve(x, ReserveAtMost);',
    ]);
  });

  test('swaps plus and minus, but not in lengths', () => {
    expect(bodiesOf(ofBody('let y = self.x - coins;'))).toEqual(['let y = self.x + coins;']);
    expect(bodiesOf(ofBody('let y = n + 1;'))).toEqual(['let y = n - 1;']);
    expect(ofBody('let y = TAIL + 32;')).toEqual([]);
  });

  test('swaps and and or, flips an equality that is not all of a guard', () => {
    expect(bodiesOf(ofBody('if (a == b || c) { return; }'))).toEqual([
      'if (a != b || c) { return; }',
      'if (a == b && c) { return; }',
    ]);
  });

  test('never comes from a comment, a string or assembly', () => {
    expect(ofBody('// self.x = 1;\n        /* throw(1); */ return "a >= b; f();";')).toEqual([]);
    expect(mutantsOf('a.tact', 'asm fun f(a: Int): Int { 1 INT ADD }\n')).toEqual([]);
  });

  test('is named by its text: the same when lines move, numbered when there are twins', () => {
    const ids = ofBody('f();').map(({ id }) => id);
    expect(ofBody('\n\n        // why\n        f();').map(({ id }) => id)).toEqual(ids);
    expect(ids).toEqual(['c.tact › receive(Ask) › drop call › f(); → (nothing)']);
    expect(ofBody('f(); f();').map(({ id }) => id)).toEqual([ids[0], `${ids[0]} (2)`]);
  });
});

describe('statements', () => {
  test('are found inside blocks, struct literals and chains intact', () => {
    const code =
      'fun f() { if (a) { b(); } else if (c) { d = S { e: 1, g }; } else { h(); } do { i(); } until (j); k() }';
    const [body] = findBodies(code);
    expect(body!.label).toBe('fun f');
    expect(body!.statements.map(({ start, end }) => code.slice(start, end))).toEqual([
      'b();',
      'd = S { e: 1, g };',
      'h();',
      'i();',
      'k()',
    ]);
  });

  test('keep their positions under the mask', () => {
    const source = 'a(); // b\n"c\\"d" /* e\nf */ g';
    const masked = maskComments(source);
    expect(masked).toHaveLength(source.length);
    expect(masked.replace(/ +/g, ' ')).toBe('a(); \n \n g');
  });
});

describe('mutants of the contracts', () => {
  const sources = readSources();
  const all = [...sources].flatMap(([file, content]) => mutantsOf(file, content.toString('utf8')));

  test('each have a name of their own and change the source', () => {
    expect(all.length).toBeGreaterThan(200);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const { file, source } of all) expect(source).not.toBe(sources.get(file)!.toString('utf8'));
  });

  test.each(['drop guard', 'change mode', 'swap plus/minus'])('compile: %s', async (operator) => {
    const { file, source } = all.find((mutant) => mutant.file === 'worker.tact' && mutant.operator === operator)!;
    const boc = await compileOne('worker', new Map(sources).set(file, Buffer.from(source)), { quiet: true });
    expect(boc.equals(Buffer.from(contractCode.worker.boc, 'base64'))).toBe(false);
  });
});

describe('tests for a mutant', () => {
  test('are those of the contracts made of the file', () => {
    const sources = new Map(
      Object.entries({
        'proxy.tact': 'import "./common/books";\ncontract P() {}',
        'worker.tact': 'contract W() {}',
        'common/books.tact': 'import "./more";\n',
        'common/more.tact': '',
      }).map(([file, text]) => [file, Buffer.from(text)]),
    );
    expect([...importsOf('proxy.tact', sources)]).toEqual(['proxy.tact', 'common/books.tact', 'common/more.tact']);
    expect(contractsOf('common/more.tact', sources, networkContractNames)).toEqual(['proxy']);
  });

  test('run the former killer first, then what bears the name, then the quick ones', () => {
    const known = [
      { spec: 'tests/flows/money.spec.ts', seconds: 1, contracts: ['proxy' as const] },
      { spec: 'tests/contracts/parity.spec.ts', seconds: 9, contracts: ['proxy' as const] },
      { spec: 'tests/contracts/proxy.spec.ts', seconds: 3, contracts: ['proxy' as const] },
      { spec: 'tests/contracts/wallet.spec.ts', seconds: 1, contracts: ['wallet' as const] },
    ];
    expect(orderSpecs(known, ['proxy'], 'tests/contracts/parity.spec.ts › some test')).toEqual([
      'tests/contracts/parity.spec.ts',
      'tests/contracts/proxy.spec.ts',
      'tests/flows/money.spec.ts',
    ]);
  });
});
