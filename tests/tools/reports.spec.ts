import { Cell } from '@ton/core';
import { contractCode } from '../../sdk/generated/code';
import { combine, type Finding, judge } from '../../tools/analyse/findings';
import { getterNames } from '../../tools/coverage/getters';
import { linesOf, merge } from '../../tools/coverage/lines';
import { coverageOf } from '../../tools/coverage/report';
import { complaints, makeReport, resultOf } from '../../tools/mutation/report';

const finding = (over: Partial<Finding>): Finding => ({
  detector: 'AsmIsUsed',
  file: 'common/a.tact',
  code: 'asm fun f(x: Int): Int { INC }',
  line: 7,
  message: 'asm function is used',
  ...over,
});

describe('analysis', () => {
  test('counts a shared finding once', () => {
    const perContract = new Map([
      ['p.tact', [finding({})]],
      ['q.tact', [finding({})]],
    ]);
    expect(combine(perContract, () => ['p.tact', 'q.tact'])).toHaveLength(1);
  });

  test('calls a shared constant unused only when no contract uses it', () => {
    const unused = finding({ detector: 'NeverAccessedVariables', code: 'const A: Int = 1;' });
    const found = new Map([['p.tact', [unused]]]);
    expect(combine(found, () => ['p.tact', 'q.tact'])).toEqual([]);
    expect(combine(found, () => ['p.tact'])).toEqual([unused]);
  });

  test('accepts by detector, file and line text, and names acceptances that nothing needs', () => {
    const accepted = [
      { detector: 'AsmIsUsed', file: 'common/a.tact', code: ['asm fun f(', 'asm fun gone('], reason: 'measured' },
    ];
    const { open, idle } = judge([finding({}), finding({ file: 'common/b.tact' })], accepted);
    expect(open).toEqual([finding({ file: 'common/b.tact' })]);
    expect(idle).toEqual(['AsmIsUsed in common/a.tact: asm fun gone(']);
  });
});

describe('coverage', () => {
  const code = Cell.fromBase64(contractCode.wallet.boc);
  const root = code.hash().toString('hex');

  test('of nothing executed is nothing', () => {
    const { covered, percent, lines } = coverageOf(code, {}, new Map());
    expect([covered, percent]).toEqual([0, 0]);
    expect(lines).toBeGreaterThan(100);
  });

  test('marks the instruction that was executed and no other', () => {
    const { text, covered } = linesOf(code, { [root]: [0] });
    expect([...covered].map((line) => text[line]!.trim())).toEqual(['SETCP 0']);
  });

  test('names the get method that an uncovered place belongs to', () => {
    const getters = getterNames(new Map([['w.tact', Buffer.from('get fun seqno(): Int {')]]));
    expect(getters.get(85143)).toBe('seqno');
    const { uncovered } = coverageOf(code, {}, getters);
    expect(uncovered.join('\n')).toContain('PUSHCONT');
  });

  test('merges what several files executed', () => {
    expect(merge([{ a: [1, 2] }, { a: [2, 3], b: [0] }])).toEqual({ a: [1, 2, 3], b: [0] });
  });
});

describe('mutation report', () => {
  const codes = { worker: '11' };
  const killed = resultOf('m1', 'worker', { verdict: 'killed', by: 'w.spec.ts › pays' }, []);
  const survivor = resultOf('m2', 'worker', { verdict: 'survived' }, []);
  const present = { mutants: ['m1', 'm2'], codes };

  test('stands for sources whose mutants it covers and kills', () => {
    const equivalents = [{ mutant: 'm2', reason: 'the value is never read' }];
    const equivalent = resultOf('m2', 'worker', { verdict: 'survived' }, equivalents);
    const report = makeReport(codes, [killed, equivalent]);
    expect(report.totals.worker).toMatchObject({ killed: 1, equivalent: 1, survived: 0 });
    expect(complaints(report, present, equivalents)).toEqual([]);
  });

  test('complains of what was not run, what is gone, other code, survivors and idle entries', () => {
    const report = makeReport({ worker: '22' }, [killed, survivor]);
    const wrong = complaints(report, { mutants: ['m2', 'm3'], codes }, [{ mutant: 'm9', reason: 'no such mutant' }]);
    expect(wrong.map((line) => line.split('\n').at(-1)!.trim())).toEqual([
      'm3',
      'm1',
      'the code has changed since the run: worker',
      'm2',
      'm9',
    ]);
  });

  test('does not let a killed mutant pass for equivalent', () => {
    const listed = [{ mutant: 'm1', reason: 'thought to change nothing' }];
    expect(() => resultOf('m1', 'worker', { verdict: 'killed', by: 'w.spec.ts › pays' }, listed)).toThrow('m1');
  });
});
