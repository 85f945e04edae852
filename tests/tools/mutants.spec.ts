import { Cell } from '@ton/core';
import { contractCode } from '../../sdk/generated/code';
import { compileOne, daoContractNames, networkContractNames, readSources } from '../../tools/compile-contracts';
import { isSenderGuard, listed, namedMutants } from '../../tools/mutation/dao-mutants';
import { graft } from '../../tools/mutation/graft';
import { type Mutant, mutantsOf, type Operator } from '../../tools/mutation/mutants';
import { contractsOf, exitCodeIn, importsOf, orderSpecs, ownersOf } from '../../tools/mutation/run-mutant';
import { findBodies, maskComments } from '../../tools/mutation/tact-source';
import { targets } from '../../tools/mutation/targets';

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

  test('belong to whoever is made of the file itself, not to who carries its code', () => {
    const carried = new Map(
      Object.entries({
        'dao/stake.tact': 'import "./votes";\n',
        'dao/votes.tact': 'import "./time";\n',
        'dao/time.tact': '',
        'dao/dao.tact': 'import "./stake";\nimport "./time";\n',
      }).map(([file, text]) => [file, Buffer.from(text)]),
    );
    expect(contractsOf('dao/votes.tact', carried, daoContractNames)).toEqual(['stake', 'dao']);
    expect(ownersOf('dao/votes.tact', carried, daoContractNames)).toEqual(['stake']);
    expect(ownersOf('dao/time.tact', carried, daoContractNames)).toEqual(['stake', 'dao']);
  });

  test('about the same exit code come first, also where a function throws it', () => {
    const sources = new Map([['a.tact', Buffer.from('fun requireMember(x: Int) { throwUnless(ERR_NOT_OWNER, x); }')]]);
    const guard = (text: string) => `a.tact › receive(A) › drop guard › ${text} → (nothing)`;
    expect(exitCodeIn(guard('throwIf(ERR_LOW_MSG_VALUE, x);'), sources)).toBe('lowMsgValue');
    expect(exitCodeIn(guard('self.requireMember(1);'), sources)).toBe('notOwner');
    expect(exitCodeIn('a.tact › receive(A) › drop call › f(); → (nothing)', sources)).toBeNull();
    const known = ['a', 'b'].map((name) => ({
      spec: `tests/proxy-${name}.spec.ts`,
      seconds: 1,
      contracts: ['proxy' as const],
    }));
    expect(orderSpecs(known, ['proxy'], undefined, ['proxy'], (spec) => spec.includes('-b'))[0]).toContain('proxy-b');
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

describe('mutants of the DAO', () => {
  const sources = readSources();

  test('name each mistake that the design calls fatal at least once, by a name of its own', () => {
    const named = namedMutants(sources);
    for (const mistake of listed) expect(named.filter(({ id }) => id.includes(` › ${mistake} › `))).not.toEqual([]);
    expect(new Set(named.map(({ id }) => id)).size).toBe(named.length);
    for (const { file, source } of named) expect(source).not.toBe(sources.get(file)!.toString('utf8'));
  });

  test('are not made of sources that have moved on: the list must follow', () => {
    const moved = new Map(sources).set('dao/tally.tact', Buffer.from('fun nothing() {}'));
    expect(() => namedMutants(moved)).toThrow('dao/tally.tact has 0 places for "quorum on yes+no"');
  });

  test('drop the check of the sender wherever an operation has one', () => {
    const guards = targets.dao
      .mutants(sources)
      .map(({ id }) => id)
      .filter(isSenderGuard);
    // Operations that anybody may send: they pay for themselves and decide nothing.
    const open = new Set(['TopUp', 'Slice', 'DaoActivate', 'ProposalFinalize', 'ProposalCleanup', 'VaultExecute']);
    for (const name of ['List', 'PayRent', 'Evict', 'Recheck', 'Withdraw']) open.add(`Registrar${name}`);
    // They end in a function of their own that looks at the sender.
    for (const name of ['OpDone', 'OpVetoed']) open.add(name);
    for (const [file, content] of sources) {
      if (!file.startsWith('dao/')) continue;
      for (const [, message] of content.toString('utf8').matchAll(/receive\(msg: (\w+)\)/g)) {
        if (open.has(message!)) continue;
        const found = guards.some((id) => id.startsWith(`${file} › receive(${message}) › `));
        expect([file, message, found]).toEqual([file, message, true]);
      }
    }
  });
});

describe('the code of a contract that carries another', () => {
  test('has the other one replaced everywhere, and nothing else', () => {
    const [stake, proposal] = [contractCode.stake, contractCode.proposal].map(({ boc }) => Cell.fromBase64(boc));
    const other = new Cell({ bits: stake!.bits, refs: [...stake!.refs].reverse() });
    const grafted = graft(proposal!, new Map([[stake!.hash().toString('hex'), other]]));
    const cells = new Set<string>();
    const walk = (cell: Cell): void => {
      cells.add(cell.hash().toString('hex'));
      cell.refs.forEach(walk);
    };
    walk(grafted);
    expect([cells.has(other.hash().toString('hex')), cells.has(stake!.hash().toString('hex'))]).toEqual([true, false]);
    const back = graft(grafted, new Map([[other.hash().toString('hex'), stake!]]));
    expect(back.equals(proposal!)).toBe(true);
  });
});
