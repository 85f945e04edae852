import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { attesterOf } from '../../tee/config';

export interface QuoteFlags {
  readonly kind: 'tdx' | 'fake_tdx';
  readonly reportData?: Buffer;
  readonly out?: string;
}

/** Asks this machine for a quote; fails by name where there is no confidential machine. */
export async function makeQuote(flags: QuoteFlags): Promise<void> {
  const reportData = flags.reportData ?? randomBytes(64);
  const quote = (await attesterOf(flags.kind).quote(reportData)) as Buffer;
  if (flags.out === undefined) {
    process.stdout.write(`${quote.toString('hex')}\n`);
    return;
  }
  writeFileSync(flags.out, quote);
  process.stdout.write(`${quote.length} bytes in ${flags.out}\n`);
}
