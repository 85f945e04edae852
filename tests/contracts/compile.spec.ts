import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Cell } from '@ton/core';
import { measureGas } from '../../bench/gas/measure';
import type { GasReport } from '../../bench/gas/report';
import { contractCode } from '../../sdk/generated/code';
import { compileContracts, contractNames } from '../../tools/compile-contracts';
import { parseExitCodes, parseOpcodes, readExitCodes, readOpcodes } from '../../tools/contract-facts';
import { ExitCode, exitCodeName } from '../../wrappers/generated/exit-codes';
import { Op, opName } from '../../wrappers/generated/opcodes';

describe('generated code', () => {
  test.each(contractNames)('of the %s is what its sources compile to', async (name) => {
    const compiled = (await compileContracts())[name];
    const committed = Cell.fromBase64(contractCode[name].boc);
    expect(committed.hash().toString('hex')).toBe(contractCode[name].hash);
    expect(compiled.hash().toString('hex')).toBe(contractCode[name].hash);
  });
});

describe('generated facts', () => {
  test('name every message and exit code of the contracts', () => {
    expect(Object.fromEntries(readOpcodes().map(({ name, op }) => [name, op]))).toEqual(Op);
    expect(Object.fromEntries(readExitCodes().map(({ name, code }) => [name, code]))).toEqual(ExitCode);
  });

  test('answer by number, and undefined for a stranger', () => {
    expect(opName(0xbb63ff93)).toBe('extClientChargeSigned');
    expect(opName(1)).toBeUndefined();
    expect(exitCodeName(1006)).toBe('closed');
    expect(exitCodeName(1)).toBeUndefined();
  });

  test('are read from Tact sources', () => {
    expect(parseOpcodes('message(0x00000010) ExtThing {\n}\n')).toEqual([{ name: 'extThing', op: 16 }]);
    expect(parseExitCodes('/// A thing\n/// is wrong.\nconst ERR_BAD_THING: Int = -7;\n')).toEqual([
      { name: 'badThing', code: -7, meaning: 'A thing is wrong.' },
    ]);
  });

  test('need a meaning for every exit code', () => {
    expect(() => parseExitCodes('const ERR_BAD_THING: Int = 7;\n')).toThrow('1 exit codes lack the doc comment');
  });
});

describe('gas', () => {
  test('of every operation is what bench/gas/gas.json says', async () => {
    const committed = JSON.parse(
      readFileSync(path.resolve(__dirname, '../../bench/gas/gas.json'), 'utf8'),
    ) as GasReport;
    expect(await measureGas(await compileContracts())).toEqual(committed);
  });
});
