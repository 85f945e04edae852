/**
 * Stands in for sdk/generated/code.ts in the tests that a mutant runs (Jest's `moduleNameMapper`, see run-mutant.ts): what
 * users run reads no code from anywhere but the generated file.
 */
import { readFileSync } from 'node:fs';

const file = process.env.COCOON_MUTANT;
if (file === undefined) throw new Error('COCOON_MUTANT is not set: mutated-code.ts belongs to `npm run mutate`');

export const contractCode = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { hash: string; boc: string }>;

export type ContractName = string;
