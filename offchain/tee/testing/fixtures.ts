import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseCollateral } from '../dcap/collateral';
import { AttestationError } from '../errors';

const file = (name: string) => readFileSync(path.join(__dirname, 'fixtures', name), 'utf8');

/** Real quotes of one Sapphire Rapids machine from 2024, and what Intel published about its kind in October 2026. */
export const intelQuotes = ['a', 'b'].map((name) =>
  Buffer.from(file(`intel-quote-${name}.hex`).replace(/\s/g, ''), 'hex'),
) as [Buffer, Buffer];
export const intelCollateral = parseCollateral(JSON.parse(file('intel-collateral.json')));
/** A moment at which every part of that collateral is current. */
export const INTEL_NOW_MS = Date.parse('2026-10-20T00:00:00Z');

/** The code with which something was refused; fails when it was not, or in another way. */
export function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
  throw new Error('it was accepted');
}

export async function codeOfAsync(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
  throw new Error('it was accepted');
}
