import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const contractsDir = path.resolve(__dirname, '../contracts');

export interface OpcodeFact {
  /** Message name with a small first letter: ExtClientTopUp -> extClientTopUp. */
  name: string;
  /** Unsigned 32-bit operation code. */
  op: number;
}

export interface ExitCodeFact {
  /** Constant name in camelCase without its prefix: ERR_OLD_MESSAGE -> oldMessage. */
  name: string;
  code: number;
  /** The doc comment above the constant, one line. */
  meaning: string;
}

/** Operation codes of every `message(0x…) Name` under contracts/messages, in file and source order. Throws on a code used twice. */
export function readOpcodes(): OpcodeFact[] {
  const dir = path.join(contractsDir, 'messages');
  const facts = readdirSync(dir)
    .filter((file) => file.endsWith('.tact'))
    .sort()
    .flatMap((file) => parseOpcodes(readFileSync(path.join(dir, file), 'utf8')));
  assertUnique(facts, (fact) => fact.op.toString(16), 'operation code');
  return facts;
}

/** Exit codes of contracts/common/errors.tact in source order. Throws on a number used twice or an undocumented constant. */
export function readExitCodes(): ExitCodeFact[] {
  const facts = parseExitCodes(readFileSync(path.join(contractsDir, 'common/errors.tact'), 'utf8'));
  assertUnique(facts, (fact) => String(fact.code), 'exit code');
  return facts;
}

export function parseOpcodes(source: string): OpcodeFact[] {
  return [...source.matchAll(/^message\((0x[0-9a-f]{8})\) (\w+)/gm)].map(([, op, name]) => ({
    name: name!.charAt(0).toLowerCase() + name!.slice(1),
    op: Number(op),
  }));
}

export function parseExitCodes(source: string): ExitCodeFact[] {
  const declared = [...source.matchAll(/^const ERR_/gm)].length;
  const facts = [...source.matchAll(/((?:^\/\/\/ .*\n)+)^const ERR_(\w+): Int = (-?\d+);/gm)].map(
    ([, doc, name, code]) => ({
      name: name!.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      code: Number(code),
      meaning: doc!
        .replace(/^\/\/\/ /gm, '')
        .trim()
        .replace(/\n/g, ' '),
    }),
  );
  if (facts.length !== declared) {
    throw new Error(`errors.tact: ${declared - facts.length} exit codes lack the doc comment that gives their meaning`);
  }
  return facts;
}

function assertUnique<T extends { name: string }>(facts: T[], key: (fact: T) => string, what: string): void {
  const seen = new Map<string, string>();
  for (const fact of facts) {
    const first = seen.get(key(fact));
    if (first !== undefined) throw new Error(`${what} ${key(fact)} belongs to both ${first} and ${fact.name}`);
    seen.set(key(fact), fact.name);
  }
}
